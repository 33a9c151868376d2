"""How far a Run has come: what `RunRecord.state` holds, typed. Pure.

A crash loses nothing that this and the stored Run Steps do not bring back: each finished model
round is noted with what it produced, in the model's order, and who executes the Run next rebuilds
the prompt from it. Reasoning items stay in here between the rounds and go when the Run ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from core.assistants import Json
from core.engine.generation import Usage
from core.engine.lifecycle import usage_json

Mark = tuple[str, Any]
"""`("reasoning", item)`, `("message", message id)` or `("call", call id)`."""

NO_USAGE = Usage(0, 0)


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
    more often than not. `images` are Files that code drew and no Message shows yet.
    """

    tenant: str = ""
    user: str | None = None
    effort: str | None = None
    sampling: dict[str, float] = field(default_factory=dict[str, float])
    usage: Usage = NO_USAGE
    rounds: tuple[RoundNote, ...] = ()
    images: tuple[str, ...] = ()

    def spent(self, usage: Usage) -> Progress:
        """With the usage of one more model call."""
        return replace(self, usage=self.usage + usage)

    def noted(self, note: RoundNote) -> Progress:
        """With one more finished round."""
        return replace(self, rounds=(*self.rounds, note))

    def settled(self) -> Progress:
        """What remains of it when the Run has ended."""
        return replace(self, rounds=(), images=())

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
