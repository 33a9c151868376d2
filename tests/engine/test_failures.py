"""What can go wrong with a model, and what becomes of the Run."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.budgets import RunCeiling
from core.engine.generation import Finished, RefusalDelta, TextDelta, Usage
from core.engine.models import ModelFacts
from core.engine.requests import RunRequest
from core.errors import ModelRateLimited, ModelRefused, ModelUnavailable, StoreUnavailable
from tests.engine.listening import Client
from tests.engine.world import WEATHER, process, until
from tests.fakes.clock import settled
from tests.fakes.scripted_model import calls, says

NEVER = asyncio.Event


async def test_a_model_that_is_away_for_a_moment_is_asked_again() -> None:
    async with process([ModelUnavailable("503")], says("Hello")) as here:
        run = await here.start()
        await here.clock.advance(1)
        assert (await here.ended(run)).status == "completed"
        assert len(here.model.requests) == 2
        assert here.model.requests[0] == here.model.requests[1]


async def test_a_model_that_stays_away_fails_the_run() -> None:
    async with process(*[[ModelUnavailable("no answer from the endpoint")]] * 4) as here:
        run = await here.start()
        await here.clock.advance(20)
        done = await here.ended(run)
        assert done.status == "failed"
        assert done.last_error == {
            "code": "server_error",
            "message": "no answer from the endpoint",
        }
        assert done.failed_at is not None
        assert here.model.left == 0
        assert here.store.rows[run.thread_id].active is None


async def test_a_busy_model_is_waited_for_as_long_as_it_asks() -> None:
    async with process([ModelRateLimited("429", retry_after_s=12)], says("Hello")) as here:
        run = await here.start()
        await here.clock.advance(11.9)
        assert len(here.model.requests) == 1
        assert here.slots.free() == 8, "a pause holds no slot"
        await here.clock.advance(0.2)
        assert (await here.ended(run)).status == "completed"


async def test_a_model_that_asks_for_too_long_a_pause_fails_the_run() -> None:
    async with process([ModelRateLimited("come back in an hour", retry_after_s=3600)]) as here:
        done = await here.ended(await here.start())
        assert done.status == "failed"
        assert done.last_error == {
            "code": "rate_limit_exceeded",
            "message": "come back in an hour",
        }


async def test_a_refusal_of_the_endpoint_is_not_tried_again() -> None:
    async with process([ModelRefused("The key is wrong.")]) as here:
        done = await here.ended(await here.start())
        assert done.status == "failed"
        assert done.last_error == {"code": "server_error", "message": "The key is wrong."}


async def test_what_an_operator_can_mend_stands_in_the_log_once_until_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = [[ModelUnavailable(f"model.test failed: request {n}")] for n in range(8)]
    refused = [ModelRefused("It is too long.", fault="prompt")]
    async with process(*away, refused, says("Hello"), [ModelRefused("No key.")]) as here:
        with caplog.at_level(logging.WARNING):
            for seconds in (20, 20, 0, 0, 0):
                run = await here.start()
                await here.clock.advance(seconds)
                await here.ended(run)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Runs fail: model.test failed: request 3", "Runs fail: No key."]


async def test_a_prompt_that_the_endpoint_rejects_is_invalid() -> None:
    refusal = ModelRefused("It is too long.", fault="prompt")
    async with process([refusal]) as here:
        done = await here.ended(await here.start())
        assert done.status == "failed"
        assert done.last_error == {"code": "invalid_prompt", "message": "It is too long."}


async def test_a_stream_that_breaks_off_is_done_again_in_a_new_message() -> None:
    broken = [TextDelta("Once upon"), ModelUnavailable("reset")]
    async with process(broken, says("Once more.")) as here:
        run = await here.start()
        follower = asyncio.create_task(here.events(run))
        await here.clock.advance(1)
        client = Client(await follower)
        assert client.text() == "Once more."
        first, second = await here.messages(run)
        assert (first.status, first.text) == ("incomplete", "Once upon")
        assert (second.status, second.text) == ("completed", "Once more.")
        assert [step.status for step in await here.steps(run)] == ["failed", "completed"]
        assert len(here.model.requests[1].items) == 1, "the half message is not in the context"


async def test_a_stream_without_an_end_counts_as_broken() -> None:
    async with process([TextDelta("Once")], says("Whole.")) as here:
        run = await here.start()
        await here.clock.advance(1)
        assert (await here.ended(run)).status == "completed"


async def test_a_fault_of_the_engine_fails_the_run_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with process([ZeroDivisionError("a fault")]) as here:
        with caplog.at_level(logging.ERROR):
            done = await here.ended(await here.start())
        assert done.status == "failed"
        assert done.last_error is not None
        assert "ZeroDivisionError" not in done.last_error["message"]
        assert "a fault" in caplog.text


async def test_an_answer_that_is_too_long_is_incomplete() -> None:
    beats = [TextDelta("And then"), Finished("length", Usage(10, 256))]
    async with process(beats) as here:
        run = await here.start(max_completion_tokens=256)
        client = Client(await here.events(run))
        assert client.short()[-3:] == ["message.incomplete", "run.step.completed", "run.incomplete"]
        done = await here.now(run)
        assert done.status == "incomplete"
        assert done.incomplete_details == {"reason": "max_completion_tokens"}
        (message,) = await here.messages(run)
        assert message.incomplete_details == {"reason": "max_tokens"}
        assert message.text == "And then"
        (step,) = await here.steps(run)
        assert step.usage == done.usage
        assert here.model.requests[0].max_output_tokens == 256


async def test_each_step_that_is_completed_tells_its_usage_and_rounds_count_once() -> None:
    first = calls(("call_a", "weather", "{}"), text="Let me see.", usage=Usage(20, 3))
    async with process(first, says("Sunny.", usage=Usage(30, 4))) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="ok")
        await here.ended(run)
        counts = [step.usage["total_tokens"] for step in await here.steps(run) if step.usage]
        assert counts == [0, 23, 34]


async def test_a_call_that_is_cut_off_is_not_made() -> None:
    cut = calls(("call_a", "weather", '{"pla'), reason="length")
    async with process(cut) as here:
        done = await here.ended(await here.start(tools=(WEATHER,)))
        assert done.status == "incomplete"
        (step,) = await here.steps(done)
        assert step.status == "cancelled"


async def test_the_content_filter() -> None:
    async with process([TextDelta("I will"), Finished("content_filter")]) as here:
        done = await here.ended(await here.start())
        assert done.status == "failed"
        assert done.last_error is not None
        assert done.last_error["code"] == "invalid_prompt"
        (message,) = await here.messages(done)
        assert message.incomplete_details == {"reason": "content_filter"}


async def test_a_refusal_of_the_model_is_a_part_of_its_message() -> None:
    beats = [RefusalDelta("I can"), RefusalDelta("not."), Finished("stop", Usage(1, 1))]
    async with process(beats) as here:
        run = await here.start()
        Client(await here.events(run))
        (message,) = await here.messages(run)
        assert message.content == ({"type": "refusal", "refusal": "I cannot."},)


async def test_text_and_refusal_are_parts_of_one_message() -> None:
    beats = [TextDelta("Well. "), RefusalDelta("No."), Finished("stop")]
    async with process(beats) as here:
        run = await here.start()
        client = Client(await here.events(run))
        (message,) = await here.messages(run)
        assert [part["type"] for part in message.content] == ["text", "refusal"]
        assert client.names.count("thread.message.delta") == 2


async def test_an_endpoint_that_counts_nothing_gets_our_own_count() -> None:
    async with process(says("Hello there, how are you?", usage=None)) as here:
        done = await here.ended(await here.start("Hi"))
        assert done.usage is not None
        assert done.usage["prompt_tokens"] > 2
        assert done.usage["completion_tokens"] > 4
        assert (await here.record(done)).state["usage"]["estimated"] is True


# ------------------------------------------------------------------------------ limits


async def test_limits_of_a_run_are_totals_over_its_rounds() -> None:
    rounds = [
        calls(("call_a", "weather", "{}"), usage=Usage(200, 300)),
        says("Sunny.", usage=Usage(50, 100)),
    ]
    async with process(*rounds) as here:
        run = await here.start(tools=(WEATHER,), max_prompt_tokens=500, max_completion_tokens=1_000)
        run = await here.ended(run)
        await here.submit(run, call_a="ok")
        await here.ended(run)
        assert [asked.max_output_tokens for asked in here.model.requests] == [1_000, 700]


async def test_a_run_whose_answers_used_up_their_tokens_is_incomplete() -> None:
    rounds = [calls(("call_a", "weather", "{}"), usage=Usage(10, 300))]
    async with process(*rounds) as here:
        run = await here.ended(await here.start(tools=(WEATHER,), max_completion_tokens=256))
        await here.submit(run, call_a="ok")
        done = await here.ended(run)
        assert done.incomplete_details == {"reason": "max_completion_tokens"}


async def test_a_run_whose_prompts_used_up_their_tokens_is_incomplete() -> None:
    rounds = [calls(("call_a", "weather", "{}"), usage=Usage(300, 3))]
    async with process(*rounds) as here:
        run = await here.ended(await here.start(tools=(WEATHER,), max_prompt_tokens=256))
        await here.submit(run, call_a="ok")
        done = await here.ended(run)
        assert done.incomplete_details == {"reason": "max_prompt_tokens"}


async def test_a_prompt_that_does_not_fit_the_limit_is_never_sent() -> None:
    async with process() as here:
        done = await here.ended(await here.start("x" * 4_000, max_prompt_tokens=256))
        assert done.status == "incomplete"
        assert done.incomplete_details == {"reason": "max_prompt_tokens"}
        assert here.model.requests == []


async def test_a_prompt_that_does_not_fit_the_window_is_never_sent() -> None:
    facts = (ModelFacts(match="m-1", context_tokens=2_000),)
    async with process(facts=facts) as here:
        done = await here.ended(await here.start("x" * 20_000))
        assert done.status == "failed"
        assert done.last_error is not None
        assert done.last_error["code"] == "invalid_prompt"
        assert "has room for 1500" in done.last_error["message"]
        assert here.model.requests == []


@pytest.mark.parametrize(
    ("ceiling", "reason"),
    [
        (RunCeiling(rounds=2), "called tools 2 times"),
        (RunCeiling(tokens=20), "used 30 tokens"),
    ],
)
async def test_a_run_that_loops_meets_its_ceiling(ceiling: RunCeiling, reason: str) -> None:
    rounds = [calls((f"call_{n}", "wether", "{}")) for n in range(2)]
    async with process(*rounds, ceiling=ceiling) as here:
        done = await here.ended(await here.start(tools=(WEATHER,)))
        assert done.status == "failed"
        assert done.last_error is not None
        assert reason in done.last_error["message"]


async def test_a_run_that_takes_too_long_meets_its_ceiling() -> None:
    async with process([TextDelta("Hm"), NEVER()], ceiling=RunCeiling(seconds=30)) as here:
        run = await here.start()
        await here.clock.advance(29)
        assert (await here.now(run)).status == "in_progress"
        await here.clock.advance(3)
        done = await here.now(run)
        assert done.status == "failed"
        assert done.last_error is not None
        assert "30 s" in done.last_error["message"]
        (message,) = await here.messages(run)
        assert (message.text, message.incomplete_details) == ("Hm", {"reason": "run_failed"})


# ------------------------------------------------------------------------------ the store


async def test_an_outage_of_the_store_in_mid_answer_loses_nothing() -> None:
    finish = asyncio.Event()
    async with process([TextDelta("All "), finish, *says("there.")]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
        here.store.outage = True
        finish.set()
        await here.clock.advance(5)
        here.store.outage = False
        await here.clock.advance(3)
        done = await here.now(run)
        assert done.status == "completed"
        assert [message.text for message in await here.messages(run)] == ["All there."]


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_a_lost_answer_of_the_store_does_no_harm(lost: int) -> None:
    finish = asyncio.Event()
    async with process([TextDelta("All "), finish, *says("there.")]) as here:
        run = await here.start()
        await until(lambda: len(here.store.commits) >= 4)
        here.store.lose_answers = lost
        finish.set()
        await here.clock.advance(5)
        assert (await here.now(run)).status == "completed"
        client = Client(await here.events(run))
        assert client.text() == "All there."
        assert here.store.leases == {}


async def test_a_store_that_is_away_before_the_model_is_called_gives_the_run_back() -> None:
    async with process(says("Hello")) as here:
        run = await here.start()
        here.store.outage = True
        await settled()
        await here.clock.advance(3)
        here.store.outage = False
        await here.clock.advance(6)
        done = await here.now(run)
        assert done.status == "completed"
        assert len(here.model.requests) == 1


async def test_creating_a_run_fails_while_the_store_is_away() -> None:
    async with process(says("Hello")) as here:
        assistant, thread = await here.assistant(), await here.thread()
        here.store.outage = True
        with pytest.raises(StoreUnavailable):
            await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
        assert here.worker.free() == 8
