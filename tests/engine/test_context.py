"""What of a Thread goes into a prompt, and what is read of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assistants import Message, text_part
from core.engine.context import (
    OLDEST_KEPT,
    Entry,
    History,
    PromptTooLong,
    entry_of,
    estimated_tokens,
    fitting,
    shown,
)
from core.engine.generation import AssistantItem, ImagePart, TextPart, Usage, UserItem
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from tests.engine.world import WEATHER, Process, process
from tests.fakes.scripted_model import calls, says


def entries(*sizes: int) -> tuple[Entry, ...]:
    """Messages of these sizes (tokens), oldest first."""
    return tuple(
        Entry(f"msg_{number}", UserItem((TextPart(str(number)),)), size)
        for number, size in enumerate(sizes)
    )


def numbers(chosen: list[Entry]) -> list[int]:
    return [int(entry.message_id.removeprefix("msg_")) for entry in chosen]


def test_what_fits_goes_in() -> None:
    history = History(entries(10, 20, 30))
    assert numbers(fitting(history, 60, None)) == [0, 1, 2]


def test_the_middle_goes_first() -> None:
    history = History(entries(*[10] * 30))
    assert numbers(fitting(history, 100, None)) == [0, 1, 22, 23, 24, 25, 26, 27, 28, 29]


def test_last_messages_keeps_the_newest() -> None:
    history = History(entries(*[10] * 30))
    assert numbers(fitting(history, 1_000, 3)) == [27, 28, 29]
    assert numbers(fitting(history, 25, 3)) == [28, 29], "the room counts too"


def test_a_gap_is_known_to_be_there() -> None:
    newest = entries(*[10] * 30)[20:]
    history = History(newest, entries(10, 10), whole=False)
    assert numbers(fitting(history, 1_000, None))[:3] == [0, 1, 20]


def test_the_newest_message_must_fit() -> None:
    with pytest.raises(PromptTooLong):
        fitting(History(entries(5, 101)), 100, None)


def test_an_empty_thread() -> None:
    assert fitting(History(()), 0, None) == []


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=60),
    st.integers(0, 1_000),
    st.none() | st.integers(1, 10),
)
def test_the_prompt_is_a_beginning_and_an_end_in_order(
    sizes: list[int], room: int, last_messages: int | None
) -> None:
    history = History(entries(*sizes))
    try:
        chosen = fitting(history, room, last_messages)
    except PromptTooLong:
        assert sizes[-1] > room
        return
    kept = numbers(chosen)
    assert sum(entry.tokens for entry in chosen) <= room
    assert kept == sorted(set(kept))
    assert kept[-1] == len(sizes) - 1
    gaps = [number for number, after in itertools.pairwise(kept) if after != number + 1]
    assert len(gaps) + (kept[0] != 0) <= 1 or (kept[0] == 0 and len(gaps) == 1)
    if gaps:
        assert gaps[0] < OLDEST_KEPT, "only a few of the oldest stay"
    if last_messages:
        assert len(kept) <= last_messages
    elif sum(sizes) <= room:
        assert len(kept) == len(sizes)


@given(st.text(max_size=300))
def test_the_estimate_grows_with_the_text(text: str) -> None:
    size = estimated_tokens(text)
    assert 0 < size <= 2 * len(text) + 1
    assert estimated_tokens(text + "x") >= size


def test_the_estimate_is_near_what_tokenizers_say() -> None:
    prose = "The quick brown fox jumps over the lazy dog. " * 20  # 10 tokens a sentence
    assert 200 <= estimated_tokens(prose) <= 300
    chinese = "敏捷的棕色狐狸跳过懒狗。" * 20  # between half a token and one and a half a character
    assert 120 <= estimated_tokens(chinese) <= 400


def message(**values: Any) -> Message:
    given: dict[str, Any] = {"role": "user", "content": (text_part("Hi"),)}
    return Message(id="msg_a", created_at=1, thread_id="thread_a", **(given | values))


@pytest.mark.parametrize("status", ["incomplete", "in_progress"])
def test_what_was_never_finished_is_left_out(status: str) -> None:
    assert entry_of(message(status=status), estimated_tokens) is None


def test_an_empty_message_is_left_out() -> None:
    assert entry_of(message(role="assistant", content=()), estimated_tokens) is None


def test_roles() -> None:
    user = entry_of(message(), estimated_tokens)
    assistant = entry_of(message(role="assistant"), estimated_tokens)
    assert user is not None
    assert assistant is not None
    assert user.item == UserItem((TextPart("Hi"),))
    assert assistant.item == AssistantItem("Hi")


def test_pictures_for_a_model_that_sees_and_for_one_that_does_not() -> None:
    item = UserItem((TextPart("See"), ImagePart("https://x/y.png"), ImagePart("file-a", "low")))
    urls = {"file-a": "data:image/png;base64,xx"}
    assert shown(item, urls, images=True) == UserItem(
        (
            TextPart("See"),
            ImagePart("https://x/y.png"),
            ImagePart("data:image/png;base64,xx", "low"),
        )
    )
    blind = shown(item, urls, images=False)
    assert isinstance(blind, UserItem)
    assert [type(part) for part in blind.content] == [TextPart] * 3
    unknown = shown(item, {}, images=True)
    assert isinstance(unknown, UserItem)
    assert isinstance(unknown.content[2], TextPart)


# ------------------------------------------------------------------------------ reading


async def asked(here: Process, count: int, **values: Any) -> list[str]:
    """The texts that the model got of a Thread of so many Messages."""
    assistant = await here.assistant(instructions=None)
    thread = await here.engine.threads.create(ThreadRequest())
    for number in range(count):
        await here.engine.messages.create(thread.id, MessageRequest(content=f"number {number}"))
    run = await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id, **values))
    here.store.documents_read = 0
    await here.ended(run)
    return [getattr(item, "text", "") for item in here.model.requests[-1].items]


async def test_a_short_thread_is_read_in_one_page() -> None:
    async with process(says("Hm.")) as here:
        texts = await asked(here, 20)
        assert texts == [f"number {number}" for number in range(20)]
        assert here.store.documents_read == 20


async def test_what_is_read_of_a_long_thread_does_not_grow_with_it() -> None:
    async with process(says("Hm."), says("Hm."), history_tokens=300) as here:
        short = await asked(here, 100)
        read = here.store.documents_read
        long = await asked(here, 1_000)
        assert here.store.documents_read == read
        assert read <= 2 * len(long), "linear in what goes into the prompt"
        assert long[:4] == [f"number {number}" for number in range(4)]
        assert long[-1] == "number 999"
        assert len(short) == len(long)
        assert sum(map(estimated_tokens, long)) + 6 * len(long) <= 300


async def test_last_messages_are_all_that_is_read() -> None:
    async with process(says("Hm.")) as here:
        strategy = {"type": "last_messages", "last_messages": 5}
        texts = await asked(here, 200, truncation_strategy=strategy)
        assert texts == [f"number {number}" for number in range(195, 200)]
        assert here.store.documents_read <= 30


async def test_a_long_thread_that_fits_is_read_to_its_beginning() -> None:
    async with process(says("Hm.")) as here:
        assert len(await asked(here, 300)) == 300


async def test_later_rounds_get_the_tokens_that_earlier_ones_left() -> None:
    first = calls(("call_a", "weather", "{}"), usage=Usage(300, 1))
    async with process(first, says("Hm.")) as here:
        assistant = await here.assistant(tools=(WEATHER,))
        thread = await here.thread(*(f"number {number}" for number in range(30)))
        request = RunRequest(assistant_id=assistant.id, max_prompt_tokens=500)
        run = await here.ended(await here.engine.runs.create(thread.id, request))
        await here.submit(run, call_a="ok")
        await here.ended(run)
        before, after = (len(asked.items) for asked in here.model.requests)
        assert before == 30
        assert after < 20
        assert here.model.requests[1].items[-3:-2] == here.model.requests[0].items[-1:]


async def test_a_run_that_limits_its_prompt_gets_the_newest_messages() -> None:
    async with process(says("Hm.")) as here:
        texts = await asked(here, 100, max_prompt_tokens=256)
        assert texts[-1] == "number 99"
        assert 10 < len(texts) < 40


async def test_a_run_that_allows_a_longer_prompt_gets_more_of_the_thread() -> None:
    async with process(says("Hm."), history_tokens=300) as here:
        assert len(await asked(here, 100, max_prompt_tokens=5_000)) == 100
