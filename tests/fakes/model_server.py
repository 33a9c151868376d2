"""A model endpoint on loopback that says what a test scripts: Chat Completions and Responses.

    async with ModelServer() as server:
        server.script(Reply(calls=(Call("add", '{"a": 1}'),)), Reply(text="It is two."))
        ...                       # point a model at server.base_url
        server.requests[0].body   # what was asked

One script entry answers one request, in either protocol. Wire shapes after the reference of both
APIs (https://platform.openai.com/docs/api-reference/chat-streaming and .../responses-streaming).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Json = dict[str, Any]

_COMMENT_S = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of a scripted answer; its arguments go out in `pieces` parts."""

    name: str
    arguments: str = "{}"
    call_id: str = ""
    pieces: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer in order, as a well-behaved endpoint streams it.

    Text goes out word by word, or in `pieces`. After the first piece (of text, or of arguments)
    the server waits for `hold`; after the last event it waits `late_end_s` seconds before it ends
    the response. With `cut_after` the connection is cut after that many events.
    `usage` is (prompt, completion) or None for an endpoint that counts nothing.
    """

    text: str = ""
    pieces: tuple[str, ...] | None = None
    calls: tuple[Call, ...] = ()
    reasoning: str = ""
    refusal: str = ""
    finish: str | None = None
    usage: tuple[int, int] | None = (11, 7)
    hold: asyncio.Event | None = None
    late_end_s: float = 0.0
    cut_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def words(self) -> tuple[str, ...]:
        """The text as it is cut."""
        if self.pieces is not None:
            return self.pieces
        return tuple(re.findall(r"\S*\s*", self.text)[:-1]) if self.text else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Exactly these events (JSON objects, or bytes as they are), for every accent there is."""

    events: tuple[Json | bytes, ...]
    content_type: str = "text/event-stream"
    hold: asyncio.Event | None = None
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal: status, body (JSON unless it is text), headers. Status 0 cuts the connection."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Scripted = Reply | Raw | Failure


@dataclass(slots=True)
class Request:
    """What the server was asked, and by which connection."""

    path: str
    headers: Mapping[str, str]
    body: Json
    connection: str
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client went away before the answer was over."""


def chunk(delta: Json | None = None, *, finish: str | None = None, usage: Any = None) -> Json:
    """A Chat Completions chunk."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body: Json = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": choices,
    }
    return body if usage is None else {**body, "usage": usage}


