"""Puts a round's tool calls together from deltas that every endpoint sends in its own way.

Seen in the wild, and all understood here: several calls that all carry index 0, or none; a whole
call in one chunk; arguments as an object; a missing, empty or repeated call id; the name repeated
in every chunk; the name only in a later one; no arguments at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.openai.wire import as_object, as_text
from core.engine.generation import ToolCallDelta
from core.ids import CALL, Ids


@dataclass(slots=True)
class _Call:
    index: int
    given_id: str
    name: str
    call_id: str = ""
    waiting: str = ""
    """Arguments that came before the name."""
    arguments: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.arguments) + self.waiting


class CallAssembler:
    """Turns `delta.tool_calls` lists into `ToolCallDelta`s with indices 0, 1, 2 ..."""

    def __init__(self, ids: Ids, taken: Collection[str] = ()) -> None:
        """`taken` are call ids that the conversation already uses; none of them is given again."""
        self._ids = ids
        self._taken = set(taken)
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __len__(self) -> int:
        return sum(1 for call in self._calls if call.call_id)

    def feed(self, entries: list[Any]) -> list[ToolCallDelta]:
        """What one chunk adds."""
        deltas: list[ToolCallDelta] = []
        in_this_chunk: set[int] = set()
        for entry in map(as_object, entries):
            function = as_object(entry.get("function"))
            name = as_text(function.get("name"))
            given_id = as_text(entry.get("id"))
            arguments = _as_json_text(function.get("arguments"))
            call = self._belongs_to(entry.get("index"), given_id, name, arguments, in_this_chunk)
            in_this_chunk.add(call.index)
            call.name = call.name or name
            call.given_id = call.given_id or given_id
            deltas += self._grown(call, arguments)
        return deltas

    def end(self) -> list[ToolCallDelta]:
        """The rest: calls without arguments get an empty object."""
        return [
            delta
            for call in self._calls
            if call.call_id and not call.text.strip()
            for delta in self._grown(call, "{}")
        ]

    def _belongs_to(
        self, index: Any, given_id: str, name: str, arguments: str, in_this_chunk: set[int]
    ) -> _Call:
        slot = index if isinstance(index, int) else None
        current = self._by_index.get(slot) if slot is not None else None
        if slot is None and self._calls:
            current = self._calls[-1]
        if current is not None and not _is_next(
            current, given_id, name, arguments, repeated=current.index in in_this_chunk
        ):
            return current
        call = _Call(len(self._calls), given_id, name)
        self._calls.append(call)
        if slot is not None:
            self._by_index[slot] = call
        return call

    def _grown(self, call: _Call, arguments: str) -> list[ToolCallDelta]:
        if not call.name:
            call.waiting += arguments
            return []
        if call.call_id:
            call.arguments.append(arguments)
            return [ToolCallDelta(call.index, arguments)] if arguments else []
        fresh = call.given_id and call.given_id not in self._taken
        call.call_id = call.given_id if fresh else self._ids.new(CALL)
        self._taken.add(call.call_id)
        arguments, call.waiting = call.waiting + arguments, ""
        call.arguments.append(arguments)
        return [ToolCallDelta(call.index, arguments, call.call_id, call.name)]


def _is_next(current: _Call, given_id: str, name: str, arguments: str, *, repeated: bool) -> bool:
    """Whether an entry for the place of `current` is another call, not more of that one."""
    if repeated and name:
        return True
    if given_id and current.given_id and given_id != current.given_id:
        return True
    if not name or not current.name:
        return False
    return name != current.name or (bool(arguments.strip()) and _complete(current.text))


def _complete(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _as_json_text(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
