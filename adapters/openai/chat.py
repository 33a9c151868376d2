"""Chat Completions: the protocol that every model server speaks, each with its own accent.

Source: https://platform.openai.com/docs/api-reference/chat; the accents are those of Ollama,
vLLM, llama.cpp, OpenRouter, Groq, Mistral and DeepSeek (docs/decisions/0007-models.md).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from adapters.openai.asking import Asker, Dialect, parsed
from adapters.openai.calls import CallAssembler
from adapters.openai.chat_request import REMOVABLE, chat_body
from adapters.openai.endpoint import Answer, Endpoint
from adapters.openai.estimate import estimated_usage
from adapters.openai.think import ThinkFilter
from adapters.openai.wire import as_count, as_list, as_object, as_text
from core.engine.generation import (
    Finished,
    FinishReason,
    ModelEvent,
    ModelRequest,
    Reasoning,
    RefusalDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from core.errors import ModelUnavailable
from core.ids import Ids

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


class ChatCompletionsModel:
    """A ChatModel behind `/chat/completions`. Always streams; several rounds may run at once."""

    def __init__(self, endpoint: Endpoint, *, ids: Ids) -> None:
        self._asker = Asker(endpoint, Dialect("/chat/completions", chat_body, REMOVABLE))
        self._ids = ids

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round (see `core.engine.ports.ChatModel`)."""
        async with await self._asker.ask(request) as answer:
            reader = ChatReader(request, self._ids)
            while not reader.over:
                for event in await self._next(reader, answer):
                    yield event
            await answer.drain()
            if not reader.complete:
                raise answer.broke_off()
            for event in reader.end():
                yield event

    async def _next(self, reader: ChatReader, answer: Answer) -> list[ModelEvent]:
        """The events of what comes next; says through `reader.over` that nothing will."""
        if answer.is_json:
            reader.over = True
            return self._read(reader, as_object(await answer.json()), answer)
        try:
            batch = await answer.more()
        except ModelUnavailable:
            if not reader.complete:
                raise
            batch = None
        if batch is None:
            reader.over = True
            return []
        events: list[ModelEvent] = []
        for name, data in batch:
            if data == b"[DONE]":
                reader.over = reader.complete = True
                break
            chunk = parsed(data, answer.asked.host)
            if name == "error" and not chunk.get("error"):
                chunk = {"error": chunk}
            events += self._read(reader, chunk, answer)
        return events

    @staticmethod
    def _read(reader: ChatReader, chunk: dict[str, Any], answer: Answer) -> list[ModelEvent]:
        if chunk.get("error"):
            raise answer.asked.in_stream(chunk)
        return reader.read(chunk)


class ChatReader:
    """Translates the chunks of one answer into model events; no I/O."""

    def __init__(self, request: ModelRequest, ids: Ids) -> None:
        self.complete = False
        """Whether the model came to an end, so that a connection which breaks now loses nothing."""
        self.over = False
        """Whether nothing more is to be read."""
        self._request = request
        self._calls = CallAssembler(
            ids, {item.call_id for item in request.items if isinstance(item, ToolCall)}
        )
        self._think = ThinkFilter()
        self._reason: str = ""
        self._usage: Usage | None = None
        self._written: list[str] = []
        self._reasoning: list[str] = []
        self._thought = False

    def read(self, chunk: dict[str, Any]) -> list[ModelEvent]:
        """The events of one chunk, or of a whole answer from a server that does not stream."""
        events: list[ModelEvent] = []
        self._usage = _usage(chunk.get("usage")) or self._usage
        for choice in map(as_object, as_list(chunk.get("choices"))[:1]):
            delta = as_object(choice.get("delta") or choice.get("message"))
            self._reasoning.append(
                as_text(delta.get("reasoning_content") or delta.get("reasoning"))
            )
            text = self._think.feed(_text(delta.get("content")))
            if text:
                events.append(TextDelta(text))
            if refusal := as_text(delta.get("refusal")):
                events.append(RefusalDelta(refusal))
            if calls := as_list(delta.get("tool_calls")):
                events += self._thoughts()
                events += self._calls.feed(calls)
            if reason := as_text(choice.get("finish_reason")):
                self._reason = reason
                self.complete = True
        self._note(events)
        return events

    def end(self) -> list[ModelEvent]:
        """What is still held back, and `Finished`.

        Raises:
            ModelUnavailable: the server gave up (finish reason `error`), or said nothing at all.
        """
        if self._reason == "error":
            raise ModelUnavailable("the model endpoint gave up in the middle of its answer.")
        events: list[ModelEvent] = []
        if held := self._think.end():
            events.append(TextDelta(held))
        events += self._calls.end()
        self._note(events)
        reasoning = "".join(self._reasoning)
        if not self._reason and not any(self._written) and not reasoning:
            raise ModelUnavailable("the model endpoint ended its answer without a word.")
        usage = self._usage or estimated_usage(self._request, [*self._written, reasoning])
        return [*events, Finished(self._finish_reason(), usage)]

    def _thoughts(self) -> list[Reasoning]:
        """What the model thought before its first tool call, for models that want it back."""
        text = "".join(self._reasoning)
        if self._thought or not text:
            return []
        self._thought = True
        return [Reasoning({"type": "reasoning_content", "text": text})]

    def _finish_reason(self) -> FinishReason:
        given = _REASONS.get(self._reason)
        if given is not None:
            return given
        return "tool_calls" if len(self._calls) else "stop"

    def _note(self, events: list[ModelEvent]) -> None:
        for event in events:
            if isinstance(event, TextDelta | RefusalDelta):
                self._written.append(event.text)
            elif not isinstance(event, Reasoning | Finished):
                self._written.append((event.name or "") + event.arguments)


def _text(content: Any) -> str:
    """Words, whether they come as a string, as parts (Mistral), or not at all."""
    if isinstance(content, list):
        parts = map(as_object, as_list(content))
        return "".join(as_text(part.get("text")) for part in parts if part.get("type") == "text")
    return as_text(content)


def _usage(value: Any) -> Usage | None:
    fields = as_object(value)
    prompt, completion = (
        as_count(fields.get("prompt_tokens")),
        as_count(fields.get("completion_tokens")),
    )
    if prompt is None or not (prompt or completion):
        return None
    return Usage(prompt, completion or 0)
