"""What a strict client makes of a Run's stream: the rules of the official SDK's accumulator.

Source: openai-python, `lib/streaming/_assistants.py` and `_deltas.py`: a delta needs its object's
snapshot, list entries need contiguous indexes, strings are joined (ids too, if they come twice).
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, cast

from core.assistants import Json, Message, MessageDelta, Run, RunStep, RunStepDelta, StreamEvent

_FIRST = ("created", "in_progress")


class Client:
    """Listens to one stream and complains about everything that an SDK would trip over.

    `strict`: an incomplete Message, too, has exactly the text that was heard of it.
    """

    def __init__(self, events: Iterable[StreamEvent] = (), *, strict: bool = True) -> None:
        self._strict = strict
        self.names: list[str] = []
        self.run: Run | None = None
        self.messages: dict[str, Json] = {}
        self.steps: dict[str, Json] = {}
        self.statuses: dict[str, list[str]] = {}
        for event in events:
            self.hear(event)

    def hear(self, event: StreamEvent) -> None:
        """One event."""
        self.names.append(event.name)
        data = event.data
        if isinstance(data, MessageDelta):
            assert set(data.delta) == {"content"}, "nothing of our own may leave"
            assert data.id in self.messages, f"a delta of {data.id} before it was created"
            assert self.statuses[data.id] == list(_FIRST)
            for part in data.delta["content"]:
                _check_text(part, self.messages[data.id]["content"])
            _join(self.messages[data.id]["content"], data.delta["content"])
        elif isinstance(data, RunStepDelta):
            assert set(data.delta) == {"step_details"}
            assert data.id in self.steps, f"a delta of {data.id} before it was created"
            calls = self.steps[data.id].setdefault("tool_calls", [])
            _join(calls, data.delta["step_details"]["tool_calls"])
        elif isinstance(data, Run):
            self.run = data
        elif isinstance(data, Message):
            self._status(event, data.id)
            if data.status == "in_progress":
                assert data.content == ()
                self.messages[data.id] = {"content": []}
            else:
                self._compare_message(data)
        elif isinstance(data, RunStep):
            self._status(event, data.id)
            self.steps.setdefault(data.id, {})
            if data.status != "in_progress" and data.type == "tool_calls":
                self._compare_step(data)

    def text(self) -> str:
        """All texts as the deltas told them, completed Messages only."""
        whole = [
            part["text"]["value"]
            for message_id, message in self.messages.items()
            if self.statuses[message_id][-1] == "completed"
            for part in message["content"]
            if part["type"] == "text"
        ]
        return "\n".join(whole)

    def short(self) -> list[str]:
        """The events' names without their common beginning, repeated deltas once."""
        names = [name.removeprefix("thread.") for name in self.names]
        return [
            name
            for index, name in enumerate(names)
            if not (name.endswith(".delta") and index and names[index - 1] == name)
        ]

    def _status(self, event: StreamEvent, object_id: str) -> None:
        status = event.name.rpartition(".")[2]
        known = self.statuses.setdefault(object_id, [])
        assert status not in known, f"{event.name} came twice"
        assert status == "created" or known, f"{event.name} without a beginning"
        known.append(status)

    def _compare_message(self, message: Message) -> None:
        if not self._strict and message.status == "incomplete":
            return
        heard = [_heard(part) for part in self.messages[message.id]["content"]]
        stored = [_plain(part) for part in message.content]
        assert heard == stored, "the deltas joined are not the Message"

    def _compare_step(self, step: RunStep) -> None:
        heard = self.steps[step.id].get("tool_calls", [])
        for call, told in zip(step.step_details["tool_calls"], heard, strict=True):
            assert (told["id"], told["type"]) == (call["id"], call["type"])
            if call["type"] == "function":
                assert told["function"]["arguments"] == call["function"]["arguments"]
                assert told["function"]["name"] == call["function"]["name"]
            elif call["type"] == "file_search":
                assert told["file_search"] == {}, "the API's deltas never say what was found"
            else:
                outputs = [_plain(output) for output in told["code_interpreter"]["outputs"]]
                assert told["code_interpreter"]["input"] == call["code_interpreter"]["input"]
                assert outputs == call["code_interpreter"]["outputs"]


def _check_text(part: Json, known: list[Any]) -> None:
    if part["type"] != "text":
        return
    text, first = part["text"], part["index"] == len(known)
    if "value" in text:
        assert text["value"], "a delta without text"
        assert ("annotations" in text) == first, "in the first only"
    else:
        assert not first, "annotations of a text that nobody has seen"
        value: str = known[part["index"]]["text"]["value"]
        for one in text["annotations"]:
            assert value[one["start_index"] : one["end_index"]] == one["text"]


def _heard(part: Json) -> Json:
    """A part as it was put together, without the indexes that only deltas have."""
    part = _plain(part)
    if part["type"] == "text":
        annotations = [_plain(one) for one in part["text"]["annotations"]]
        part["text"] = {**part["text"], "annotations": annotations}
    return part


def _plain(part: Json) -> Json:
    return {key: value for key, value in part.items() if key != "index"}


def _join(known: list[Any], more: list[Any]) -> None:
    for entry in more:
        index = entry["index"]
        assert index <= len(known), "indexes must be contiguous"
        if index == len(known):
            known.append(deepcopy(entry))
        else:
            _merge(known[index], entry)


def _merge(known: Json, more: Json) -> None:
    for key, value in more.items():
        if key not in known or known[key] is None:
            known[key] = deepcopy(value)
        elif key in ("index", "type"):
            assert known[key] == value
        elif isinstance(value, str):
            known[key] += value
        elif isinstance(value, dict):
            _merge(known[key], cast("Json", value))
        elif isinstance(value, list):
            _join(known[key], cast("list[Any]", value))
        else:
            assert value is None, "numbers would be added up"
