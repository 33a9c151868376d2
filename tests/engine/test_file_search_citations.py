"""What answers cite, live and afterwards, and how a take-over goes on with a search."""

from __future__ import annotations

import asyncio
from typing import Any

from core.assistants import MessageDelta, RunStepDelta
from core.engine.generation import AssistantItem, TextDelta, ToolCall
from core.engine.requests import MessageRequest, RunRequest
from tests.engine.listening import Client
from tests.engine.searches import (
    JUNE,
    LOOKS,
    LOOKS_AGAIN,
    MAY,
    NEVER,
    start,
    told,
)
from tests.engine.world import Process, process, until
from tests.fakes.clock import settled
from tests.fakes.file_search import ScriptedFileSearch
from tests.fakes.scripted_model import calls, says

# ------------------------------------------------------------------------------ citations


async def test_markers_become_citations_with_exact_places() -> None:
    search = ScriptedFileSearch([MAY, JUNE])
    text = "𝔸 dry June【0:1†june.md】, a wet May【0:0†may.md】; 【3:0†no.md】 is nothing."
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    async with process(calls(LOOKS), says(*pieces), search=search) as here:
        run = await start(here)
        client = Client(await here.events(run))
        assert client.text() == text, "a marker that names nothing stays as it was written"
        (message,) = await here.messages(run)
        annotations = message.content[0]["text"]["annotations"]
        assert [
            (one["type"], one["text"], one["file_citation"]["file_id"]) for one in annotations
        ] == [
            ("file_citation", "【0:1†june.md】", "file-june"),
            ("file_citation", "【0:0†may.md】", "file-may"),
        ]
        for one in annotations:
            assert text[one["start_index"] : one["end_index"]] == one["text"]


async def test_citations_are_streamed_as_they_come_in_every_process() -> None:
    search = ScriptedFileSearch([MAY])
    go_on = asyncio.Event()
    rounds = [
        calls(LOOKS),
        [TextDelta("Nine【0:0†ma"), TextDelta("y.md】 "), go_on, *says("days.")],
    ]
    async with (
        process(*rounds, search=search) as here,
        process(store=here.store, executes=False) as other,
    ):
        run = await start(here)
        heard: list[list[Any]] = [[], []]

        async def listen(where: Process, number: int) -> None:
            async for event in where.engine.runs.follow(run.thread_id, run.id):
                heard[number].append(event)

        tasks = [
            asyncio.create_task(listen(here, 0)), asyncio.create_task(listen(other, 1))
        ]  # fmt: skip
        await here.clock.advance(0.3)
        for events in heard:
            told_early = [
                one
                for event in events
                if isinstance(event.data, MessageDelta)
                for one in event.data.delta["content"][0]["text"].get("annotations", [])
            ]
            assert [(one["index"], one["start_index"]) for one in told_early] == [(0, 4)]
        go_on.set()
        await settled()
        await asyncio.gather(*tasks)
        for events in heard:
            assert Client(events).text() == "Nine【0:0†may.md】 days."


async def test_a_follower_who_comes_late_gets_the_citations_too() -> None:
    search = ScriptedFileSearch([MAY])
    rounds = [calls(LOOKS), says("Nine【0:0†may.md】 days.")]
    async with process(*rounds, search=search) as here:
        run = await here.ended(await start(here))
        here.store.logs[run.id].clear()  # and the log is gone
        Client(await here.events(run))


async def test_the_deltas_of_a_search_say_only_that_it_is_one() -> None:
    search = ScriptedFileSearch([MAY])
    async with process(calls(LOOKS), says("."), search=search) as here:
        run = await start(here)
        deltas = [
            event.data.delta["step_details"]["tool_calls"]
            for event in await here.events(run)
            if isinstance(event.data, RunStepDelta)
        ]
        assert deltas == [[{"index": 0, "id": "call_a", "type": "file_search", "file_search": {}}]]


