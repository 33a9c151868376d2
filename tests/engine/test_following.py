"""Followers that cannot read memory: from the log, from what is left of it, from the objects."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assistants import Message, MessageDelta, Run, RunStep, StreamEvent
from core.engine.generation import Finished, RefusalDelta, TextDelta
from core.engine.live import Channel
from core.engine.records import Execution, Figure, Logs, RunRecord
from core.engine.stitching import Stitching
from core.engine.stored import StoredRun, stored_run
from tests.engine.listening import Client
from tests.engine.world import CODE, WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import Beat, calls, says


async def test_a_follower_in_another_process_is_told_the_same() -> None:
    async with process(says("Hel", "lo")) as worker:
        run = await worker.start()
        here = Client(await worker.events(run))
        async with process(store=worker.store, executes=False) as api:
            there = Client(await api.events(run))
        assert there.short() == here.short()
        assert there.text() == here.text()


async def test_a_follower_waits_for_a_run_that_nobody_has_taken_yet() -> None:
    async with process(executes=False) as api:
        run = await api.start()
        follower = asyncio.create_task(api.events(run))
        await settled()
        async with process(says("Hello"), store=api.store) as worker:
            await worker.clock.advance(1)
            assert Client(await follower).text() == "Hello"


async def test_a_follower_of_a_run_whose_log_is_gone() -> None:
    async with process(calls(("call_a", "weather", "{}"), text="Hm."), says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="ok")
        await here.ended(run)
        here.store.logs.clear()
        client = Client(await here.events(run))
        assert client.text() == "Hm.\nSunny."
        assert client.short()[:3] == ["run.created", "run.queued", "run.in_progress"]
        assert client.short()[-1] == "run.completed"


async def test_a_follower_of_a_run_that_waits_and_whose_log_is_gone() -> None:
    async with process(calls(("call_a", "weather", '{"place": "Ghent"}'))) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        here.store.logs.clear()
        client = Client(await here.events(run))
        assert client.short()[-2:] == ["run.step.delta", "run.requires_action"]
        (step,) = client.steps.values()
        assert step["tool_calls"][0]["function"]["arguments"] == '{"place": "Ghent"}'


async def test_a_stream_of_a_submission_whose_log_is_gone() -> None:
    async with process(calls(("call_a", "weather", "{}"), text="Hm."), says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="ok")
        await here.ended(run)
        here.store.logs.clear()
        events = await here.events(run, behind_call="call_a")
        assert events[0].name == "thread.run.step.completed"
        assert events[-1].name == "thread.run.completed"
        texts = [event.data.text for event in events if isinstance(event.data, Message)]
        assert texts[-1] == "Sunny."


async def test_a_follower_of_a_log_that_lost_its_beginning() -> None:
    go_on = asyncio.Event()
    beats = [TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]
    async with process(beats) as worker, process(store=worker.store, executes=False) as api:
        run = await worker.start()
        await worker.clock.advance(0.05)
        del worker.store.logs[run.id][:-1]
        follower = asyncio.create_task(api.events(run))
        await settled()
        go_on.set()
        await worker.clock.advance(0.05)
        client = Client(await follower)
        assert client.text() == "one two"


async def test_a_gap_in_the_text_is_made_up_for_at_the_end() -> None:
    steps = [asyncio.Event() for _ in range(3)]
    beats = [
        TextDelta("one "),
        steps[0],
        TextDelta("two "),
        steps[1],
        TextDelta("three"),
        steps[2],
        Finished("stop"),
    ]
    async with process(beats) as worker, process(store=worker.store, executes=False) as api:
        run = await worker.start()
        follower = asyncio.create_task(api.events(run))
        await worker.clock.advance(0.05)
        worker.store.bell = asyncio.Event()  # it hears nothing for a while
        steps[0].set()
        await worker.clock.advance(0.05)
        log = worker.store.logs[run.id]
        lost = next(n for n, entry in enumerate(log) if '"two ' in entry[2])
        del log[lost]
        steps[1].set()
        await worker.clock.advance(0.05)
        steps[2].set()
        await worker.clock.advance(6)
        assert Client(await follower).text() == "one two three"


async def test_a_log_that_lost_a_beginning_in_its_middle() -> None:
    hold = [asyncio.Event() for _ in range(3)]
    beats = [hold[0], TextDelta("one "), hold[1], TextDelta("two"), hold[2], Finished("stop")]
    async with process(beats) as worker, process(store=worker.store, executes=False) as api:
        run = await worker.start()
        heard = Client()

        async def listen() -> None:
            async for event in api.engine.runs.follow(run.thread_id, run.id):
                heard.hear(event)

        follower = asyncio.create_task(listen())
        await worker.clock.advance(0.05)
        worker.store.bell = asyncio.Event()  # it hears nothing for a while
        hold[0].set()
        await worker.clock.advance(0.05)
        log = worker.store.logs[run.id]
        lost = [n for n, entry in enumerate(log) if entry[1].startswith("thread.message")]
        del log[lost[0] : lost[-1]]
        hold[1].set()
        await worker.clock.advance(6)
        assert "thread.message.created" in heard.names, "at once, not only at the end"
        hold[2].set()
        await worker.clock.advance(1)
        await follower
        assert heard.text() == "one two"


async def test_a_follower_that_fell_far_behind_reads_what_the_log_has_dropped() -> None:
    go_on = asyncio.Event()
    beats: list[Beat] = [TextDelta("One "), go_on, TextDelta("two."), Finished("stop")]
    async with process(beats) as worker, process(store=worker.store, executes=False) as api:
        run = await worker.start()
        follow = api.engine.runs.follow(run.thread_id, run.id)
        client = Client([await anext(follow)])  # and is slow with the next
        await worker.clock.advance(1)
        go_on.set()
        await worker.ended(run)
        worker.store.logs[run.id] = worker.store.logs[run.id][-1:]
        async for event in follow:
            client.hear(event)
        assert client.text() == "One two."
        assert client.short()[-1] == "run.completed"


async def test_a_silent_log_is_not_trusted_for_ever() -> None:
    async with process(says("Hello")) as worker, process(store=worker.store, executes=False) as api:
        worker.store.gate = asyncio.Event()
        worker.store.gate.set()
        run = await worker.start()
        follower = asyncio.create_task(api.events(run))
        await worker.ended(run)
        worker.store.logs.clear()
        worker.store.logs[run.id] = []
        await worker.clock.advance(6)
        assert Client(await follower).text() == "Hello"


async def test_a_follower_of_a_thread_that_is_deleted_comes_to_an_end() -> None:
    async with (
        process([asyncio.Event()]) as worker,
        process(store=worker.store, executes=False) as api,
    ):
        run = await worker.start()
        follower = asyncio.create_task(api.events(run))
        await settled()
        await worker.engine.threads.delete(run.thread_id)
        worker.store.logs.pop(run.id)
        await worker.clock.advance(12)
        names = [event.name for event in await follower]
        assert "thread.run.completed" not in names


# ------------------------------------------------------------------------------ any mixture


def rounds() -> list[list[Beat]]:
    code = ("call_c", "code_interpreter", '{"code": "x"}')
    return [
        [*calls(code, text="First I compute.")],
        [*calls(("call_w", "weather", '{"place": "Ghent"}'))],
        [TextDelta("So: "), TextDelta("42. "), RefusalDelta("No more."), Finished("stop")],
    ]


async def told_run() -> tuple[StoredRun, list[StreamEvent]]:
    """A Run with everything in it, and its log."""
    interpreter = ScriptedInterpreter()
    interpreter.answer("x", Execution((Logs("42"), Figure(b"png"))))
    async with process(*rounds(), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE, WEATHER)))
        await here.submit(run, call_w="sun")
        await here.ended(run)
        logged = await here.store.events.read(run.thread_id, run.id, "0", 0)
        stored = await stored_run(here.store.threads, await here.record(run))
        return stored, [entry.event for entry in logged]


@pytest.fixture(scope="module")
def told() -> tuple[StoredRun, list[StreamEvent]]:
    """Such a Run, made once."""
    with asyncio.Runner() as runner:
        return runner.run(told_run())


@given(st.lists(st.tuples(st.sampled_from(["event", "lose", "repeat", "read"]), st.integers(1, 4))))
def test_whatever_is_lost_or_repeated_the_stream_is_whole(
    told: tuple[StoredRun, list[StreamEvent]], script: list[tuple[str, int]]
) -> None:
    stored, log = told
    stitching, client = Stitching(), Client()
    at, lost = 0, 0
    for what, count in script:
        if what == "event":
            if lost:  # sequences tell, and the stored objects are read
                hear(client, stitching.catch_up(as_of(stored, log[:lost])))
                lost = 0
            for event in log[at : at + count]:
                at += 1
                hear(client, stitching.take(event))
                if stitching.lost:
                    hear(client, stitching.catch_up(as_of(stored, log[:at])))
        elif what == "lose" and at:
            at = lost = min(len(log), at + count)
        elif what == "repeat":
            at = max(0, at - count)
        elif what == "read" and at:
            hear(client, stitching.catch_up(as_of(stored, log[:at])))
    hear(client, stitching.catch_up(stored))
    assert client.short()[0] == "run.created"
    assert client.short()[-1] == "run.completed"
    whole, plain = Client(), Stitching()
    for event in log:
        hear(whole, plain.take(event))
    assert client.messages == whole.messages
    assert set(client.steps) == set(whole.steps)


def hear(client: Client, events: list[StreamEvent]) -> None:
    for event in events:
        client.hear(event)


def as_of(stored: StoredRun, seen: list[StreamEvent]) -> StoredRun:
    """The Run as it was stored when these events had happened."""
    run = next(event.data for event in reversed(seen) if isinstance(event.data, Run))
    steps = {event.data.id: event.data for event in seen if isinstance(event.data, RunStep)}
    messages = {event.data.id: event.data for event in seen if isinstance(event.data, Message)}
    record = replace(stored.record, run=run)
    return StoredRun(record, tuple(steps.values()), tuple(messages.values()))


# ------------------------------------------------------------------------------ the channel


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["text", "event", "other", "read"]), st.text(min_size=1, max_size=3)
        ),
        max_size=40,
    )
)
def test_every_reader_of_a_channel_gets_the_same_text(script: list[tuple[str, str]]) -> None:
    channel = Channel(RunRecord(run=_run()), whole=True)
    often, once = channel.reader(), channel.reader()
    heard: list[StreamEvent] = []
    for what, piece in script:
        if what == "text":
            channel.grow("text", "msg_a", 0, piece)
        elif what == "other":
            channel.grow("arguments", "step_a", 1, piece)
        elif what == "event":
            channel.add(StreamEvent("thread.run.queued", _run()))
        else:
            heard += often.drain(numbered=True)
    heard += often.drain(numbered=True)
    late = once.drain(numbered=True)
    assert _texts(heard) == _texts(late)
    assert often.drain() == []
    length = 0
    for event in heard:
        if isinstance(event.data, MessageDelta):
            assert event.data.delta["offset"] == length
            length += len(event.data.delta["content"][0]["text"]["value"])


def _run() -> Run:
    return Run(id="run_a", created_at=1, thread_id="t", assistant_id="a", model="m")


def _texts(events: list[StreamEvent]) -> tuple[str, int]:
    text = "".join(
        event.data.delta["content"][0]["text"]["value"]
        for event in events
        if isinstance(event.data, MessageDelta)
    )
    return text, sum(isinstance(event.data, Run) for event in events)


async def test_a_reader_waits_until_something_happens() -> None:
    channel = Channel(RunRecord(run=_run()), whole=True)
    reader = channel.reader()
    waiting = asyncio.create_task(reader.changed())
    await settled()
    assert not waiting.done()
    channel.grow("text", "msg_a", 0, "x")
    await waiting
    reader.drain()
    waiting = asyncio.create_task(reader.changed())
    await settled()
    assert not waiting.done()
    channel.close(ended=True)
    await waiting
    await until(lambda: channel.closed)
