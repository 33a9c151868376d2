"""The Responses API, as OpenAI speaks it and as others have taken it over.

Source: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from adapters.openai.asking import Asker, Dialect, parsed
from adapters.openai.endpoint import Answer, Endpoint
from adapters.openai.estimate import estimated_usage
from adapters.openai.responses_request import REMOVABLE, responses_body
from adapters.openai.wire import as_count, as_list, as_object, as_text
from core.engine.generation import (
    Finished,
    FinishReason,
    ModelEvent,
    ModelRequest,
    Reasoning,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from core.ids import CALL, Ids

_REASONS: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
_ENDS = frozenset({"response.completed", "response.incomplete"})


class ResponsesModel:
    """A ChatModel behind `/responses`. Always streams; several rounds may run at once."""

    def __init__(self, endpoint: Endpoint, *, ids: Ids) -> None:
        self._asker = Asker(endpoint, Dialect("/responses", responses_body, REMOVABLE))
        self._ids = ids

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round (see `core.engine.ports.ChatModel`)."""
        async with await self._asker.ask(request) as answer:
            reader = ResponsesReader(request, self._ids)
            while not reader.over:
                for event in await self._next(reader, answer):
                    yield event
            await answer.drain()
            if not reader.complete:
                raise answer.broke_off()
            for event in reader.end():
                yield event

    async def _next(self, reader: ResponsesReader, answer: Answer) -> list[ModelEvent]:
        """The events of what comes next; says through `reader.over` that nothing will."""
        if answer.is_json:
            reader.over = True
            whole = {"type": "response.completed", "response": await answer.json()}
            return self._read(reader, whole, answer)
        batch = await answer.more()
        events: list[ModelEvent] = []
        for name, data in batch or ():
            if data == b"[DONE]":
                batch = None
                break
            said = {"type": name, **parsed(data, answer.asked.host)}
            events += self._read(reader, said, answer)
        reader.over = batch is None or reader.complete
        return events

    @staticmethod
    def _read(reader: ResponsesReader, event: dict[str, Any], answer: Answer) -> list[ModelEvent]:
        response = as_object(event.get("response"))
        failed = event.get("type") == "response.failed" or response.get("status") == "failed"
        if failed:
            raise answer.asked.in_stream({"error": response.get("error") or {}})
        if event.get("type") == "error" or "error" in event:
            raise answer.asked.in_stream(event if event.get("error") else {"error": event})
        return reader.read(event)


class ResponsesReader:
    """Translates the events of one response into model events; no I/O.

    What came as deltas is not said again when its item is done; what came without any is said then.
    """

    def __init__(self, request: ModelRequest, ids: Ids) -> None:
        self.complete = False
        """Whether the response came to an end that is not a failure."""
        self.over = False
        """Whether nothing more is to be read."""
        self._request = request
        self._ids = ids
        self._calls: dict[int, int] = {}
        """Our index of the call at each output index."""
        self._streamed: dict[tuple[int, str], str] = {}
        """What was said of each (output index, kind of content), joined."""
        self._ended: set[int] = set()
        self._last_text: int | None = None
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None

    def read(self, event: dict[str, Any]) -> list[ModelEvent]:
        """What one event of the stream means."""
        kind = as_text(event.get("type"))
        at = as_count(event.get("output_index")) or 0
        if kind == "response.output_text.delta":
            return self._said(at, "text", as_text(event.get("delta")))
        if kind == "response.refusal.delta":
            return self._said(at, "refusal", as_text(event.get("delta")))
        if kind == "response.function_call_arguments.delta":
            return self._said(at, "arguments", as_text(event.get("delta")))
        if kind == "response.output_item.added":
            return self._call_begins(at, as_object(event.get("item")))
        if kind == "response.output_item.done":
            return self._item_ends(at, as_object(event.get("item")))
        if kind in _ENDS:
            return self._ends(as_object(event.get("response")))
        return []

    def end(self) -> list[ModelEvent]:
        """`Finished`."""
        usage = self._usage or estimated_usage(self._request, self._streamed.values())
        return [Finished(self._reason or ("tool_calls" if self._calls else "stop"), usage)]

    def _said(self, at: int, kind: str, piece: str) -> list[ModelEvent]:
        if not piece:
            return []
        self._streamed[at, kind] = self._streamed.get((at, kind), "") + piece
        if kind == "arguments":
            return [ToolCallDelta(self._calls[at], piece)] if at in self._calls else []
        if kind == "refusal":
            return [RefusalDelta(piece)]
        between = self._last_text is not None and self._last_text != at
        self._last_text = at
        return [TextDelta("\n\n" + piece if between else piece)]

    def _call_begins(self, at: int, item: dict[str, Any]) -> list[ModelEvent]:
        if item.get("type") != "function_call" or at in self._calls:
            return []
        index = self._calls[at] = len(self._calls)
        call_id = as_text(item.get("call_id")) or self._ids.new(CALL)
        earlier = self._streamed.get((at, "arguments"), "")
        return [ToolCallDelta(index, earlier, call_id, as_text(item.get("name")))]

    def _item_ends(self, at: int, item: dict[str, Any]) -> list[ModelEvent]:
        if at in self._ended:
            return []
        self._ended.add(at)
        kind = item.get("type")
        if kind == "reasoning":
            return [Reasoning(item)] if item.get("encrypted_content") else []
        if kind == "function_call":
            events = self._call_begins(at, item)
            return events + self._rest(at, "arguments", as_text(item.get("arguments")) or "{}")
        if kind != "message":
            return []
        parts = [as_object(part) for part in as_list(item.get("content"))]
        texts = "".join(as_text(p.get("text")) for p in parts if p.get("type") == "output_text")
        refusals = "".join(as_text(p.get("refusal")) for p in parts if p.get("type") == "refusal")
        return self._rest(at, "text", texts) + self._rest(at, "refusal", refusals)

    def _rest(self, at: int, kind: str, whole: str) -> list[ModelEvent]:
        """The part of `whole` that no delta carried."""
        said = self._streamed.get((at, kind), "")
        return self._said(at, kind, whole[len(said) :]) if whole.startswith(said) else []

    def _ends(self, response: dict[str, Any]) -> list[ModelEvent]:
        self.complete = True
        events: list[ModelEvent] = []
        for at, item in enumerate(as_list(response.get("output"))):
            events += self._item_ends(at, as_object(item))
        details = as_object(response.get("incomplete_details"))
        if response.get("status") == "incomplete" or details:
            self._reason = _REASONS.get(as_text(details.get("reason")), "length")
        usage = as_object(response.get("usage"))
        prompt = as_count(usage.get("input_tokens"))
        if prompt is not None:
            self._usage = Usage(prompt, as_count(usage.get("output_tokens")) or 0)
        return events
