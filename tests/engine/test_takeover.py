"""A process dies in the middle of a Run, and another one goes on."""

from __future__ import annotations

import asyncio

from core.assistants import MessageDelta, StreamEvent
from core.engine.generation import (
    AssistantItem,
    Finished,
    Reasoning,
    TextDelta,
    TextPart,
    ToolCall,
    ToolOutput,
    UserItem,
)
from core.engine.records import Change, Execution, Figure, Logs
from core.engine.requests import RunRequest
from tests.engine.listening import Client
from tests.engine.world import CODE, WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls, says

NEVER = asyncio.Event
ONE = ("call_1", "code_interpreter", '{"code": "one"}')
TWO = ("call_2", "code_interpreter", '{"code": "two"}')
THREE = ("call_3", "code_interpreter", '{"code": "three"}')


async def test_a_run_that_was_only_queued_is_done_by_another_process() -> None:
    async with process([NEVER()]) as first:
        run = await first.start()
        first.store.gate = asyncio.Event()
        await until(lambda: first.model.open)
        await first.dies()
        first.store.gate = None
        async with process(says("Hello"), store=first.store, owner="w2") as second:
            assert (await second.ended(run)).status == "completed"
            client = Client(await second.events(run))
            assert client.text() == "Hello"


async def test_a_half_message_stays_half_and_out_of_the_context() -> None:
    async with process([TextDelta("Once "), TextDelta("upon"), NEVER()]) as first:
        run = await first.start("Tell me")
        await first.clock.advance(0.05)
        await first.dies()
        async with process(says("A story."), store=first.store, owner="w2") as second:
            done = await second.ended(run)
            assert done.status == "completed"
            half, whole = await second.messages(run)
            assert (half.status, half.text) == ("incomplete", "Once upon")
            assert half.incomplete_details == {"reason": "run_failed"}
            assert (whole.status, whole.text) == ("completed", "A story.")
            assert [step.status for step in await second.steps(run)] == ["failed", "completed"]
            assert second.model.requests[0].items == (UserItem((TextPart("Tell me"),)),)
            client = Client(await second.events(run))
            assert client.text() == "A story."
            assert client.short() == [
                "run.created",
                "run.queued",
                "run.in_progress",
                "run.step.created",
                "run.step.in_progress",
                "message.created",
                "message.in_progress",
                "message.delta",
                "message.incomplete",
                "run.step.failed",
                "run.step.created",
                "run.step.in_progress",
                "message.created",
                "message.in_progress",
                "message.delta",
                "message.completed",
                "run.step.completed",
                "run.completed",
            ]


async def test_a_half_message_is_out_of_the_next_runs_context_too() -> None:
    async with process([TextDelta("Once upon"), NEVER()]) as first:
        run = await first.start("Tell me")
        await first.clock.advance(0.05)
        await first.dies()
        rounds = [says("A story."), says("Another.")]
        async with process(*rounds, store=first.store, owner="w2") as second:
            await second.ended(run)
            request = RunRequest(assistant_id=run.assistant_id)
            await second.ended(await second.engine.runs.create(run.thread_id, request))
            assert second.model.requests[1].items[1:] == (AssistantItem("A story."),)


async def test_finished_rounds_are_not_repeated() -> None:
    interpreter = ScriptedInterpreter()
    thought = Reasoning({"id": "rs_1"})
    rounds = [[thought, *calls(ONE, text="First.")], calls(TWO), [TextDelta("So"), NEVER()]]
    async with process(*rounds, interpreter=interpreter) as first:
        run = await first.start("Go", tools=(CODE,))
        await first.clock.advance(0.1)
        assert first.model.left == 0
        before = first.model.requests[-1]
        await first.dies()
        fresh = ScriptedInterpreter()
        again = process(says("So it is."), store=first.store, interpreter=fresh, owner="w2")
        async with again as second:
            assert (await second.ended(run)).status == "completed"
            assert fresh.ran == [], "completed calls are not run again"
            assert second.model.requests[0].items == before.items, "the same words as before"
            assert before.items == (
                UserItem((TextPart("Go"),)),
                thought,
                AssistantItem("First."),
                ToolCall("call_1", "code_interpreter", '{"code": "one"}'),
                ToolOutput("call_1", "ran one"),
                ToolCall("call_2", "code_interpreter", '{"code": "two"}'),
                ToolOutput("call_2", "ran two"),
            )
            assert second.model.requests[0].tool_choice == "auto"


