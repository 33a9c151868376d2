"""Function tools: the model asks, whoever made the Run answers, the Run goes on."""

from __future__ import annotations

import asyncio

import pytest

from core.engine.generation import (
    AssistantItem,
    Finished,
    Reasoning,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolOutput,
    Usage,
    UserItem,
)
from core.engine.requests import ToolOutputRequest
from core.errors import InvalidRequest
from tests.engine.listening import Client
from tests.engine.world import WEATHER, process, until
from tests.fakes.scripted_model import calls, says

ASKS = ("call_a", "weather", '{"place": "Ghent"}')
ASKS_TOO = ("call_b", "weather", '{"place": "Lund"}')


async def test_events_of_a_call_come_in_the_order_of_the_reference() -> None:
    async with process(calls(ASKS)) as here:
        client = Client(await here.events(await here.start(tools=(WEATHER,))))
        assert client.short() == [
            "run.created",
            "run.queued",
            "run.in_progress",
            "run.step.created",
            "run.step.in_progress",
            "run.step.delta",
            "run.requires_action",
        ]
        (step,) = client.steps.values()
        function = {"name": "weather", "arguments": '{"place": "Ghent"}', "output": None}
        assert step["tool_calls"] == [
            {"index": 0, "id": "call_a", "type": "function", "function": function}
        ]


async def test_what_a_run_that_waits_looks_like() -> None:
    async with process(calls(ASKS, ASKS_TOO)) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        assert run.status == "requires_action"
        assert run.usage is None
        assert run.expires_at == run.created_at + 600
        assert run.required_action == {
            "type": "submit_tool_outputs",
            "submit_tool_outputs": {
                "tool_calls": [
                    {
                        "id": call_id,
                        "type": "function",
                        "function": {"name": name, "arguments": arguments},
                    }
                    for call_id, name, arguments in (ASKS, ASKS_TOO)
                ]
            },
        }
        (step,) = await here.steps(run)
        assert (step.type, step.status, step.usage) == ("tool_calls", "in_progress", None)
        assert here.store.leases == {}, "waiting holds no claim"
        assert here.worker.free() == 8, "and no slot"
        assert here.live.get(run.id) is None


