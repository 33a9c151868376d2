"""A ChatModel for models that cannot call tools: the JSON action loop around another ChatModel.

Small models often answer a native tool offer with prose, or write a wrong number below a right
output. Held to a schema they do call tools, and where the reply does not contain what the code
printed, the output itself is shown below it (docs/decisions/0007-models.md has the measurements).
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from adapters.openai.json_actions import REPLY, Action, Plan, plan
from adapters.openai.json_text import JsonFields
from adapters.openai.shown_output import output_block
from core.engine.generation import (
    Finished,
    FinishReason,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCallDelta,
)
from core.engine.ports import ChatModel
from core.ids import CALL, Ids


class JsonActionModel:
    """Wraps `inner`: tools become JSON actions and come out as tool calls again."""

    def __init__(self, inner: ChatModel, *, ids: Ids) -> None:
        self._inner = inner
        self._ids = ids

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round (see `core.engine.ports.ChatModel`). The reply streams as it is
        written."""
        asked = plan(request)
        reader = _Actions(asked, self._ids) if asked.actions else _Plain()
        said: list[str] = []
        # Closing an inner stream that was left early closes its connection.
        async with aclosing(self._inner.stream(asked.request)) as stream:
            async for event in stream:
                last = isinstance(event, Finished)
                for made in reader.end(event) if last else reader.read(event):
                    if isinstance(made, TextDelta):
                        said.append(made.text)
                    if isinstance(made, Finished) and made.reason == "stop":
                        block = output_block(asked.shown, "".join(said))
                        if block and request.response_format is None:
                            yield TextDelta(block)
                    yield made


class _Plain:
    """Nothing to translate: the model was asked for words."""

    def read(self, event: ModelEvent) -> list[ModelEvent]:
        return [event]

    def end(self, finished: Finished) -> list[ModelEvent]:
        return [finished]


class _Actions:
    """Turns the text of one round into what it means, as it is written."""

    def __init__(self, asked: Plan, ids: Ids) -> None:
        self._asked = asked
        self._ids = ids
        self._fields = JsonFields()
        self._values: dict[str, str] = {}
        self._decided = False
        self._action: Action | None = None
        """The tool that is called; None for a reply."""
        self._given = ""

    def read(self, event: ModelEvent) -> list[ModelEvent]:
        if isinstance(event, TextDelta):
            return self._pieces(self._fields.feed(event.text))
        return [] if isinstance(event, ToolCallDelta) else [event]

    def end(self, finished: Finished) -> list[ModelEvent]:
        events = self._pieces(self._fields.end())
        if not self._fields.is_prose and not self._decided:
            filled = [field for field, value in self._values.items() if value.strip()]
            events += self._decide(next((f for f in filled if f != "action"), REPLY))
        reason: FinishReason = finished.reason
        if self._action is not None:
            events += self._close(self._action)
            reason = "tool_calls" if reason == "stop" else reason
        return [*events, Finished(reason, finished.usage)]

    def _pieces(self, pieces: list[tuple[str, str]]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        for field, piece in pieces:
            if self._fields.is_prose:
                events.append(TextDelta(piece))
                continue
            if not self._decided and field != "action" and "action" in self._values:
                events += self._decide(field)
            self._values[field] = self._values.get(field, "") + piece
            if self._decided and field == self._field:
                events += self._grow(piece)
        return events

    @property
    def _field(self) -> str:
        return REPLY if self._action is None else self._action.field

    def _decide(self, field: str) -> list[ModelEvent]:
        """The action is known, or can be told from the field that follows it."""
        name = self._values.get("action")
        action = self._asked.action(name or "")
        if action is None and name != REPLY:
            action = next((a for a in self._asked.actions if a.field == field), None)
        self._decided, self._action = True, action
        events: list[ModelEvent] = []
        if action is not None:
            start = '{"code": "' if action.is_code else ""
            events.append(ToolCallDelta(0, start, self._ids.new(CALL), action.tool.name))
        return events + self._grow(self._values.get(self._field, ""))

    def _grow(self, piece: str) -> list[ModelEvent]:
        if not piece:
            return []
        self._given += piece
        if self._action is None:
            return [TextDelta(piece)]
        if self._action.is_code:
            piece = json.dumps(piece, ensure_ascii=False)[1:-1]
        return [ToolCallDelta(0, piece)]

    def _close(self, action: Action) -> list[ModelEvent]:
        if action.is_code:
            return [ToolCallDelta(0, '"}')]
        return [] if self._given.strip() else [ToolCallDelta(0, "{}")]
