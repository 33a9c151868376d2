"""The delta objects of a Run's stream, one function a shape. Pure.

Source: the Assistants API reference, v2 (streaming), and what the official clients accept: their
accumulators join strings and add numbers, so `id` and `name` stand in the first delta of a call
alone, and `annotations` in the first delta of a text.

`offset` is our own: how many characters of the same text came before. It lets a follower see that
it missed some; `plain` takes it off before anybody outside sees the delta.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.assistants import Json, MessageDelta, RunStepDelta, StreamEvent

MESSAGE_DELTA: Final = "thread.message.delta"
STEP_DELTA: Final = "thread.run.step.delta"


def text(
    message_id: str, index: int, value: str, *, first: bool, offset: int | None
) -> StreamEvent:
    """More of the text part at `index`."""
    body: Json = {"value": value}
    if first:
        body["annotations"] = []
    return _message(message_id, {"index": index, "type": "text", "text": body}, offset)


def refusal(message_id: str, index: int, value: str, *, offset: int | None) -> StreamEvent:
    """More of the refusal part at `index`."""
    return _message(message_id, {"index": index, "type": "refusal", "refusal": value}, offset)


def image(message_id: str, index: int, part: Json) -> StreamEvent:
    """The whole image part at `index`."""
    return _message(message_id, {"index": index, **part}, None)


def annotated(message_id: str, index: int, found: list[Json], before: int) -> StreamEvent:
    """More annotations of the text part at `index`, behind so many that were told."""
    numbered = [{"index": number, **one} for number, one in enumerate(found, before)]
    part = {"index": index, "type": "text", "text": {"annotations": numbered}}
    return _message(message_id, part, None)


def call_opened(step_id: str, index: int, call_id: str, name: str) -> StreamEvent:
    """A function call appears, its arguments still to come."""
    function = {"name": name, "arguments": "", "output": None}
    call = {"index": index, "id": call_id, "type": "function", "function": function}
    return _step(step_id, call, None)


def arguments(step_id: str, index: int, value: str, *, offset: int | None) -> StreamEvent:
    """More of a function call's arguments."""
    call = {"index": index, "type": "function", "function": {"arguments": value}}
    return _step(step_id, call, offset)


def hosted_opened(step_id: str, index: int, call: Json) -> StreamEvent:
    """A call of a hosted tool, as it is before anything came of it."""
    return _step(step_id, {"index": index, **call}, None)


def code_outputs(step_id: str, index: int, outputs: list[Json]) -> StreamEvent:
    """What came of a code interpreter call."""
    numbered = [{"index": number, **output} for number, output in enumerate(outputs)]
    call = {"index": index, "type": "code_interpreter", "code_interpreter": {"outputs": numbered}}
    return _step(step_id, call, None)


def offset_of(event: StreamEvent) -> int | None:
    """How many characters came before this delta, where it says so."""
    data = event.data
    return data.delta.get("offset") if isinstance(data, MessageDelta | RunStepDelta) else None


def plain(event: StreamEvent) -> StreamEvent:
    """The delta as the API has it."""
    data = event.data
    if not isinstance(data, MessageDelta | RunStepDelta) or "offset" not in data.delta:
        return event
    body = {key: value for key, value in data.delta.items() if key != "offset"}
    return StreamEvent(event.name, replace(data, delta=body))


def text_of(part: Json) -> str | None:
    """The growing text of a content part or tool call, if it has one."""
    if part["type"] == "text":
        return part["text"].get("value")
    if part["type"] == "refusal":
        return part["refusal"]
    if part["type"] == "function":
        return part["function"]["arguments"]
    return None


def annotations_of(part: Json) -> list[Json]:
    """The annotations that a delta of a text brings, where it brings no text."""
    return [] if part["type"] != "text" or "value" in part["text"] else part["text"]["annotations"]


def shortened(event: StreamEvent, characters: int) -> StreamEvent:
    """The delta without its first characters."""
    data = event.data
    if isinstance(data, MessageDelta):
        part = data.delta["content"][0]
        value = text_of(part) or ""
        if part["type"] == "text":
            return text(data.id, part["index"], value[characters:], first=False, offset=None)
        return refusal(data.id, part["index"], value[characters:], offset=None)
    if isinstance(data, RunStepDelta):
        call = data.delta["step_details"]["tool_calls"][0]
        rest: str = call["function"]["arguments"][characters:]
        return arguments(data.id, call["index"], rest, offset=None)
    return event


def _message(message_id: str, part: Json, offset: int | None) -> StreamEvent:
    return StreamEvent(
        MESSAGE_DELTA, MessageDelta(id=message_id, delta=_body({"content": [part]}, offset))
    )


def _step(step_id: str, call: Json, offset: int | None) -> StreamEvent:
    details = {"type": "tool_calls", "tool_calls": [call]}
    return StreamEvent(
        STEP_DELTA, RunStepDelta(id=step_id, delta=_body({"step_details": details}, offset))
    )


def _body(delta: Json, offset: int | None) -> Json:
    if offset is not None:
        delta["offset"] = offset
    return delta