async def test_the_round_trip() -> None:
    async with process(calls(ASKS, usage=Usage(20, 3)), says("Sunny.", usage=Usage(30, 4))) as here:
        run = await here.ended(await here.start("Weather?", tools=(WEATHER,)))
        queued = await here.submit(run, call_a="70 degrees")
        assert (queued.status, queued.required_action) == ("queued", None)
        assert queued.expires_at == run.expires_at, "a submission does not extend it"

        client = Client()
        events = await here.events(run, behind_call="call_a")
        assert [event.name for event in events[:3]] == [
            "thread.run.step.completed",
            "thread.run.queued",
            "thread.run.in_progress",
        ]
        for event in events[1:]:
            client.hear(event)
        assert client.short() == [
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

        done = await here.now(run)
        assert done.usage == {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57}
        tool_step, message_step = await here.steps(run)
        (call,) = tool_step.step_details["tool_calls"]
        assert call["function"]["output"] == "70 degrees"
        assert tool_step.usage == {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23}
        assert message_step.status == "completed"
        assert here.model.requests[1].items == (
            UserItem((TextPart("Weather?"),)),
            ToolCall("call_a", "weather", '{"place": "Ghent"}'),
            ToolOutput("call_a", "70 degrees"),
        )


async def test_the_submission_is_visible_at_once() -> None:
    async with process(calls(ASKS)) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        here.model.then(asyncio.Event())
        await here.submit(run, call_a="ok")
        (step,) = await here.steps(run)
        assert step.status == "completed"
        assert step.step_details["tool_calls"][0]["function"]["output"] == "ok"


async def test_several_rounds_of_calls() -> None:
    async with process(calls(ASKS), calls(ASKS_TOO), says("Both.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="one")
        again = await here.ended(run)
        assert again.status == "requires_action"
        await here.submit(run, call_b="two")
        assert (await here.ended(run)).status == "completed"
        assert here.model.requests[2].items[1:] == (
            ToolCall(*ASKS),
            ToolOutput("call_a", "one"),
            ToolCall(*ASKS_TOO),
            ToolOutput("call_b", "two"),
        )
        assert (await here.record(run)).state.get("rounds") is None


async def test_a_follower_from_the_beginning_sees_the_whole_run() -> None:
    async with process(calls(ASKS), says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="ok")
        await here.ended(run)
        client = Client(await here.events(run))
        assert client.short()[5:10] == [
            "run.step.delta",
            "run.requires_action",
            "run.step.completed",
            "run.queued",
            "run.in_progress",
        ]
        assert client.short()[-1] == "run.completed"
        assert client.text() == "Sunny."


async def test_a_stream_of_a_submission_ends_at_the_next_action() -> None:
    async with process(calls(ASKS), calls(ASKS_TOO), says("Both.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="one")
        names = [event.name for event in await here.events(run, behind_call="call_a")]
        assert names[0] == "thread.run.step.completed"
        assert names[-1] == "thread.run.requires_action"
        # and told from the log, when it has all happened already
        again = [event.name for event in await here.events(run, behind_call="call_a")]
        assert again == names


async def test_text_before_a_call_is_a_message_of_its_own() -> None:
    async with process(calls(ASKS, text="Let me look."), says("Sunny.")) as here:
        run = await here.start("Weather?", tools=(WEATHER,))
        client = Client(await here.events(run))
        assert client.short()[3:] == [
            "run.step.created",
            "run.step.in_progress",
            "message.created",
            "message.in_progress",
            "message.delta",
            "message.completed",
            "run.step.completed",
            "run.step.created",
            "run.step.in_progress",
            "run.step.delta",
            "run.requires_action",
        ]
        await here.submit(run, call_a="ok")
        await here.ended(run)
        assert [message.text for message in await here.messages(run)] == ["Let me look.", "Sunny."]
        assert here.model.requests[1].items[1:] == (
            AssistantItem("Let me look."),
            ToolCall(*ASKS),
            ToolOutput("call_a", "ok"),
        )


async def test_reasoning_is_kept_between_rounds_and_dropped_at_the_end() -> None:
    thought = {"type": "reasoning", "encrypted_content": "xyz"}
    async with process([Reasoning(thought), *calls(ASKS)], says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        assert (await here.record(run)).state["rounds"][0]["order"][0] == ["reasoning", thought]
        await here.submit(run, call_a="ok")
        await here.ended(run)
        assert here.model.requests[1].items[1:3] == (Reasoning(thought), ToolCall(*ASKS))
        assert "rounds" not in (await here.record(run)).state


async def test_an_unknown_function_is_answered_by_the_engine() -> None:
    async with process(calls(("call_x", "wether", "{}")), says("I see.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        assert run.status == "completed"
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert "wether" in told.output


async def test_an_unknown_function_beside_a_real_one_is_not_asked_for() -> None:
    async with process(calls(("call_x", "wether", "{}"), ASKS), says("I see.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        assert run.required_action is not None
        asked = run.required_action["submit_tool_outputs"]["tool_calls"]
        assert [call["id"] for call in asked] == ["call_a"]
        await here.submit(run, call_a="ok")
        assert (await here.ended(run)).status == "completed"


@pytest.mark.parametrize("given", [None, "", "xyz", "call_a"])
async def test_call_ids_are_unique_in_a_run_whatever_the_endpoint_gives(given: str | None) -> None:
    again = [
        ToolCallDelta(0, "{}", given, "weather"),
        ToolCallDelta(1, "{}", given, "weather"),
        Finished("tool_calls"),
    ]
    async with process(calls(("call_a", "weather", "{}")), again) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_a="ok")
        run = await here.ended(run)
        assert run.required_action is not None
        asked = run.required_action["submit_tool_outputs"]["tool_calls"]
        ids = {"call_a", *(call["id"] for call in asked)}
        assert len(ids) == 3
        assert all(call_id.startswith("call_") for call_id in ids)


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["call_a"], "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']"),
        (
            ["call_a", "call_c"],
            "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a', 'call_c']",
        ),
        ([], "Expected tool outputs for call_ids ['call_a', 'call_b'], got []"),
        (
            ["call_a", "call_b", "call_b"],
            (
                "Expected tool outputs for call_ids ['call_a', 'call_b'], "
                "got ['call_a', 'call_b', 'call_b']"
            ),
        ),
    ],
)
async def test_all_outputs_come_at_once(given: list[str], sentence: str) -> None:
    async with process(calls(ASKS, ASKS_TOO)) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        outputs = [ToolOutputRequest(call_id, "x") for call_id in given]
        with pytest.raises(InvalidRequest) as refused:
            await here.engine.runs.submit_tool_outputs(run.thread_id, run.id, outputs)
        assert refused.value.message == sentence
        assert (await here.now(run)).status == "requires_action"


async def test_outputs_may_come_in_any_order() -> None:
    async with process(calls(ASKS, ASKS_TOO), says("Both.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        await here.submit(run, call_b="two", call_a="one")
        await here.ended(run)
        assert here.model.requests[1].items[-2:] == (
            ToolOutput("call_a", "one"),
            ToolOutput("call_b", "two"),
        )


async def test_outputs_are_refused_in_every_other_status() -> None:
    hold = asyncio.Event()
    async with process([hold, *says("Hello")]) as here:
        run = await here.start(tools=(WEATHER,))
        await until(lambda: len(here.store.commits) == 3)
        with pytest.raises(InvalidRequest) as refused:
            await here.submit(run, call_a="x")
        assert refused.value.message == 'Runs in status "in_progress" do not accept tool outputs.'
        hold.set()
        await here.ended(run)
        with pytest.raises(InvalidRequest) as refused:
            await here.submit(run, call_a="x")
        assert refused.value.message == 'Runs in status "completed" do not accept tool outputs.'


async def test_outputs_after_the_expiry_are_refused_though_no_sweeper_came() -> None:
    async with process(calls(ASKS)) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
    here.clock.jump(601)
    with pytest.raises(InvalidRequest) as refused:
        await here.submit(run, call_a="x")
    assert refused.value.message == 'Runs in status "expired" do not accept tool outputs.'
    (step,) = await here.steps(run)
    assert step.status == "expired"


async def test_two_submissions_at_once_count_once() -> None:
    async with process(calls(ASKS), says("Sunny.")) as here:
        run = await here.ended(await here.start(tools=(WEATHER,)))
        results = await asyncio.gather(
            here.submit(run, call_a="one"), here.submit(run, call_a="two"), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, InvalidRequest)]
        assert len(refused) == 1
        assert (await here.ended(run)).status == "completed"
        assert here.model.left == 0
