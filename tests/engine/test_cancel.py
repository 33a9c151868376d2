"""Cancelling a Run, in every status that it may be in."""

from __future__ import annotations

import asyncio

import pytest

from core.assistants import MessageDelta
from core.engine.generation import Finished, TextDelta
from core.engine.requests import RunRequest
from core.errors import InvalidRequest, NotFound
from tests.engine.listening import Client
from tests.engine.world import WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.scripted_model import calls, says

NEVER = asyncio.Event  # a model that never goes on


async def test_a_cancel_in_mid_text() -> None:
    async with process([TextDelta("Once upon"), NEVER()]) as here:
        run = await here.start()
        client = Client()
        async for event in here.engine.runs.follow(run.thread_id, run.id):
            client.hear(event)
            if isinstance(event.data, MessageDelta):
                answer = await here.engine.runs.cancel(run.thread_id, run.id)
                assert answer.status == "cancelling"
        assert client.short()[7:] == [
            "message.delta",
            "run.cancelling",
            "message.incomplete",
            "run.step.cancelled",
            "run.cancelled",
        ]
        done = await here.now(run)
        assert done.status == "cancelled"
        assert done.cancelled_at is not None
        assert (done.expires_at, done.completed_at) == (None, None)
        assert done.usage is not None
        (message,) = await here.messages(run)
        assert (message.status, message.text) == ("incomplete", "Once upon")
        assert message.incomplete_details == {"reason": "run_cancelled"}
        (step,) = await here.steps(run)
        assert (step.status, step.cancelled_at is not None) == ("cancelled", True)
        assert here.model.open == 0, "the model's stream was closed"
        assert here.slots.free() == 8


async def test_the_thread_is_free_again_after_a_cancel() -> None:
    async with process([NEVER()], says("Hello")) as here:
        run = await here.start()
        await until(lambda: here.model.open)
        await here.engine.runs.cancel(run.thread_id, run.id)
        await here.ended(run)
        again = RunRequest(assistant_id=run.assistant_id)
        second = await here.engine.runs.create(run.thread_id, again)
        assert (await here.ended(second)).status == "completed"


async def test_a_cancel_of_a_run_that_nobody_executes_ends_it_at_once() -> None:
    async with process(executes=False) as here:
        run = await here.start()
        assert (await here.engine.runs.cancel(run.thread_id, run.id)).status == "cancelling"
        ended = await here.now(run)
        assert ended.status == "cancelled"
        assert ended.usage == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        client = Client(await here.events(run))
        assert client.short() == ["run.created", "run.queued", "run.cancelling", "run.cancelled"]
        assert here.store.leases == {}
        assert here.store.expiry == {}


async def test_a_cancel_of_a_run_that_waits_for_outputs_ends_it_at_once() -> None:
    async with process(calls(("call_a", "weather", "{}"))) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        answer = await here.engine.runs.cancel(run.thread_id, run.id)
        assert (answer.status, answer.required_action) == ("cancelling", None)
        ended = await here.now(run)
        assert (ended.status, ended.required_action) == ("cancelled", None)
        assert ended.usage == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        (step,) = await here.steps(run)
        assert step.status == "cancelled"
        with pytest.raises(InvalidRequest) as refused:
            await here.submit(run, call_a="late")
        assert refused.value.message == 'Runs in status "cancelled" do not accept tool outputs.'


async def test_a_cancel_between_the_claim_and_the_first_write() -> None:
    async with process([NEVER()]) as here:
        run = await here.start()
        here.store.gate = asyncio.Event()
        await until(lambda: here.model.open)
        cancel = asyncio.create_task(here.engine.runs.cancel(run.thread_id, run.id))
        await settled()
        here.store.gate.set()
        assert (await cancel).status == "cancelling"
        assert (await here.ended(run)).status == "cancelled"
        await until(lambda: not here.model.open)


async def test_a_cancel_that_was_not_heard_is_seen_later() -> None:
    async with process([TextDelta("Once"), NEVER()]) as here:
        run = await here.start()
        await until(lambda: here.model.open and len(here.store.commits) >= 4)
        here.store.events.deaf = True
        answer = await here.engine.runs.cancel(run.thread_id, run.id)
        assert answer.status == "cancelling"
        await here.clock.advance(11)
        assert (await here.now(run)).status == "cancelled"


