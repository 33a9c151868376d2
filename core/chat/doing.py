"""What a Run does beside writing, in words that people read while it does it: pure.

Neither arguments nor code nor names of files are in it, for everybody in a channel may read it;
who wants more presses Show work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, cast

from core.assistants import TERMINAL_RUN_STATUSES, Json, Run, RunStep, RunStepDelta

State = Literal["going", "done", "failed"]

_WORDS = {
    "code_interpreter": ("Running code", "Ran code", "Code was broken off"),
    "file_search": ("Searching the files", "Searched the files", "The search was broken off"),
}


@dataclass(frozen=True, slots=True)
class Doing:
    """One call of a tool. `id` is its own within a reply; `name` is a function's."""

    id: str
    kind: str
    name: str = ""
    state: State = "going"

    @property
    def words(self) -> str:
        """What it is doing, or did."""
        name = self.name or "a tool"
        using = (f"Using {name}", f"Used {name}", f"{name} was broken off")
        going, done, failed = _WORDS.get(self.kind, using)
        return {"going": going, "done": done, "failed": failed}[self.state]


def summary(doings: Iterable[Doing]) -> str:
    """All of it in a line: `Ran code 2 times · Searching the files…`; empty for nothing."""
    counted = Counter((one.words, one.state == "going") for one in doings)
    return " · ".join(
        f"{words}{f' {count} times' if count > 1 else ''}{'…' if going else ''}"
        for (words, going), count in counted.items()
    )


class Doings:
    """The calls of one Run as its events tell of them, each with its place: how many Messages had
    begun before it."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[int, Doing]] = {}
        self._steps: dict[str, list[str]] = {}

    def feed(self, data: object, place: int) -> None:
        """Take in the object of an event."""
        if isinstance(data, RunStep) and data.type == "tool_calls":
            self._see(data.id, _calls(data.step_details), place)
            if data.status != "in_progress":
                self._end(self._steps.get(data.id, ()), completed=data.status == "completed")
        elif isinstance(data, RunStepDelta):
            self._see(data.id, _calls(data.delta.get("step_details")), place)
        elif isinstance(data, Run):
            action: Json = (data.required_action or {}).get("submit_tool_outputs") or {}
            asked = _calls(action) if data.status == "requires_action" else []
            self._see(data.id, asked, place)
            if data.status in TERMINAL_RUN_STATUSES:
                self._end(self._calls, completed=data.status == "completed")
            elif not asked:  # what it asked for was given
                self._end(self._steps.get(data.id, ()), completed=True)

    def drop(self, places: int) -> None:
        """So many Messages that had begun are gone: another one says the same again."""
        for name, (place, one) in self._calls.items():
            self._calls[name] = max(0, place - places), one

    def at(self, place: int) -> tuple[Doing, ...]:
        """The calls of that place, in order."""
        return tuple(one for where, one in self._calls.values() if where == place)

    def behind(self, place: int) -> tuple[Doing, ...]:
        """The calls of that place and of later ones, in order."""
        return tuple(one for where, one in self._calls.values() if where >= place)

    def _see(self, owner: str, calls: list[Json], place: int) -> None:
        for call in calls:
            name = str(call.get("id") or "")
            if not name:
                continue  # more of a call that is known
            kind = str(call.get("type") or "")
            function = cast("Json", call.get("function") or {})
            known = self._steps.setdefault(owner, [])
            if name not in known:
                known.append(name)
            if name not in self._calls:
                self._calls[name] = place, Doing(name, kind, str(function.get("name") or ""))

    def _end(self, names: Iterable[str], *, completed: bool) -> None:
        for name in tuple(names):
            place, one = self._calls[name]
            if one.state == "going":
                self._calls[name] = place, replace(one, state="done" if completed else "failed")


def _calls(holder: Json | None) -> list[Json]:
    return cast("list[Json]", (holder or {}).get("tool_calls") or [])