async def test_code_that_was_not_finished_is_run_again_and_says_so() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.hold, interpreter.held_code = asyncio.Event(), "two"
    async with process(calls(ONE, TWO, THREE), interpreter=interpreter) as first:
        run = await first.start(tools=(CODE,))
        await until(lambda: len(interpreter.ran) == 2)
        await settled()
        await first.dies()
        fresh = ScriptedInterpreter()
        async with process(says("."), store=first.store, interpreter=fresh, owner="w2") as second:
            assert (await second.ended(run)).status == "completed"
            assert [code for _, code in fresh.ran] == ["two", "three"]
            one, two, three = second.model.requests[0].items[-3:]
            assert isinstance(one, ToolOutput)
            assert isinstance(two, ToolOutput)
            assert one.output == "ran one"
            assert "run once before" in two.output
            assert two.output.endswith("ran two")
            assert three == ToolOutput("call_3", "ran three")
            (step, _) = await second.steps(run)
            assert step.status == "completed"
            Client(await second.events(run))


async def test_figures_that_nobody_has_seen_are_shown_by_the_next_process() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.answer("one", Execution((Figure(b"\x89PNG"),)))
    rounds = [calls(ONE), [TextDelta("Loo"), NEVER()]]
    async with process(*rounds, interpreter=interpreter) as first:
        run = await first.start(tools=(CODE,))
        await first.clock.advance(0.1)
        await first.dies()
        async with process(says("Look."), store=first.store, owner="w2") as second:
            await second.ended(run)
            half, whole = await second.messages(run)
            assert half.status == "incomplete"
            assert [part["type"] for part in whole.content] == ["image_file", "text"]
            Client(await second.events(run))


async def test_a_message_that_was_complete_before_the_calls_stays_said() -> None:
    async with process(
        [TextDelta("Let me look."), *calls(("c", "weather", "{}"))[:2], NEVER()]
    ) as a:
        run = await a.start("Go", tools=(WEATHER,))
        await a.clock.advance(0.1)
        assert [message.status for message in await a.messages(run)] == ["completed"]
        await a.dies()
        rounds = calls(("call_1", "weather", "{}"))
        async with process(rounds, store=a.store, owner="w2") as b:
            assert (await b.ended(run)).status == "requires_action"
            assert b.model.requests[0].items[-1] == AssistantItem("Let me look.")
            assert [step.status for step in await b.steps(run)] == [
                "completed",
                "failed",
                "in_progress",
            ]


async def test_answered_calls_are_not_asked_again() -> None:
    first_round = calls(("call_a", "weather", "{}"))
    async with process(first_round, [TextDelta("It"), NEVER()]) as first:
        run = await first.ended(await first.start(tools=(WEATHER,)))
        await first.submit(run, call_a="sun")
        await first.clock.advance(0.1)
        await first.dies()
        async with process(says("Sunny."), store=first.store, owner="w2") as second:
            assert (await second.ended(run)).status == "completed"
            assert second.model.requests[0].items[-1] == ToolOutput("call_a", "sun")


async def test_a_run_that_waits_is_let_go_by_whoever_claims_it() -> None:
    async with process(calls(("call_a", "weather", "{}")), says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        here.store.offer((run.thread_id, run.id))  # as if the parking had been lost
        await settled()
        assert here.store.leases == {}
        assert (await here.now(run)).status == "requires_action"


async def test_after_three_take_overs_the_run_fails() -> None:
    async with process([TextDelta("a"), NEVER()]) as here:
        run = await here.start()
        await here.clock.advance(0.1)
        for _ in range(3):
            await here.dies()
            async with process([TextDelta("b"), NEVER()], store=here.store) as other:
                await here.clock.advance(0.1)
                assert other.model.left == 0
                await other.dies()
        async with process(store=here.store, owner="w5") as last:
            done = await last.ended(run)
            assert done.status == "failed"
            assert done.last_error is not None
            assert "lost 4 times" in done.last_error["message"]
            assert all(message.status == "incomplete" for message in await last.messages(run))


async def test_a_zombie_writes_nothing() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("Old "), finish, *says("answer.")]) as zombie:
        run = await zombie.start()
        await zombie.clock.advance(0.05)
        await zombie.sleeps()
        await zombie.clock.advance(11)
        async with process(says("New answer."), store=zombie.store, owner="w2") as other:
            assert (await other.ended(run)).status == "completed"
            commits = len(zombie.store.commits)
            log = list(zombie.store.logs[run.id])
            finish.set()  # and wakes up
            await zombie.clock.advance(1)
            assert len(zombie.store.commits) == commits
            assert zombie.store.logs[run.id] == log
            assert [m.text for m in await other.messages(run)] == ["Old ", "New answer."]
            assert zombie.model.open == 0


