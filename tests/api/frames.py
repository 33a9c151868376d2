"""Server-sent events as tests read them."""

from __future__ import annotations

import json
from typing import Any

from tests.api.schema import Schema

ANSWER = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
]
"""What a plain answer tells, in the reference's order."""


def told_by(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Name and object of each event before `done`."""
    *frames, done, end = raw.decode().split("\n\n")
    assert (done, end) == ("event: done\ndata: [DONE]", "")
    told: list[tuple[str, dict[str, Any]]] = []
    for one in frames:
        first, second = one.split("\n")
        assert first.startswith("event: ")
        assert second.startswith("data: ")
        told.append((first[7:], json.loads(second[6:])))
    return told


def names_of(told: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Names in order, deltas that follow each other as one."""
    names: list[str] = []
    for name, _ in told:
        if not (names and names[-1] == name and name.endswith(".delta")):
            names.append(name)
    return names


def check_told(schema: Schema, told: list[tuple[str, dict[str, Any]]]) -> None:
    """Check each event against the descriptions."""
    for name, data in told:
        schema.check_event(name, data)