async def test_numbers_go_on_over_rounds_and_runs() -> None:
    """A marker means the same passage wherever it stands in a Thread."""
    search = ScriptedFileSearch([MAY], [JUNE], [MAY])
    rounds = [calls(LOOKS), calls(LOOKS_AGAIN), says("May【0:0†may.md】, June【1:0†june.md】.")]
    async with process(*rounds, search=search) as here:
        run = await here.ended(await start(here))
        assert "【1:0†june.md】" in told(here, 2)
        again = ("call_c", "file_search", '{"query": "May"}')
        here.model.then(*calls(again))
        here.model.then(*says("As I said【1:0†june.md】, and new【2:0†may.md】."))
        more = (MessageRequest(content="And?"),)
        request = RunRequest(assistant_id=run.assistant_id, additional_messages=more)
        second = await here.ended(await here.engine.runs.create(run.thread_id, request))
        assert "【2:0†may.md】" in told(here, 4)
        (message,) = await here.messages(second)
        annotations = message.content[0]["text"]["annotations"]
        assert [one["file_citation"]["file_id"] for one in annotations] == [
            "file-june",
            "file-may",
        ]


# ------------------------------------------------------------------------------ take-over


async def test_another_process_goes_on_with_the_same_words_and_numbers() -> None:
    search = ScriptedFileSearch([MAY], [JUNE])
    search.unready = True
    rounds = [calls(LOOKS), calls(LOOKS_AGAIN), [TextDelta("May"), NEVER()]]
    async with process(*rounds, search=search) as first:
        run = await start(first)
        await first.clock.advance(0.1)
        assert first.model.left == 0
        before = first.model.requests[-1]
        await first.dies()
        fresh = ScriptedFileSearch()
        answer = says("May【0:0†may.md】, June【1:0†june.md】.")
        async with process(answer, store=first.store, search=fresh, owner="w2") as second:
            assert (await second.ended(run)).status == "completed"
            assert fresh.asked == [], "what was found is not looked for again"
            assert second.model.requests[0].items == before.items, "the same words as before"
            *_, message = await second.messages(run)
            annotations = message.content[0]["text"]["annotations"]
            assert [one["file_citation"]["file_id"] for one in annotations] == [
                "file-may",
                "file-june",
            ]
            Client(await second.events(run))


async def test_a_search_that_was_not_finished_is_done_by_the_next_process() -> None:
    stuck = ScriptedFileSearch([MAY])
    stuck.hold = NEVER()
    async with process(calls(LOOKS), search=stuck) as first:
        run = await start(first)
        await until(lambda: stuck.asked)
        await settled()
        await first.dies()
        fresh = ScriptedFileSearch([MAY])
        async with process(
            says("Nine【0:0†may.md】."), store=first.store, search=fresh, owner="w2"
        ) as second:
            assert (await second.ended(run)).status == "completed"
            assert fresh.asked[0].queries == ("rain in May",)
            assert [item for item in second.model.requests[0].items if isinstance(item, ToolCall)]
            (message,) = await second.messages(run)
            assert message.content[0]["text"]["annotations"]


async def test_a_half_message_keeps_the_citations_that_were_told() -> None:
    search = ScriptedFileSearch([MAY])
    rounds = [calls(LOOKS), [TextDelta("Nine【0:0†may.md】 da"), NEVER()]]
    async with process(*rounds, search=search) as first:
        run = await start(first)
        await first.clock.advance(0.1)
        await first.dies()
        async with process(says("Nine days."), store=first.store, owner="w2") as second:
            await second.ended(run)
            half, _ = await second.messages(run)
            assert half.status == "incomplete"
            assert len(half.content[0]["text"]["annotations"]) == 1
            Client(await second.events(run))


async def test_what_an_answer_cited_is_no_part_of_what_the_model_said() -> None:
    """The next Run's model sees the words as they were said, markers and all."""
    search = ScriptedFileSearch([MAY])
    async with process(calls(LOOKS), says("Nine【0:0†may.md】."), search=search) as here:
        run = await here.ended(await start(here))
        here.model.then(*says("Yes."))
        request = RunRequest(assistant_id=run.assistant_id)
        await here.ended(await here.engine.runs.create(run.thread_id, request))
        assert here.model.requests[2].items[-1] == AssistantItem("Nine【0:0†may.md】.")