async def test_a_zombie_stops_at_its_first_refused_write() -> None:
    wake = asyncio.Event()
    async with process([TextDelta("Old "), wake, TextDelta("answer"), NEVER()]) as zombie:
        run = await zombie.start()
        await zombie.clock.advance(0.05)
        await zombie.sleeps()
        await zombie.clock.advance(11)
        async with process(says("New answer."), store=zombie.store, owner="w2") as other:
            assert (await other.ended(run)).status == "completed"
            wake.set()
            await zombie.clock.advance(0.3)
            assert zombie.model.open == 0
            assert zombie.slots.free() == 8


async def test_a_process_that_slept_stops_when_it_cannot_renew() -> None:
    async with process([TextDelta("Old"), NEVER()]) as sleeper:
        run = await sleeper.start()
        await sleeper.clock.advance(0.05)
        claimed = sleeper.store.take((run.thread_id, run.id), "w2")  # while it slept
        await sleeper.clock.advance(4)
        assert sleeper.model.open == 0
        assert sleeper.store.held((run.thread_id, run.id), claimed.epoch)
        assert (await sleeper.now(run)).status == "in_progress"


async def test_a_claim_that_is_lost_before_the_run_was_read_calls_no_model() -> None:
    async with process(executes=False) as here:
        run = await here.start()
        (claim,) = await here.store.queue.claim("w1", 1)
        execution = here.executor.execution(claim)
        execution.lose()
        await execution.run()
        assert here.model.requests == []
        assert (await here.now(run)).status == "queued"


async def test_a_follower_in_the_process_that_lost_the_run_goes_on() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("Old "), finish, *says("answer.")]) as zombie:
        run = await zombie.start()
        client = Client(strict=False)  # what a zombie says is heard in its own process

        async def listen() -> None:
            async for event in zombie.engine.runs.follow(run.thread_id, run.id):
                client.hear(event)

        follower = asyncio.create_task(listen())
        await zombie.clock.advance(0.05)
        await zombie.sleeps()
        await zombie.clock.advance(11)
        async with process(says("New answer."), store=zombie.store, owner="w2") as other:
            await other.ended(run)
            finish.set()
            await zombie.clock.advance(6)
            await follower
        assert client.text() == "New answer."
        assert client.short()[-1] == "run.completed"


async def test_a_hand_over_is_no_crash() -> None:
    async with process([TextDelta("Once"), NEVER()]) as first:
        run = await first.start()
        await first.clock.advance(0.05)
        store = first.store
    async with process(says("A story."), store=store, owner="w2") as second:
        assert (await second.ended(run)).status == "completed", "without waiting for a lease"
        texts = [message.text for message in await second.messages(run)]
        assert texts == ["Once", "A story."]


async def test_every_write_of_an_executor_is_fenced() -> None:
    rounds = [calls(ONE, text="Look:"), calls(("call_w", "weather", "{}")), says("Done.")]
    async with process(*rounds) as here:
        run = await here.ended(await here.start(tools=(CODE, WEATHER)))
        await here.submit(run, call_w="sun")
        await here.ended(run)
        of_run = [change for change in here.store.commits if change.run_id == run.id]
        assert len(of_run) >= 6
        assert all(_is_fenced(change) for change in of_run)


def _is_fenced(change: Change) -> bool:
    names = {type(expectation).__name__ for expectation in change.expect}
    if change.enqueue:  # by a service
        return bool(names & {"NoActiveRun", "RunAt"})
    return "Epoch" in names


async def test_what_a_new_process_tells_is_what_was_told() -> None:
    """A follower of another process hears the deltas from the log, at most an interval late."""
    go_on = asyncio.Event()
    beats = [TextDelta("one "), go_on, TextDelta("two"), Finished("stop")]
    async with process(beats) as worker, process(store=worker.store, executes=False) as api:
        run = await worker.start()
        heard: list[StreamEvent] = []
        client = Client()

        async def listen() -> None:
            async for event in api.engine.runs.follow(run.thread_id, run.id):
                client.hear(event)
                heard.append(event)

        follower = asyncio.create_task(listen())
        await worker.clock.advance(0.03)
        assert any(isinstance(event.data, MessageDelta) for event in heard), "it is heard live"
        go_on.set()
        await settled()
        await follower
        assert client.text() == "one two"


async def test_logs_of_code_that_ran_are_the_same_for_everybody() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.answer("one", Execution((Logs("1"),)))
    async with process(calls(ONE), says("."), interpreter=interpreter) as worker:
        run = await worker.ended(await worker.start(tools=(CODE,)))
        async with process(store=worker.store, executes=False) as api:
            assert await api.now(run) == run
            Client(await api.events(run))
