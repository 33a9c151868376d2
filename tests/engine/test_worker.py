"""Workers: who takes which Run, how many at a time, and how they stop."""

from __future__ import annotations

import asyncio

from core.engine.generation import TextDelta
from core.engine.requests import RunRequest
from tests.engine.world import WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_model import Beat, calls, says

NEVER = asyncio.Event


async def test_the_process_that_makes_a_run_takes_it_first() -> None:
    store: MemoryStore
    async with process([NEVER()], owner="w1") as one:
        store = one.store
        async with process(store=store, owner="w2"):
            run = await one.start()
            assert store.leases[run.thread_id, run.id].owner == "w1"
            await settled()
            assert store.leases[run.thread_id, run.id].owner == "w1"


async def test_a_run_beyond_the_slots_waits_for_whoever_is_free() -> None:
    async with process([NEVER()], slots=1, owner="w1") as one:
        first = await one.start()
        await until(lambda: one.model.open)
        assert one.worker.free() == 0
        second = await one.start()
        assert one.store.leases[second.thread_id, second.id].state == "ready"
        async with process(says("Hello"), store=one.store, owner="w2") as two:
            await two.clock.advance(3)
            assert (await two.now(second)).status == "completed"
            assert (await two.now(first)).status == "in_progress"


async def test_no_more_runs_than_slots_are_taken_from_the_queue() -> None:
    async with process(executes=False) as api:
        for _ in range(5):
            await api.start()
        hold = asyncio.Event()
        rounds: list[list[Beat]] = [[hold, *says("Hello")] for _ in range(5)]
        async with process(*rounds, store=api.store, slots=2) as worker:
            await settled()
            assert worker.worker.running == 2
            assert worker.model.open == 2
            hold.set()
            await worker.clock.advance(5)
            assert len(worker.model.requests) == 5


async def test_a_burst_of_runs_does_not_overbook_the_slots() -> None:
    async with process(*[[NEVER()]] * 2, slots=2) as here:
        assistant = await here.assistant()
        threads = [await here.thread("Hi") for _ in range(4)]
        runs = [
            await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
            for thread in threads
        ]
        states = [here.store.leases[run.thread_id, run.id].state for run in runs]
        assert states == ["leased", "leased", "ready", "ready"]


async def test_leases_are_renewed_as_long_as_it_takes() -> None:
    async with process([TextDelta("Hm"), NEVER()]) as here:
        run = await here.start()
        await here.clock.advance(120)
        lease = here.store.leases[run.thread_id, run.id]
        assert (lease.state, lease.lost) == ("leased", 0)
        assert (await here.now(run)).status == "in_progress"


async def test_a_run_that_waits_for_outputs_occupies_nothing() -> None:
    async with process(calls(("call_a", "weather", "{}")), says("x"), slots=1) as here:
        waiting = await here.ended(await here.start(tools=(WEATHER,)))
        assert waiting.status == "requires_action"
        assert here.worker.free() == 1
        assert (await here.ended(await here.start())).status == "completed"


async def test_a_worker_that_stops_lets_its_runs_finish() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("All "), finish, *says("there.")], grace_s=5) as here:
        run = await here.start()
        await until(lambda: here.model.open)
        asyncio.get_running_loop().call_later(0.01, finish.set)
    assert (await here.now(run)).status == "completed"
    assert here.store.leases == {}


async def test_a_worker_that_stops_hands_over_what_it_cannot_finish() -> None:
    async with process([TextDelta("Once"), NEVER()]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
    lease = here.store.leases[run.thread_id, run.id]
    assert (lease.state, lease.lost) == ("ready", 0)
    assert here.model.open == 0
    assert (await here.now(run)).status == "in_progress"


async def test_a_worker_that_stops_takes_nothing_new() -> None:
    async with process([NEVER()]) as here:
        pass
    assert here.worker.free() == 0
    run = await here.start()
    assert here.store.leases[run.thread_id, run.id].state == "ready"


async def test_a_claim_that_is_on_its_way_when_the_worker_stops_is_handed_over() -> None:
    async with process(executes=False) as api:
        run = await api.start()
        api.store.queue.hold = asyncio.Event()
        async with process(store=api.store):
            assert api.store.leases[run.thread_id, run.id].state == "leased"
            asyncio.get_running_loop().call_later(0.01, api.store.queue.hold.set)
        lease = api.store.leases[run.thread_id, run.id]
        assert (lease.state, lease.lost) == ("ready", 0)


async def test_an_outage_of_the_store_stops_no_loop() -> None:
    async with process(says("Hello")) as here:
        here.store.outage = True
        await here.clock.advance(10)
        here.store.outage = False
        await here.clock.advance(3)
        async with process(store=here.store, executes=False) as api:
            run = await api.start()
        await here.clock.advance(3)
        assert (await here.now(run)).status == "completed"


async def test_an_idle_worker_keeps_nothing() -> None:
    async with process(*[says("Hello")] * 20) as here:
        for _ in range(20):
            await here.ended(await here.start())
        await here.clock.advance(5)
        assert here.worker.running == 0
        assert here.worker.free() == 8
