"""A Run that takes too long ends by itself, whoever has it."""

from __future__ import annotations

import asyncio

from core.budgets import RunCeiling
from core.engine.generation import TextDelta
from tests.engine.listening import Client
from tests.engine.world import CODE, WEATHER, process
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls

NEVER = asyncio.Event
PATIENT = RunCeiling(seconds=10_000)


async def test_a_run_that_nobody_takes_expires() -> None:
    async with process(slots=0) as here:
        run = await here.start()
        await here.clock.advance(599)
        assert (await here.now(run)).status == "queued"
        await here.clock.advance(7)
        done = await here.now(run)
        assert (done.status, done.expires_at) == ("expired", None)
        assert here.store.expiry == {}
        client = Client(await here.events(run))
        assert client.short() == ["run.created", "run.queued", "run.expired"]
        assert here.store.rows[run.thread_id].active is None


async def test_a_run_that_waits_for_outputs_expires_with_its_step() -> None:
    async with process(calls(("call_a", "weather", "{}"))) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.clock.advance(607)
        done = await here.now(run)
        assert (done.status, done.required_action) == ("expired", None)
        (step,) = await here.steps(run)
        assert (step.status, step.expired_at is not None) == ("expired", True)


async def test_a_run_in_mid_text_expires_with_what_it_said() -> None:
    async with process([TextDelta("Once upon"), NEVER()], ceiling=PATIENT) as here:
        run = await here.start()
        await here.clock.advance(602)
        done = await here.now(run)
        assert done.status == "expired"
        (message,) = await here.messages(run)
        assert (message.status, message.text) == ("incomplete", "Once upon")
        assert message.incomplete_details == {"reason": "run_expired"}
        (step,) = await here.steps(run)
        assert step.status == "expired"


async def test_a_sweeper_lets_the_executor_end_its_run_itself() -> None:
    beats = [TextDelta("Once upon"), NEVER()]
    quiet = process(beats, ceiling=PATIENT, delta_interval_s=None)  # its text is in memory only
    async with quiet as executor:
        run = await executor.start()
        async with process(store=executor.store, slots=0, owner="w2") as sweeper:
            for _ in range(12):
                await sweeper.clock.advance(50.5)
            assert (await sweeper.now(run)).status == "expired"
            (message,) = await sweeper.messages(run)
            assert message.text == "Once upon"


async def test_the_text_of_a_run_whose_process_is_gone_comes_from_the_log() -> None:
    async with process([TextDelta("Once "), TextDelta("upon"), NEVER()]) as there:
        run = await there.start()
        await there.clock.advance(0.05)
        await there.dies()
        there.store.leases.clear()
        async with process(store=there.store) as sweeper:
            await sweeper.clock.advance(611)
            done = await sweeper.now(run)
            assert done.status == "expired"
            (message,) = await sweeper.messages(run)
            assert (message.status, message.text) == ("incomplete", "Once upon")
            client = Client(await sweeper.events(run))
            assert client.short()[-1] == "run.expired"


async def test_a_run_that_expires_while_code_runs() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.hold = asyncio.Event()
    rounds = [calls(("call_a", "code_interpreter", '{"code": "loop"}'))]
    async with process(*rounds, interpreter=interpreter, ceiling=PATIENT) as here:
        run = await here.start(tools=(CODE,))
        await here.clock.advance(602)
        assert (await here.now(run)).status == "expired"
        (step,) = await here.steps(run)
        assert step.status == "expired"
