"""How far a Run has come: what `RunRecord.state` holds, typed. Pure.

A crash loses nothing that this and the stored Run Steps do not bring back: each finished model
round is noted with what it produced, in the model's order, and who executes the Run next rebuilds
the prompt from it. Reasoning items stay in here between the rounds and go when the Run ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from core.assistants import Json
from core.engine.generation import NO_USAGE, Usage
from core.engine.lifecycle import usage_json
from core.engine.resources import Resources

Mark = tuple[str, Any]
"""`("reasoning", item)`, `("message", message id)` or `("call", call id)`."""


@dataclass(frozen=True, slots=True)
class RoundNote:
    """A finished model round that called tools: its tool Step, and what it said in which order."""

    step: str
    order: tuple[Mark, ...]
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The engine's own part of a Run.

    `sampling` holds `temperature` and `top_p` only where somebody set them: endpoints refuse them
    more often than not. `resources` are what the hosted tools work with. `included` says that
    whoever made the Run wants to see what its searches found.

    `images` are Files that code drew and no Message shows yet, `files` Files that code left and no
    Message carries yet. `left` are all Files that code left in this Run, by name.

    `code_at` names the process whose interpreter ran the Run's latest code; it is kept when the Run
    has ended, because variables and files of the Thread's session are as that process left them.

    `searches` are the arguments of file searches, by the ids of their calls in the order in which
    the model made them; `remarks` what the model is told with the result of one. They are numbered
    from `first_search`, so that no marker of an earlier answer means something else.
    """

    tenant: str = ""
    user: str | None = None
    effort: str | None = None
    sampling: dict[str, float] = field(default_factory=dict[str, float])
    usage: Usage = NO_USAGE
    rounds: tuple[RoundNote, ...] = ()
    images: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left: dict[str, str] = field(default_factory=dict[str, str])
    code_at: str = ""
    resources: Resources = field(default_factory=Resources)
    searches: dict[str, str] = field(default_factory=dict[str, str])
    remarks: dict[str, str] = field(default_factory=dict[str, str])
    first_search: int = 0
    included: bool = False

    def spent(self, usage: Usage) -> Progress:
        """With the usage of one more model call."""
        return replace(self, usage=self.usage + usage)

    def noted(self, note: RoundNote) -> Progress:
        """With one more finished round."""
        return replace(self, rounds=(*self.rounds, note))

    def settled(self) -> Progress:
        """What remains of it when the Run has ended."""
        return Progress(
            tenant=self.tenant,
            user=self.user,
            effort=self.effort,
            sampling=self.sampling,
            usage=self.usage,
            included=self.included,
            code_at=self.code_at,
        )

    def search_number(self, call_id: str) -> int:
        """The number of a file search, which the markers of its results begin with."""
        return self.first_search + list(self.searches).index(call_id)

    def to_state(self) -> Json:
        """As JSON; what is empty is left out."""
        state: Json = {
            "tenant": self.tenant,
            "user": self.user,
            "effort": self.effort,
            "sampling": self.sampling,
            "usage": _usage_state(self.usage),
            "rounds": [
                {
                    "step": note.step,
                    "order": [list(mark) for mark in note.order],
                    "usage": _usage_state(note.usage),
                }
                for note in self.rounds
            ],
            "images": list(self.images),
            "files": list(self.files),
            "left": self.left,
            "code_at": self.code_at,
            "resources": self.resources.to_state(),
            "searches": self.searches,
            "remarks": self.remarks,
            "first_search": self.first_search,
            "included": self.included,
        }
        return {key: value for key, value in state.items() if value}

    @classmethod
    def of(cls, state: Json) -> Progress:
        """The progress that `to_state` wrote."""
        return cls(
            tenant=state.get("tenant", ""),
            user=state.get("user"),
            effort=state.get("effort"),
            sampling=state.get("sampling", {}),
            usage=_usage(state.get("usage")),
            rounds=tuple(
                RoundNote(
                    note["step"],
                    tuple(cast("Mark", tuple(mark)) for mark in note["order"]),
                    _usage(note["usage"]),
                )
                for note in state.get("rounds", ())
            ),
            images=tuple(state.get("images", ())),
            files=tuple(state.get("files", ())),
            left=state.get("left", {}),
            code_at=state.get("code_at", ""),
            resources=Resources.of(state.get("resources", {})),
            searches=state.get("searches", {}),
            remarks=state.get("remarks", {}),
            first_search=state.get("first_search", 0),
            included=state.get("included", False),
        )


def _usage_state(usage: Usage) -> Json:
    if not usage.total_tokens:
        return {}
    body = usage_json(usage)
    del body["total_tokens"]
    return body | ({"estimated": True} if usage.estimated else {})


def _usage(state: Json | None) -> Usage:
    if not state:
        return NO_USAGE
    return Usage(
        state["prompt_tokens"], state["completion_tokens"], bool(state.get("estimated", False))
    )
