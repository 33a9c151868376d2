"""Short words for model rounds in tests: requests, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from core.engine.generation import (
    Finished,
    InputItem,
    ModelEvent,
    ModelRequest,
    Reasoning,
    RefusalDelta,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    UserItem,
)
from core.engine.ports import ChatModel

ADD = ToolSpec(
    "add",
    "Adds two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
)


def said(text: str) -> UserItem:
    """A person's words."""
    return UserItem((TextPart(text),))


def asking(*items: InputItem | str, **fields: Any) -> ModelRequest:
    """A round for model `m`; plain strings are what a person said."""
    given = tuple(said(item) if isinstance(item, str) else item for item in items)
    return ModelRequest(
        model=fields.pop("model", "m"),
        instructions=fields.pop("instructions", "Be brief."),
        items=given or (said("Hello"),),
        **fields,
    )


@dataclass(frozen=True, slots=True)
class Round:
    """A whole round, put together as the engine does it."""

    events: tuple[ModelEvent, ...]

    @property
    def text(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, TextDelta))

    @property
    def refusal(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, RefusalDelta))

    @property
    def calls(self) -> list[ToolCall]:
        calls: list[ToolCall] = []
        for event in self.events:
            if not isinstance(event, ToolCallDelta):
                continue
            if event.index == len(calls):
                assert event.call_id is not None
                assert event.name is not None
                calls.append(ToolCall(event.call_id, event.name, event.arguments))
            else:
                assert event.call_id is None
                before = calls[event.index]
                calls[event.index] = ToolCall(
                    before.call_id, before.name, before.arguments + event.arguments
                )
        return calls

    @property
    def reasoning(self) -> list[Reasoning]:
        return [e for e in self.events if isinstance(e, Reasoning)]

    @property
    def finished(self) -> Finished:
        assert isinstance(self.events[-1], Finished), "the last event must be Finished"
        assert sum(isinstance(e, Finished) for e in self.events) == 1
        return self.events[-1]


async def run(model: ChatModel, request: ModelRequest | None = None) -> Round:
    """Run one round to its end."""
    # Every ChatModel here is an async generator; closing it closes the connection.
    stream = cast("Any", model.stream(request or asking()))
    async with aclosing(stream):
        events: list[ModelEvent] = [event async for event in stream]
    return Round(tuple(events))


def cut_at(text: str, places: Sequence[int]) -> list[str]:
    """`text` cut at these places (in any order, repeated, or out of range)."""
    cuts = sorted({min(max(place, 0), len(text)) for place in places} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(cuts)]
