"""The relay's `Assistants` port: the fake that the chat's tests use, the real engine, and a remote
service over a socket: our own API, and a server without anything of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.assistants import Message, MessageDelta, Run
from core.chat.turn_messages import MOST_MESSAGES
from core.errors import InvalidRequest, NotFound
from tests.contracts.services import CALLS, KINDS, Subject, served
from tests.patience import PATIENCE_S
from tests.servers import Server


@pytest.fixture(params=KINDS)
async def subject(
    request: pytest.FixtureRequest, chat_server: Server, tmp_path: Path
) -> AsyncIterator[Subject]:
    chat_server.ask("FLUSHALL")
    async with served(request.param, chat_server.url, tmp_path) as made:
        yield made


async def test_the_same_key_gives_the_same_thread(subject: Subject) -> None:
    """Where the service lets its clients name Threads; else each is empty and fit for use."""
    service = subject.service
    first = await service.create_thread("room#1", {"a": "b"})
    again = await service.create_thread("room#1", {})
    assert (again == first) is not subject.remote
    assert await service.messages(again, run_id=None, limit=1) == []
    assert await service.create_thread("room#2", {}) != first


async def test_messages_and_answer_stand_in_the_order_of_the_dialogue(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    await subject.until_ended(await subject.asks(thread, "a0", "b0"))
    run = await subject.until_ended(await subject.asks(thread, "a1", "b1"))
    assert run.status == "completed"
    said = await service.messages(thread, run_id=None, limit=100)
    assert [message.text for message in said] == [
        "a0", "b0", "You said: a0 | b0", "a1", "b1", "You said: a1 | b1",
    ]  # fmt: skip
    assert [message.metadata.get("n") for message in said[:2]] == ["a0", "b0"]
    newest = await service.messages(thread, run_id=None, limit=2)
    assert newest == said[-2:]
    assert await service.messages(thread, run_id=run.id, limit=100) == said[-1:]


async def test_more_messages_than_one_page_holds_are_all_found(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    for number in range(4):
        texts = [f"{number}.{index}" for index in range(MOST_MESSAGES)]
        await subject.until_ended(await subject.asks(thread, *texts))
    said = await service.messages(thread, run_id=None, limit=1000)
    assert len(said) == 4 * (MOST_MESSAGES + 1)
    assert (said[0].text, said[-1].role) == ("0.0", "assistant")


async def test_a_message_that_was_removed_is_gone_and_removing_it_again_is_fine(
    subject: Subject,
) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    await subject.until_ended(await subject.asks(thread, "secret"))
    question, _ = await service.messages(thread, run_id=None, limit=100)
    for _ in range(2):
        await service.delete_message(thread, question.id)
    (left,) = await service.messages(thread, run_id=None, limit=100)
    assert left.role == "assistant"


async def test_runs_are_found_by_their_metadata_newest_first(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    runs: list[Run] = []
    for turn in ("x", "y", "x"):
        runs.append(await subject.asks(thread, "q", turn=turn))
        await subject.until_ended(runs[-1])
    found = await service.find_runs(thread, {"turn": "x"})
    assert [run.id for run in found] == [runs[2].id, runs[0].id]
    assert await service.find_runs(thread, {"turn": "z"}) == []


async def test_a_thread_has_one_active_run_and_says_so(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    subject.gate.opened.clear()
    run = await subject.asks(thread, "one")
    with pytest.raises(InvalidRequest, match="active run"):
        await subject.asks(thread, "two")
    subject.gate.opened.set()
    await subject.until_ended(run)
    said = await service.messages(thread, run_id=None, limit=100)
    assert [message.text for message in said] == ["one", "You said: one"]


async def test_events_begin_with_the_creation_and_end_with_the_end(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    run = await subject.asks(thread, "hello")
    for _ in range(1 if subject.remote else 2):  # live, and again when it is over
        async with asyncio.timeout(PATIENCE_S):
            events = [event async for event in service.events(thread, run.id)]
        assert events[0].name == "thread.run.created"
        assert events[-1].name == "thread.run.completed"
        deltas = [event.data for event in events if isinstance(event.data, MessageDelta)]
        text = "".join(part["text"]["value"] for d in deltas for part in d.delta["content"])
        assert text == "You said: hello"
        (done,) = [event.data for event in events if event.name == "thread.message.completed"]
        assert isinstance(done, Message)
        assert done.text == text


async def test_a_cancelled_run_ends_and_cancelling_again_is_fine(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    subject.gate.opened.clear()
    run = await subject.asks(thread, "endless")
    await service.cancel(thread, run.id)
    assert (await subject.until_ended(run)).status == "cancelled"
    await service.cancel(thread, run.id)
    subject.gate.opened.set()
    again = await subject.until_ended(await subject.asks(thread, "next"))
    assert again.status == "completed"


async def test_a_run_that_needs_outputs_goes_on_with_them(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    run = await subject.asks(thread, "the weather?")
    async with asyncio.timeout(PATIENCE_S):
        events = [event async for event in service.events(thread, run.id)]
    asked = events[-1].data
    assert isinstance(asked, Run)
    assert asked.status == "requires_action"
    assert asked.required_action is not None
    calls = asked.required_action["submit_tool_outputs"]["tool_calls"]
    assert [
        (call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls
    ] == list(CALLS)
    with pytest.raises(InvalidRequest):
        await service.submit_outputs(thread, run.id, {"call_a": "sun"})
    await service.submit_outputs(thread, run.id, {"call_b": "rain", "call_a": "sun"})
    async with asyncio.timeout(PATIENCE_S):
        events = [event async for event in service.events(thread, run.id, behind_call="call_a")]
    assert "thread.run.requires_action" not in [event.name for event in events]
    assert events[-1].name == "thread.run.completed"
    (said,) = [event.data for event in events if event.name == "thread.message.completed"]
    assert isinstance(said, Message)
    assert said.text == "You said: sun | rain"


async def test_the_steps_of_a_run_say_what_it_called_and_what_came_of_it(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    run = await subject.asks(thread, "the weather?")
    async with asyncio.timeout(PATIENCE_S):
        assert [event async for event in service.events(thread, run.id)]
    await service.submit_outputs(thread, run.id, {"call_a": "sun", "call_b": "rain"})
    await subject.until_ended(run)
    steps = await service.steps(thread, run.id)
    (made,) = [one for one in steps if one.type == "tool_calls"]
    told = [call["function"] for call in made.step_details["tool_calls"]]
    assert [(one["name"], one["arguments"], one["output"]) for one in told] == [
        (function, arguments, output)
        for (_, function, arguments), output in zip(CALLS, ("sun", "rain"), strict=True)
    ]
    assert await service.steps(thread, "run_none") == []


async def test_outputs_that_nobody_waits_for_are_refused(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    run = await subject.until_ended(await subject.asks(thread, "hello"))
    with pytest.raises(InvalidRequest):
        await service.submit_outputs(thread, run.id, {"call_a": "sun"})


async def test_a_run_that_waits_for_outputs_can_be_cancelled(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    run = await subject.asks(thread, "the weather?")
    async with asyncio.timeout(PATIENCE_S):
        assert [event async for event in service.events(thread, run.id)]
    await service.cancel(thread, run.id)
    assert (await service.run(thread, run.id)).status == "cancelled"
    with pytest.raises(InvalidRequest):
        await service.submit_outputs(thread, run.id, {"call_a": "sun", "call_b": "rain"})


async def test_the_tools_of_an_assistant(subject: Subject) -> None:
    assert await subject.service.tools_of("tutor") == {"function"}
    with pytest.raises(NotFound):
        await subject.service.tools_of("asst_none")


async def test_what_is_not_there_is_not_found(subject: Subject) -> None:
    service = subject.service
    thread = await service.create_thread("room", {})
    with pytest.raises(NotFound):
        await service.messages("thread_none", run_id=None, limit=1)
    with pytest.raises(NotFound):
        await service.find_runs("thread_none", {})
    with pytest.raises(NotFound):
        await subject.asks("thread_none", "x")
    with pytest.raises(NotFound):
        await service.run(thread, "run_none")
    with pytest.raises(NotFound):
        await service.file("file-none")