class ModelServer:
    """The server. `answer`, if given, is asked (with the request's body) after the script."""

    def __init__(self, answer: Callable[[Json], Scripted] | None = None) -> None:
        self.requests: list[Request] = []
        self.connections: set[str] = set()
        self.models: list[Json] = [{"id": "m", "object": "model"}]
        self.pages: dict[str, Json] = {}
        """Further paths, for what servers tell of themselves: path -> JSON."""
        self.headers: dict[str, str] = {}
        """Headers of every answer."""
        self._script: deque[Scripted] = deque()
        self.answer = answer
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def root(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The address that a model is pointed at."""
        return f"{self.root}/v1"

    def script(self, *replies: Scripted) -> None:
        """Answers of the next requests, one each."""
        self._script.extend(replies)

    def clear(self) -> list[Scripted]:
        """Forget what is scripted; what nobody asked for."""
        left = list(self._script)
        self._script.clear()
        return left

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/{api:chat/completions|responses}", self._generate)
        app.router.add_get("/v1/models", self._list)
        app.router.add_route("*", "/{page:.*}", self._page)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop listening. Entered again, it listens on the same port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _list(self, request: web.Request) -> web.Response:
        self._seen(request, {})
        return web.json_response({"object": "list", "data": self.models}, headers=self.headers)

    async def _page(self, request: web.Request) -> web.Response:
        body: Json = await request.json() if request.can_read_body else {}
        self._seen(request, body)
        if request.path not in self.pages:
            return web.json_response({"error": "not found"}, status=404, headers=self.headers)
        return web.json_response(self.pages[request.path], headers=self.headers)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body: Json = await request.json()
        seen = self._seen(request, body)
        reply = self._next(body)
        if isinstance(reply, Failure):
            return self._fail(request, reply)
        chat = request.match_info["api"] == "chat/completions"
        response = web.StreamResponse(headers={**self.headers, **reply.headers})
        response.content_type = (
            reply.content_type if isinstance(reply, Raw) else "text/event-stream"
        )
        try:
            await response.prepare(request)
            await self._stream(request, response, reply, chat=chat)
        except asyncio.CancelledError:
            seen.cut.set()
            raise
        return response

    async def _stream(
        self, request: web.Request, response: web.StreamResponse, reply: Reply | Raw, *, chat: bool
    ) -> None:
        if isinstance(reply, Raw):
            first = 1
            frames = [e if isinstance(e, bytes) else _data(e) for e in reply.events]
            cut_after = len(frames) if reply.cut else None
        else:
            frames = list(_chat_frames(reply) if chat else _response_frames(reply))
            first = _first_content(frames)
            cut_after = reply.cut_after
        for sent, frame in enumerate(frames, 1):
            await response.write(frame)
            if sent == first and reply.hold is not None:
                await _held(response, reply.hold)
            if sent == cut_after:
                _cut(request)
                return
        if isinstance(reply, Reply) and reply.late_end_s:
            await asyncio.sleep(reply.late_end_s)
        await response.write_eof()

    def _fail(self, request: web.Request, failure: Failure) -> web.Response:
        if failure.status == 0:
            _cut(request)
            return web.Response()
        text = failure.body if isinstance(failure.body, str) else json.dumps(failure.body)
        return web.Response(
            status=failure.status,
            text=text,
            headers={**self.headers, **failure.headers},
            content_type="text/plain" if isinstance(failure.body, str) else "application/json",
        )

    def _next(self, body: Json) -> Scripted:
        if self._script:
            return self._script.popleft()
        if self.answer is not None:
            return self.answer(body)
        return Failure(418, {"error": {"message": "the script of this test is over"}})

    def _seen(self, request: web.Request, body: Json) -> Request:
        assert request.transport is not None
        connection = str(request.transport.get_extra_info("peername"))
        seen = Request(request.path, dict(request.headers), body, connection)
        self.connections.add(connection)
        self.requests.append(seen)
        return seen


async def _held(response: web.StreamResponse, hold: asyncio.Event) -> None:
    """Wait, with a comment now and then, as endpoints keep silent connections open."""
    while not hold.is_set():
        try:
            await asyncio.wait_for(hold.wait(), _COMMENT_S)
        except TimeoutError:
            await response.write(b": held\n\n")


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _data(event: Json, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(event)}\n\n".encode()


def _first_content(frames: list[bytes]) -> int | None:
    """The place (from 1) of the first frame that carries content."""
    marks = (b'"content": "', b'"arguments": "', b"output_text.delta", b"arguments.delta")
    empty = (b'"content": ""', b'"arguments": ""')
    for place, frame in enumerate(frames, 1):
        if any(mark in frame for mark in marks) and not any(mark in frame for mark in empty):
            return place
    return None


def _cut_up(text: str, pieces: int) -> Iterator[str]:
    size = max(1, -(-len(text) // max(pieces, 1)))
    return (text[i : i + size] for i in range(0, len(text), size))


def _chat_frames(reply: Reply) -> Iterator[bytes]:
    yield _data(chunk({"role": "assistant", "content": ""}))
    if reply.reasoning:
        yield _data(chunk({"reasoning_content": reply.reasoning}))
    for piece in reply.words:
        yield _data(chunk({"content": piece}))
    if reply.refusal:
        yield _data(chunk({"refusal": reply.refusal}))
    for index, call in enumerate(reply.calls):
        head = {"name": call.name, "arguments": ""}
        given = {"id": call.call_id or f"call_{index}", "type": "function", "function": head}
        yield _data(chunk({"tool_calls": [{"index": index, **given}]}))
        for piece in _cut_up(call.arguments, call.pieces):
            yield _data(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    yield _data(chunk({}, finish=reply.finish or ("tool_calls" if reply.calls else "stop")))
    if reply.usage is not None:
        prompt, completion = reply.usage
        counts = {"prompt_tokens": prompt, "completion_tokens": completion}
        yield _data(chunk(usage={**counts, "total_tokens": prompt + completion}))
    yield b"data: [DONE]\n\n"


def _response_frames(reply: Reply) -> Iterator[bytes]:
    sequence = 0

    def frame(kind: str, **fields: Any) -> bytes:
        nonlocal sequence
        sequence += 1
        return _data({"type": kind, "sequence_number": sequence, **fields}, kind)

    item: Json
    done: list[Json] = []
    response: Json = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    yield frame("response.created", response=response)
    yield frame("response.in_progress", response=response)
    if reply.reasoning:
        item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
        yield frame(
            "response.output_item.added", output_index=0, item={**item, "encrypted_content": ""}
        )
        yield frame("response.output_item.done", output_index=0, item=item)
        done.append(item)
    if reply.words or reply.refusal:
        at = {"output_index": len(done), "item_id": "msg_1", "content_index": 0}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
        yield frame("response.output_item.added", output_index=len(done), item=item)
        for piece in reply.words:
            yield frame("response.output_text.delta", **at, delta=piece)
        if reply.refusal:
            yield frame("response.refusal.delta", **at, delta=reply.refusal)
            part: Json = {"type": "refusal", "refusal": reply.refusal}
        else:
            yield frame("response.output_text.done", **at, text="".join(reply.words))
            part = {"type": "output_text", "text": "".join(reply.words), "annotations": []}
        item = {**item, "status": "completed", "content": [part]}
        yield frame("response.output_item.done", output_index=len(done), item=item)
        done.append(item)
    for index, call in enumerate(reply.calls):
        at = {"output_index": len(done), "item_id": f"fc_{index}"}
        item = {"type": "function_call", "id": f"fc_{index}", "name": call.name, "arguments": ""}
        item["call_id"] = call.call_id or f"call_{index}"
        yield frame("response.output_item.added", output_index=len(done), item=item)
        for piece in _cut_up(call.arguments, call.pieces):
            yield frame("response.function_call_arguments.delta", **at, delta=piece)
        item = {**item, "arguments": call.arguments, "status": "completed"}
        yield frame("response.function_call_arguments.done", **at, arguments=call.arguments)
        yield frame("response.output_item.done", output_index=len(done), item=item)
        done.append(item)
    ended: Json = {**response, "status": "completed", "output": done, "usage": None}
    if reply.usage is not None:
        prompt, completion = reply.usage
        ended["usage"] = {"input_tokens": prompt, "output_tokens": completion}
    if reply.finish in {"length", "content_filter"}:
        reason = "max_output_tokens" if reply.finish == "length" else "content_filter"
        ended |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
        yield frame("response.incomplete", response=ended)
    else:
        yield frame("response.completed", response=ended)
