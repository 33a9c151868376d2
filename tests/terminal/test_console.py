"""The console: lines of every kind, stops, pipes that close, and answers nobody saw."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.console import Console, Lines, answer_lines, legible, own_conversation
from core.assistants import Message
from tests.fakes.assistants import echo
from tests.patience import PATIENCE_S
from tests.terminal.home import KEY, Home


@given(st.text(alphabet="aé\n\r", max_size=40), st.lists(st.integers(0, 60)))
def test_lines_are_the_same_however_the_bytes_arrive(text: str, cuts: list[int]) -> None:
    data, lines = text.encode(), Lines()
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found = [
        line for start, end in itertools.pairwise(ends) for line in lines.feed(data[start:end])
    ]
    if rest := lines.rest():
        found.append(rest)
    wanted = [line.rstrip("\r") for line in text.split("\n")]
    if not wanted[-1]:
        wanted.pop()
    assert found == wanted


def test_a_line_without_end_is_kept_within_bounds() -> None:
    lines = Lines(longest=100)
    for _ in range(1000):
        assert lines.feed(b"x" * 1000) == []
    assert lines.feed(b"y\nnext\n") == ["x" * 100, "next"]


def test_bytes_that_are_no_utf8_become_marks() -> None:
    assert Lines().feed(b"caf\xe9\n") == ["caf\ufffd"]


def test_what_the_output_cannot_encode_becomes_a_question_mark() -> None:
    said: list[str] = []

    def latin(text: str) -> None:
        said.append(text.encode("latin-1").decode("latin-1"))

    legible(latin)("x² → y")
    assert said == ["x² ? y"]


def test_two_terminals_at_once_are_two_conversations(tmp_path: Path) -> None:
    with own_conversation(tmp_path) as one, own_conversation(tmp_path) as two:
        assert one != two
        assert one.parts[0] == two.parts[0]
    with own_conversation(tmp_path) as again:
        assert again == one


async def _lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def test_piped_lines_are_answered_in_order_commands_too(home: Home) -> None:
    shown: list[str] = []
    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=False):
            lines = _lines("one", "!help", "", "!stop", "!regenerate", "!nonsense", "!new", "two")
            assert await answer_lines(console, lines) == 7
    text = "".join(shown)
    words = (
        "said: one",
        "`!help`",
        "not writing",
        "once more",
        "said: !nonsense",
        "(number 2)",
        "said: two",
    )
    order = [text.index(word) for word in words]
    assert order == sorted(order)


async def test_a_line_that_is_too_long_is_refused_and_the_next_is_answered(home: Home) -> None:
    shown: list[str] = []
    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=False):
            await answer_lines(console, _lines("x" * 100_001, "short"))
    assert "100,001 characters" in "".join(shown)
    assert "said: short" in "".join(shown)


async def test_stop_typed_while_waiting_ends_the_answer(home: Home) -> None:
    asked = asyncio.Event()

    async def endless(messages: list[Message]) -> list[str]:
        asked.set()
        await asyncio.Event().wait()
        return []

    home.assistants.reply = endless
    shown: list[str] = []
    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=True)
        async with console.open(keep_session=False):
            waiting = asyncio.create_task(console.say("long"))
            await asked.wait()
            await console.say("!stop")
            assert await waiting is None
    assert "(stopped)" in "".join(shown)


async def test_a_pipe_that_closes_ends_the_waiting(home: Home) -> None:
    def closed(text: str) -> None:
        raise BrokenPipeError

    async with home.chat() as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, closed, live=False)
        async with console.open(keep_session=False):
            with pytest.raises(BrokenPipeError):
                await console.say("hello")


async def test_an_answer_that_nobody_saw_is_shown_once_and_labelled(home: Home) -> None:
    gate = asyncio.Event()

    async def slow(messages: list[Message]) -> list[str]:
        await gate.wait()
        return await echo(messages)

    home.assistants.reply = slow
    async with home.chat("one") as (chat, parts):
        console = Console(parts, KEY, str, live=True)
        async with console.open(keep_session=False):
            leaving = asyncio.create_task(console.say("before I left"))
            while not home.assistants.runs:
                await asyncio.sleep(0.01)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        gate.set()
        while await chat.stores.control.pending(KEY):
            await asyncio.sleep(0.01)
    texts: list[str] = []
    for name in ("two", "three"):
        shown: list[str] = []
        async with home.chat(name) as (_, parts), asyncio.timeout(PATIENCE_S):
            console = Console(parts, KEY, shown.append, live=False)
            async with console.open(keep_session=False):
                await console.say(f"hello {name}")
        texts.append("".join(shown))
    assert texts[0].count("not seen yet") == 1
    assert texts[0].index("said: before I left") < texts[0].index("said: hello two")
    assert "before I left" not in texts[1]


async def test_a_question_that_was_still_open_is_shown_with_its_answer(home: Home) -> None:
    home.places.places = 0
    async with home.chat("one") as (_, parts):
        console = Console(parts, KEY, str, live=True)
        async with console.open(keep_session=False):
            leaving = asyncio.create_task(console.say("still open"))
            while not await parts.control.pending(KEY):
                await asyncio.sleep(0.01)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
    home.places.places = 1
    shown: list[str] = []
    async with home.chat("two") as (_, parts), asyncio.timeout(PATIENCE_S):
        console = Console(parts, KEY, shown.append, live=False)
        async with console.open(keep_session=False):
            await console.say("next")
    text = "".join(shown)
    assert text.startswith("[your earlier question, answered now]\n> still open\n")
    assert text.count("answered now") == 1
    assert text.index("said: still open") < text.index("said: next")
