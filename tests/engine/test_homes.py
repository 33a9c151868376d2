"""A Thread's Runs go to the process that has its code session, unless that one cannot take them."""

from __future__ import annotations

import asyncio

from core.assistants import Run
from core.engine.generation import Finished, TextDelta
from core.engine.records import KEPT_S
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from tests.engine.world import CODE, Process, process, until
from tests.fakes.clock import settled
from tests.fakes.scripted_model import calls, says

RAN = (calls(("call_a", "code_interpreter", "1")), says("Done."))


async def first_run(here: Process) -> Run:
    """A Run on a new Thread, whose code ran here."""
    assistant = await here.assistant(tools=(CODE,))
    thread = ThreadRequest(messages=(MessageRequest(content="Count."),))
    request = RunRequest(assistant_id=assistant.id)
    return await here.ended(await here.engine.runs.create_with_thread(thread, request))


async def next_run(there: Process, before: Run) -> Run:
    """The Thread's next Run, made there."""
    message = MessageRequest(content="Go on.")
    request = RunRequest(assistant_id=before.assistant_id, additional_messages=(message,))
    return await there.engine.runs.create(before.thread_id, request)


async def test_a_run_that_is_made_elsewhere_comes_home() -> None:
    async with process(*RAN, says("At home.")) as home:
        run = await first_run(home)
        async with process(store=home.store, owner="w2") as there:
            run = await there.ended(await next_run(there, run))
            assert run.status == "completed"
            assert len(home.model.requests) == 3
            assert there.model.requests == []
            assert there.worker.running == 0


async def test_a_run_without_code_makes_no_home() -> None:
    async with process(says("Hello.")) as here:
        run = await first_run(here)
        async with process(says("Hi."), store=here.store, owner="w2") as there:
            await there.ended(await next_run(there, run))
            assert len(there.model.requests) == 1


async def test_code_that_could_not_run_makes_no_home() -> None:
    async with process(*RAN) as here:
        here.interpreter.breaks = True
        run = await first_run(here)
        assert here.store.homes == {}
        assert (await here.record(run)).state.get("code_at") is None


async def test_a_full_home_passes_the_run_on_at_once() -> None:
    beats = [TextDelta("Once"), asyncio.Event(), Finished("stop")]
    async with process(*RAN, beats, slots=1) as home:
        run = await first_run(home)
        await home.start()
        await until(lambda: home.slots.free() == 0)
        async with process(says("Here."), store=home.store, owner="w2") as there:
            began = home.clock.monotonic()
            run = await there.ended(await next_run(there, run))
            assert (run.status, home.clock.monotonic()) == ("completed", began)
            assert len(there.model.requests) == 1
            assert home.store.home(run.thread_id) == "w1", "no code ran elsewhere"


async def test_a_home_that_drains_passes_the_run_on_at_once() -> None:
    beats = [TextDelta("Once"), asyncio.Event(), Finished("stop")]
    async with process(*RAN, beats, grace_s=60) as home:
        run = await first_run(home)
        talking = await home.start()
        await until(lambda: home.slots.free() < 8)
        leaving = asyncio.create_task(home.worker.__aexit__())
        await settled()
        async with process(says("Here."), store=home.store, owner="w2") as there:
            began = home.clock.monotonic()
            run = await there.ended(await next_run(there, run))
            assert (run.status, home.clock.monotonic()) == ("completed", began)
            assert (await home.now(talking)).status == "in_progress"
            await home.engine.runs.cancel(talking.thread_id, talking.id)
            await leaving


async def test_a_dead_home_is_waited_for_once() -> None:
    async with process(*RAN) as home:
        run = await first_run(home)
        await home.dies()
        rounds = (says("Here."), says("Here again."))
        async with process(*rounds, store=home.store, owner="w2") as there:
            run = await next_run(there, run)
            await settled()
            assert there.model.requests == []
            await there.clock.advance(KEPT_S)
            assert (await there.ended(run)).status == "completed"
            began = there.clock.monotonic()
            assert (await there.ended(await next_run(there, run))).status == "completed"
            assert there.clock.monotonic() == began


async def test_a_deleted_threads_session_is_forgotten_wherever_it_is() -> None:
    async with process(*RAN) as home:
        run = await first_run(home)
        assert run.thread_id in home.interpreter.sessions
        async with process(store=home.store, owner="w2", executes=False) as there:
            await there.engine.threads.delete(run.thread_id)
            await settled()
        assert home.interpreter.sessions == {}
        assert home.store.homes == {}