async def test_a_cancel_whose_executor_is_gone_is_finished_by_the_sweeper() -> None:
    async with process([NEVER()]) as there:
        run = await there.start()
        await until(lambda: len(there.store.commits) >= 3)
        await there.dies()
        there.store.leases.clear()  # and nobody will take it over
        async with process(store=there.store) as here:
            assert (await here.engine.runs.cancel(run.thread_id, run.id)).status == "cancelling"
            await here.clock.advance(30)
            assert (await here.now(run)).status == "cancelled"


async def test_a_cancel_that_was_answered_wins_over_the_end_of_the_answer() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("All"), finish, Finished("stop")]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
        here.store.events.deaf = True
        await here.engine.runs.cancel(run.thread_id, run.id)
        finish.set()
        done = await here.ended(run)
        assert (done.status, done.completed_at) == ("cancelled", None)
        (message,) = await here.messages(run)
        assert (message.status, message.text) == ("completed", "All"), "it was whole"


@pytest.mark.parametrize("status", ["completed", "cancelled", "cancelling"])
async def test_only_a_live_run_can_be_cancelled(status: str) -> None:
    beats = says("Hello") if status == "completed" else [NEVER()]
    async with process(beats) as here:
        run = await here.start()
        if status == "completed":
            await here.ended(run)
        else:
            await until(lambda: here.model.open and len(here.store.commits) >= 3)
            here.store.events.deaf = status == "cancelling"
            await here.engine.runs.cancel(run.thread_id, run.id)
            await settled()
        with pytest.raises(InvalidRequest) as refused:
            await here.engine.runs.cancel(run.thread_id, run.id)
        assert refused.value.message == f"Cannot cancel run with status '{status}'."


async def test_a_cancel_of_nothing() -> None:
    async with process() as here:
        thread = await here.thread()
        with pytest.raises(NotFound, match="No run found with id 'run_x'"):
            await here.engine.runs.cancel(thread.id, "run_x")


async def test_a_cancel_from_another_process() -> None:
    async with process([TextDelta("Once"), NEVER()]) as worker:
        run = await worker.start()
        await until(lambda: len(worker.store.commits) >= 4)
        async with process(store=worker.store, executes=False) as api:
            await api.engine.runs.cancel(run.thread_id, run.id)
            client = Client(await api.events(run))
        assert client.short()[-3:] == ["message.incomplete", "run.step.cancelled", "run.cancelled"]
        assert "run.cancelling" in client.short()
        (message,) = await worker.messages(run)
        assert message.text == "Once"


async def test_metadata_that_changed_meanwhile_survives_the_end() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("All"), finish, Finished("stop")]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
        await here.engine.runs.update(run.thread_id, run.id, {"vote": "up"})
        finish.set()
        done = await here.ended(run)
        assert (done.status, done.metadata) == ("completed", {"vote": "up"})


async def test_metadata_that_changed_before_the_first_write_survives() -> None:
    hold = asyncio.Event()
    async with process([hold, *says("All")]) as here:
        run = await here.start()
        here.store.gate = asyncio.Event()
        await until(lambda: here.model.open)
        gate, here.store.gate = here.store.gate, None
        await here.engine.runs.update(run.thread_id, run.id, {"vote": "up"})
        gate.set()
        await settled()
        begun = await here.now(run)
        assert (begun.status, begun.metadata) == ("in_progress", {"vote": "up"})
        hold.set()
        assert (await here.ended(run)).metadata == {"vote": "up"}


async def test_deleting_the_thread_stops_the_run() -> None:
    async with process([TextDelta("Once"), NEVER()]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
        await here.engine.threads.delete(run.thread_id)
        await settled()
        assert here.model.open == 0
        assert here.worker.free() == 8
        assert set(here.interpreter.closed) == {run.thread_id}
        assert here.store.rows == {}


async def test_what_ends_together_has_one_stamp() -> None:
    """Run, Message and Step, however many seconds begin while the end is written down."""
    async with process([TextDelta("Once upon"), NEVER()]) as here:
        run = await here.start()
        async for event in here.engine.runs.follow(run.thread_id, run.id):
            if isinstance(event.data, MessageDelta):
                here.clock.pace_s = 1.0
                await here.engine.runs.cancel(run.thread_id, run.id)
        here.clock.pace_s = 0.0
        run = await here.now(run)
        (message,), (step,) = await here.messages(run), await here.steps(run)
        assert run.cancelled_at is not None
        assert step.cancelled_at == message.incomplete_at == run.cancelled_at
