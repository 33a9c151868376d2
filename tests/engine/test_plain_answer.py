"""A Run that answers with text: its events, its objects, and what it costs."""

from __future__ import annotations

import asyncio
import json

from core.assistants import MessageDelta, Run
from core.engine.generation import AssistantItem, Finished, TextDelta, TextPart, Usage, UserItem
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from tests.engine.listening import Client
from tests.engine.world import Process, process, until
from tests.fakes.clock import settled
from tests.fakes.scripted_model import says

PLAIN = [
    "run.created",
    "run.queued",
    "run.in_progress",
    "run.step.created",
    "run.step.in_progress",
    "message.created",
    "message.in_progress",
    "message.delta",
    "message.completed",
    "run.step.completed",
    "run.completed",
]
"""The order of the reference's transcript of a plain answer."""


async def test_events_come_in_the_order_of_the_reference() -> None:
    async with process(says("Hel", "lo", "!")) as here:
        client = Client(await here.events(await here.start("Hi")))
        assert client.short() == PLAIN
        assert client.text() == "Hello!"


async def test_a_run_with_a_new_thread_tells_of_the_thread_first() -> None:
    async with process(says("Hello")) as here:
        assistant = await here.assistant()
        run = await here.engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content="Hi"),)),
            RunRequest(assistant_id=assistant.id),
        )
        client = Client(await here.events(run))
        assert client.short() == ["created", *PLAIN]
        assert here.model.requests[0].items == (UserItem((TextPart("Hi"),)),)


async def test_the_objects_at_the_end() -> None:
    async with process(says("Hello!", usage=Usage(20, 11))) as here:
        run = await here.start("Hi")
        await here.clock.advance(0)
        done = await here.ended(run)
        used = {"prompt_tokens": 20, "completion_tokens": 11, "total_tokens": 31}
        assert (done.status, done.usage) == ("completed", used)
        assert done.completed_at is not None
        assert done.started_at is not None
        assert done.expires_at is None
        assert (done.cancelled_at, done.failed_at, done.last_error) == (None, None, None)

        (step,) = await here.steps(run)
        (message,) = await here.messages(run)
        assert (step.type, step.status, step.usage) == ("message_creation", "completed", used)
        assert step.step_details["message_creation"] == {"message_id": message.id}
        assert (message.status, message.text) == ("completed", "Hello!")
        assert (message.role, message.assistant_id) == ("assistant", run.assistant_id)
        assert message.completed_at is not None
        assert (await here.record(run)).state == {
            "usage": {"prompt_tokens": 20, "completion_tokens": 11}
        }


async def test_a_run_expires_ten_minutes_after_its_creation() -> None:
    async with process(executes=False) as here:
        run = await here.start()
        assert run.expires_at == run.created_at + 600
        assert (run.started_at, run.usage) == (None, None)


async def test_the_second_answer_knows_the_first_question() -> None:
    async with process(says("Nice to meet you, Ada."), says("Ada.")) as here:
        first = await here.start("I am Ada.")
        await here.ended(first)
        again = RunRequest(
            assistant_id=first.assistant_id,
            additional_messages=(MessageRequest(content="Who am I?"),),
        )
        await here.ended(await here.engine.runs.create(first.thread_id, again))
        assert here.model.requests[1].items == (
            UserItem((TextPart("I am Ada."),)),
            AssistantItem("Nice to meet you, Ada."),
            UserItem((TextPart("Who am I?"),)),
        )


async def test_a_follower_sees_a_token_before_the_model_makes_the_next() -> None:
    go_on = asyncio.Event()
    beats = [TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]
    async with process(beats) as here:
        run = await here.start()
        client = Client()
        async for event in here.engine.runs.follow(run.thread_id, run.id):
            client.hear(event)
            if isinstance(event.data, MessageDelta):
                go_on.set()  # only now does the model go on
        assert client.names.count("thread.message.delta") == 2
        assert client.text() == "one two"


async def test_ten_followers_are_told_the_same() -> None:
    go_on = asyncio.Event()
    beats = [TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]
    async with process(beats) as here:
        run = await here.start()
        followers = [asyncio.create_task(here.events(run)) for _ in range(9)]
        await until(lambda: here.model.open)
        await settled()
        followers.append(asyncio.create_task(here.events(run)))  # one joins late
        go_on.set()
        told = [Client(await follower) for follower in followers]
        assert [client.short() for client in told] == [PLAIN] * 10
        assert {client.text() for client in told} == {"one two"}


async def test_a_follower_that_goes_away_stops_nothing() -> None:
    go_on = asyncio.Event()
    async with process([TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]) as here:
        run = await here.start()
        async for event in here.engine.runs.follow(run.thread_id, run.id):
            if isinstance(event.data, MessageDelta):
                break
        go_on.set()
        assert (await here.ended(run)).status == "completed"
        assert [message.text for message in await here.messages(run)] == ["one two"]


