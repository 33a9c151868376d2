"""Tools in Runs: functions there and back, and the code interpreter."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.api.serving import WEATHER, Served, wire
from tests.fakes.scripted_model import calls, says


async def test_functions_go_there_and_back(api: Served) -> None:
    """The Run waits with the call; its outputs lead to the answer; the Steps tell both."""
    api.model.then(*calls(("call_1", "weather", '{"place": "Oslo"}')))
    api.model.then(*says("Rain."))
    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    runs = api.client.beta.threads.runs
    run = await runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    assert run.status == "requires_action"
    assert run.required_action is not None
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", '{"place": "Oslo"}')
    answer = await api.http.post(
        f"/threads/{thread_id}/runs/{run.id}/submit_tool_outputs",
        json={"tool_outputs": [{"tool_call_id": call.id, "output": "rain"}]},
    )
    assert (answer.json()["status"], answer.json()["required_action"]) == ("queued", None)
    run = await runs.poll(run.id, thread_id=thread_id)
    assert run.status == "completed"
    steps = await runs.steps.list(run.id, thread_id=thread_id, order="asc")
    kinds = [wire(step.step_details) for step in steps.data]
    assert kinds[0]["tool_calls"] == [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": "weather", "arguments": '{"place": "Oslo"}', "output": "rain"},
        }
    ]
    assert kinds[1]["type"] == "message_creation"
    one = await runs.steps.retrieve(
        steps.data[0].id,
        thread_id=thread_id,
        run_id=run.id,
        include=["step_details.tool_calls[*].file_search.results[*].content"],
    )
    assert one == steps.data[0]


async def test_wrong_outputs_are_refused(api: Served) -> None:
    """With the exact sentences that clients compare."""
    api.model.then(*calls(("call_1", "weather", "{}"), ("call_2", "weather", "{}")))
    api.model.then(*says("Rain."))
    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    runs = api.client.beta.threads.runs
    run = await runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    with pytest.raises(BadRequestError) as refused:
        await runs.submit_tool_outputs(
            run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": "call_1", "output": "a"}]
        )
    assert _message(refused.value) == (
        "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1']"
    )
    run = await runs.submit_tool_outputs_and_poll(
        run_id=run.id,
        thread_id=thread_id,
        tool_outputs=[
            {"tool_call_id": "call_2", "output": "b"},
            {"tool_call_id": "call_1", "output": "a"},
        ],
    )
    assert run.status == "completed"
    with pytest.raises(BadRequestError) as late:
        await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[])
    assert _message(late.value) == 'Runs in status "completed" do not accept tool outputs.'


async def test_the_code_interpreter(api: Served) -> None:
    """Its Step shows the code and what it printed."""
    api.model.then(*calls(("call_1", "code_interpreter", '{"code": "print(1)"}')))
    api.model.then(*says("1"))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(tools=[{"type": "code_interpreter"}]),
        thread={"messages": [{"role": "user", "content": "Print 1"}]},
    )
    assert run.status == "completed"
    steps = await api.client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id)
    (call,) = wire(steps.data[-1].step_details)["tool_calls"]
    assert call["code_interpreter"]["input"] == "print(1)"
    assert call["code_interpreter"]["outputs"][0]["type"] == "logs"


def _message(error: BadRequestError | NotFoundError) -> str:
    body: Any = error.body
    return body["message"]
