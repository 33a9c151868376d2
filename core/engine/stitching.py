"""One follower's view of a Run: events and stored objects go in, one correct stream comes out.

Pure. Whatever the sources repeat is told once, whatever they lost is made up for from the objects:
a Message that completes brings the text that no delta brought, so the deltas joined are always the
whole text. The order is the reference's (Assistants API, v2, streaming).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from core.assistants import (
    PARKED_RUN_STATUSES,
    TERMINAL_RUN_STATUSES,
    Json,
    Message,
    MessageDelta,
    Run,
    RunStep,
    RunStepDelta,
    StreamEvent,
)
from core.engine import deltas
from core.engine.lifecycle import as_created, opening, status_event
from core.engine.stored import StoredRun

_STAMPS: Final[dict[str, Any]] = {"completed_at": None, "usage": None, "last_error": None}


class Stitching:
    """What a follower has been told.

    With `behind_call` it is told only what comes behind the required action with that tool call.
    """

    def __init__(self, behind_call: str | None = None) -> None:
        self._behind_call = behind_call
        self._muted = behind_call is not None
        self._is_caught_up = False
        """What is told now comes from the stored objects, after which nothing is open."""
        self._told: dict[str, set[str]] = {}
        """Names of the status events told, by object id; of a Run since it was queued last."""
        self._lengths: dict[tuple[str, int], int] = {}
        """Characters told, by Message or Step id and index; -1 once a piece was missed."""
        self.run: Run | None = None
        """The Run as last told."""
        self.lost = False
        """A delta came for something that nobody announced: the stored objects are needed."""

    @property
    def began(self) -> bool:
        """Whether the Run's creation was seen."""
        return self.run is not None

    @property
    def ended(self) -> bool:
        """Whether the Run's end was told."""
        return self.run is not None and self.run.status in TERMINAL_RUN_STATUSES

    def unmute(self) -> None:
        """Tell everything from here on."""
        self._muted = False

    def take(self, event: StreamEvent) -> list[StreamEvent]:
        """What is to be told now that `event` happened."""
        data = event.data
        if isinstance(data, MessageDelta):
            told = self._delta(event, data.id, data.delta["content"][0])
        elif isinstance(data, RunStepDelta):
            told = self._delta(event, data.id, data.delta["step_details"]["tool_calls"][0])
        elif isinstance(data, Run):
            return self._run(event, data)
        elif isinstance(data, Message):
            told = self._status(event, data.id, lambda: self._rest_of_message(data))
        elif isinstance(data, RunStep):
            told = self._status(event, data.id, lambda: self._rest_of_step(data))
        else:
            told = self._status(event, event.name, list)
        return [] if self._muted else told

    def catch_up(self, stored: StoredRun) -> list[StreamEvent]:
        """What is to be told now that the Run was read from the store."""
        run = stored.record.run
        self.lost = False
        created = as_created(run)
        told: list[StreamEvent] = []
        if not self.began:
            for event in opening(created):
                told += self.take(event)
        if run.started_at is not None:
            begun = replace(created, status="in_progress", started_at=run.started_at)
            told += self.take(status_event(begun))
        for step in stored.steps:
            told += self._stored_step(stored, step)
        if run.status in PARKED_RUN_STATUSES or run.status == "cancelling":
            self._is_caught_up = True
            told += self.take(status_event(run))
            self._is_caught_up = False
        return told

    def _open(self) -> bool:
        """Whether something was told to begin and not to end."""
        for object_id, names in self._told.items():
            if self.run is None or object_id != self.run.id:
                endings = {name.rpartition(".")[2] for name in names} - {"created", "in_progress"}
                if "thread.created" not in names and not endings:
                    return True
        return False

    def _stored_step(self, stored: StoredRun, step: RunStep) -> list[StreamEvent]:
        details = step.step_details
        message = stored.message_of(step)
        blank: Json = details if message else {"type": "tool_calls", "tool_calls": []}
        told: list[StreamEvent] = []
        for event in opening(replace(step, status="in_progress", step_details=blank, **_STAMPS)):
            told += self.take(event)
        if message is not None:
            empty = replace(
                message,
                status="in_progress",
                content=(),
                completed_at=None,
                incomplete_at=None,
                incomplete_details=None,
            )
            for event in opening(empty):
                told += self.take(event)
            if message.status != "in_progress":
                told += self.take(status_event(message))
        if self._muted and self._behind_call in _call_ids(details):
            self.unmute()
        if step.status != "in_progress":
            told += self.take(status_event(step))
        elif not self._muted:
            told += self._rest_of_calls(step.id, details)
        return told

    def _run(self, event: StreamEvent, run: Run) -> list[StreamEvent]:
        names = self._told.setdefault(run.id, set())
        if run.status == "queued" and "thread.run.requires_action" in names:
            names.clear()
            names.add("thread.run.created")
        if event.name in names:
            return []
        if run.status in TERMINAL_RUN_STATUSES and not self._is_caught_up and self._open():
            self.lost = True  # the end of something was missed, and stands before the Run's
            return []
        names.add(event.name)
        self.run = run
        if self._muted:
            if run.status == "requires_action" and self._behind_call in _awaited(run):
                self.unmute()
            return []
        return [event]

    def _status(
        self, event: StreamEvent, object_id: str, rest: Callable[[], list[StreamEvent]]
    ) -> list[StreamEvent]:
        names = self._told.setdefault(object_id, set())
        if event.name in names:
            return []
        if not self._has_come_to(event):
            self.lost = True
            return []
        names.add(event.name)
        return [*rest(), event]

    def _has_come_to(self, event: StreamEvent) -> bool:
        """Whether what must be told before this event was told."""
        data = event.data
        if not isinstance(data, Message | RunStep):
            return True
        kind, _, status = event.name.rpartition(".")
        if status == "created":
            return "thread.run.in_progress" in self._told.get(data.run_id or "", ())
        if isinstance(data, RunStep) and self._behind_call in _call_ids(data.step_details):
            return True
        before = "created" if status == "in_progress" else "in_progress"
        return f"{kind}.{before}" in self._told[data.id]

    def _delta(self, event: StreamEvent, object_id: str, part: Json) -> list[StreamEvent]:
        if not any(name.endswith(".in_progress") for name in self._told.get(object_id, ())):
            self.lost = True
            return []
        index: int = part["index"]
        if index and (object_id, index - 1) not in self._lengths:
            return []  # what stands before it was missed: the whole object brings both
        key = (object_id, index)
        if found := deltas.annotations_of(part):
            return self._annotations(event, key, found)
        value = deltas.text_of(part)
        if value is None or "id" in part:  # a whole thing: an image, a call, outputs of code
            return self._whole(event, key, part)
        if part["type"] == "function" and key not in self._lengths:
            return []
        known = self._lengths.get(key, 0)
        offset = deltas.offset_of(event)
        if offset is not None and known >= 0:
            if offset > known:
                known = self._lengths[key] = -1 - known
            elif offset + len(value) <= known:
                return []
            elif offset < known:
                event = deltas.shortened(event, known - offset)
                value = value[known - offset :]
        if known < 0:
            return []  # told by the whole object at the end
        self._lengths[key] = known + len(value)
        return [deltas.plain(event)]

    def _whole(self, event: StreamEvent, key: tuple[str, int], part: Json) -> list[StreamEvent]:
        outputs = part.get("code_interpreter", {}).get("outputs")
        if "id" not in part and outputs is not None:
            if key not in self._lengths:
                return []
            key = (f"{key[0]}/{key[1]}", 0)
        if key in self._lengths:
            return []
        self._lengths[key] = 0
        return [event]

    def _annotations(
        self, event: StreamEvent, key: tuple[str, int], found: list[Json]
    ) -> list[StreamEvent]:
        """Annotations, if the text that they are of was told, and those before them."""
        counted = (f"{key[0]}/annotations", key[1])
        known = self._lengths.get(counted, 0)
        if found[0]["index"] != known or self._lengths.get(key, 0) < found[-1]["end_index"]:
            return []
        self._lengths[counted] = known + len(found)
        return [event]

    def _rest_of_annotations(self, key: tuple[str, int], part: Json) -> list[StreamEvent]:
        counted = (f"{key[0]}/annotations", key[1])
        known = self._lengths.get(counted, 0)
        rest: list[Json] = part["text"]["annotations"][known:]
        self._lengths[counted] = known + len(rest)
        return [deltas.annotated(*key, rest, known)] if rest else []

    def _rest_of_message(self, message: Message) -> list[StreamEvent]:
        if message.status == "in_progress":
            return []
        told: list[StreamEvent] = []
        for index, part in enumerate(message.content):
            key = (message.id, index)
            known = self._lengths.get(key)
            if part["type"] not in ("text", "refusal"):
                if known is None:
                    told.append(deltas.image(message.id, index, part))
                    self._lengths[key] = 0
                continue
            value: str = part["text"]["value"] if part["type"] == "text" else part["refusal"]
            shown = _told_length(known)
            rest = value[shown:]
            self._lengths[key] = len(value)
            if rest and part["type"] == "text":
                told.append(deltas.text(message.id, index, rest, first=shown == 0, offset=None))
            elif rest:
                told.append(deltas.refusal(message.id, index, rest, offset=None))
            if part["type"] == "text":
                told += self._rest_of_annotations(key, part)
        return told

    def _rest_of_step(self, step: RunStep) -> list[StreamEvent]:
        if step.status == "in_progress" or step.type != "tool_calls":
            return []
        if self._behind_call in _call_ids(step.step_details):
            return []  # whoever submitted its outputs knows the calls
        return self._rest_of_calls(step.id, step.step_details)

    def _rest_of_calls(self, step_id: str, details: Json) -> list[StreamEvent]:
        told: list[StreamEvent] = []
        for index, call in enumerate(details.get("tool_calls", ())):
            body = call[call["type"]]
            if call["type"] == "function":
                told += self._rest_of_function(step_id, index, call["id"], body)
            elif call["type"] == "code_interpreter":
                told += self._rest_of_code(step_id, index, call, body)
            elif (step_id, index) not in self._lengths:
                self._lengths[step_id, index] = 0
                told.append(deltas.hosted_opened(step_id, index, {**call, call["type"]: {}}))
        return told

    def _rest_of_function(
        self, step_id: str, index: int, call_id: str, body: Json
    ) -> list[StreamEvent]:
        key = (step_id, index)
        known = self._lengths.get(key)
        told: list[StreamEvent] = []
        if known is None:
            told.append(deltas.call_opened(step_id, index, call_id, body["name"]))
        rest = body["arguments"][_told_length(known) :]
        if rest:
            told.append(deltas.arguments(step_id, index, rest, offset=None))
        self._lengths[key] = len(body["arguments"])
        return told

    def _rest_of_code(self, step_id: str, index: int, call: Json, body: Json) -> list[StreamEvent]:
        told: list[StreamEvent] = []
        if (step_id, index) not in self._lengths:
            self._lengths[step_id, index] = 0
            code = {"input": body["input"], "outputs": list[Json]()}
            opened = {**call, "code_interpreter": code}
            told.append(deltas.hosted_opened(step_id, index, opened))
        outputs = (f"{step_id}/{index}", 0)
        if body["outputs"] and outputs not in self._lengths:
            self._lengths[outputs] = 0
            told.append(deltas.code_outputs(step_id, index, body["outputs"]))
        return told


def _told_length(known: int | None) -> int:
    """How many characters were told, also where a piece behind them was missed."""
    if known is None:
        return 0
    return known if known >= 0 else -1 - known


def _awaited(run: Run) -> set[str]:
    action = run.required_action or {"submit_tool_outputs": {"tool_calls": []}}
    return {call["id"] for call in action["submit_tool_outputs"]["tool_calls"]}


def _call_ids(details: Json) -> set[str]:
    return {call["id"] for call in details.get("tool_calls", ())}