async def test_a_follower_that_does_not_read_holds_up_nobody() -> None:
    pieces = [f"{number} " for number in range(5_000)]
    async with process(says(*pieces)) as here:
        run = await here.start()
        slow = here.engine.runs.follow(run.thread_id, run.id)
        client = Client([await anext(slow)])
        assert (await here.ended(run)).status == "completed"
        async for event in slow:
            client.hear(event)
        assert client.text() == "".join(pieces)
        assert client.names.count("thread.message.delta") == 1, "what it missed comes in one piece"


async def test_the_model_is_called_while_the_first_write_is_under_way() -> None:
    go_on = asyncio.Event()
    async with process([go_on, *says("Hello")]) as here:
        assistant, thread = await here.assistant(), await here.thread("Hi")
        run = await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
        here.store.gate = asyncio.Event()  # nothing is written from here on
        await until(lambda: here.model.open)
        assert (await here.now(run)).status == "queued"
        here.store.gate.set()
        await until(lambda: len(here.store.commits) == 3)
        assert (await here.now(run)).status == "in_progress"
        go_on.set()
        assert (await here.ended(run)).status == "completed"


async def test_an_answer_costs_four_changes_and_each_says_what_it_expects() -> None:
    go_on, finish = asyncio.Event(), asyncio.Event()
    beats = [go_on, TextDelta("Hel"), finish, TextDelta("lo"), Finished("stop", Usage(1, 1))]
    async with process(beats) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) == 3)
        go_on.set()
        await here.clock.advance(0.03)
        finish.set()
        await here.ended(run)
        created, begun, opened, ended = here.store.commits[1:]
        assert created.enqueue
        assert created.claim_as == "w1"
        assert [event.name for event in begun.events] == ["thread.run.in_progress"]
        assert [event.name for event in opened.events] == [f"thread.{name}" for name in PLAIN[3:8]]
        assert [event.name for event in ended.events] == [f"thread.{name}" for name in PLAIN[7:]]
        assert ended.deactivate
        assert all(change.expect for change in (created, begun, opened, ended))


async def test_writes_that_pile_up_become_one() -> None:
    async with process(says("Hello")) as here:
        assistant, thread = await here.assistant(), await here.thread("Hi")
        run = await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
        before = len(here.store.commits)
        here.store.gate = asyncio.Event()
        await until(lambda: here.model.requests and not here.model.open)
        await settled()
        here.store.gate.set()
        done = await here.ended(run)
        assert done.status == "completed"
        assert len(here.store.commits) == before + 2


def logged(here: Process, run: Run) -> list[tuple[int, str]]:
    """Offset and text of each delta in the log."""
    bodies = [json.loads(entry[2]) for entry in here.store.logs[run.id]]
    return [
        (body["delta"]["offset"], body["delta"]["content"][0]["text"]["value"])
        for body in bodies
        if body["object"] == "thread.message.delta"
    ]


async def test_deltas_wait_for_company_on_their_way_to_the_log() -> None:
    hold = [asyncio.Event() for _ in range(3)]
    beats = [TextDelta("a"), hold[0], *map(TextDelta, "bcd"), hold[1], *map(TextDelta, "ef")]
    async with process([*beats, hold[2], *says("g")]) as here:
        run = await here.start()
        reader = here.store.events.read(run.thread_id, run.id, "99", 60)
        reading = asyncio.create_task(reader)
        await here.clock.advance(0.03)
        assert logged(here, run) == [(0, "a")]
        hold[0].set()
        await settled()
        assert logged(here, run) == [(0, "a")], "not one by one"
        await here.clock.advance(0.03)
        hold[1].set()
        await here.clock.advance(0.03)
        assert logged(here, run) == [(0, "a"), (1, "bcd"), (4, "ef")]
        hold[2].set()
        await here.ended(run)
        assert logged(here, run)[-1] == (6, "g")
        assert here.store.logs[run.id][-1][1] == "thread.run.completed"
        reading.cancel()


async def test_a_log_that_nobody_reads_gets_larger_pieces() -> None:
    letters = "abcdefghijklmnopqrst"
    hold = [asyncio.Event() for _ in letters]
    beats = [beat for pair in zip(map(TextDelta, letters), hold, strict=True) for beat in pair]
    async with (
        process([*beats, *says("")]) as here,
        process(store=here.store, executes=False) as api,
    ):
        run = await here.start()
        for event in hold[:10]:
            await here.clock.advance(0.03)
            event.set()
        await settled()
        assert here.store.published <= 3
        follower = asyncio.create_task(api.events(run))
        await here.clock.advance(0.25)
        before = here.store.published
        for event in hold[10:]:
            await here.clock.advance(0.03)
            event.set()
        assert here.store.published - before >= 9, "now somebody does"
        assert Client(await follower).text() == letters


async def test_nothing_is_left_in_memory() -> None:
    async with process(says("Hello")) as here:
        run = await here.start()
        await here.ended(run)
        await here.clock.advance(1)
        assert here.live.get(run.id) is None
        assert here.worker.free() == 8
        assert here.store.leases == {}
        assert here.store.expiry == {}


async def test_the_run_that_a_follower_is_told_of_is_what_is_stored() -> None:
    async with process(says("Hello")) as here:
        run = await here.start()
        last = (await here.events(run))[-1].data
        assert isinstance(last, Run)
        assert last == await here.now(run)
