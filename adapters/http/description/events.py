"""The events of streams: each name with the object that comes with it.

Source: the Assistants API reference, v2 (streaming).
"""

from __future__ import annotations

from typing import Final, get_args

from core.assistants import Json, RunStatus

STREAM_EVENT: Final = "StreamEvent"

_STEPS: Final = ("created", "in_progress", "completed", "failed", "cancelled", "expired")
_MESSAGES: Final = ("created", "in_progress", "completed", "incomplete")

EVENTS: Final[dict[str, str]] = {
    "thread.created": "Thread",
    "thread.run.created": "Run",
    **{f"thread.run.{status}": "Run" for status in get_args(RunStatus)},
    **{f"thread.run.step.{status}": "RunStep" for status in _STEPS},
    "thread.run.step.delta": "RunStepDelta",
    **{f"thread.message.{status}": "Message" for status in _MESSAGES},
    "thread.message.delta": "MessageDelta",
    "error": "StreamError",
}
"""The name of each event, and of the schema of its object."""


def event_schemas() -> Json:
    """The schema of an event by its fields; `data` is a string of JSON."""
    told = [
        _event(
            name,
            {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": f"#/components/schemas/{kind}"},
            },
        )
        for name, kind in EVENTS.items()
    ]
    done = _event("done", {"type": "string", "const": "[DONE]"})
    return {STREAM_EVENT: {"description": "An event of a stream.", "oneOf": [*told, done]}}


def _event(name: str, data: Json) -> Json:
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"type": "string", "const": name}, "data": data},
    }
