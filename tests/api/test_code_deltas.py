"""A code call in a stream, as the official client tells it to its event handler."""

from __future__ import annotations

from typing import Any

from openai import AsyncAssistantEventHandler
from typing_extensions import override

from tests.api.serving import Served
from tests.fakes.scripted_model import calls, says


class Told(AsyncAssistantEventHandler):
    """The guide's handler: first a call is told, then what it brings."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[str, str]] = []

    @override
    async def on_tool_call_created(self, tool_call: Any) -> None:
        self.log.append(("created", tool_call.code_interpreter.input))

    @override
    async def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
        if delta.code_interpreter.input:
            self.log.append(("input", delta.code_interpreter.input))
        outputs: list[Any] = delta.code_interpreter.outputs or []
        for output in outputs:
            self.log.append(("logs", output.logs))
        self.log.append(("so far", snapshot.code_interpreter.input))


async def test_the_code_is_told_behind_its_call(api: Served) -> None:
    """Code in the delta that opens the call would never reach who listens for deltas."""
    api.model.then(*calls(("call_1", "code_interpreter", '{"code": "print(1)"}')))
    api.model.then(*says("One."))
    handler = Told()
    async with api.client.beta.threads.runs.stream(
        thread_id=await api.thread("Count"),
        assistant_id=await api.assistant(tools=[{"type": "code_interpreter"}]),
        event_handler=handler,
    ) as stream:
        await stream.until_done()
        (step, _) = await stream.get_final_run_steps()
    assert handler.log[:3] == [("created", ""), ("input", "print(1)"), ("so far", "print(1)")]
    assert [kind for kind, _ in handler.log[3:]] == ["logs", "so far"]
    assert step.step_details.type == "tool_calls"
    (call,) = step.step_details.tool_calls
    assert call.type == "code_interpreter"
    assert call.code_interpreter.input == "print(1)", "joined, it is there once"
