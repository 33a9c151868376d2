"""A small, strict Assistants server on loopback: the reference's bodies and errors, nothing more.

    async with PlainServer(FakeAssistants()) as server:
        ...                       # point a client at server.base_url, with server.key
        server.requests           # what was asked: method, path, headers, body

It has no header, field or hint of Bobbin's, and refuses what the reference does not have: a missing
beta header or key, unknown fields of bodies and queries. What it serves is a `FakeAssistants`.
Source of shapes and sentences: the Assistants API reference, v2.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from core.assistants import (
    TERMINAL_RUN_STATUSES,
    Assistant,
    Message,
    Run,
    StreamEvent,
    from_wire,
    to_wire,
)
from core.chat.turn_messages import Document, TurnMessage
from core.errors import InvalidRequest, NotFound, Unauthorized
from tests.fakes.assistants import FakeAssistants

Json = dict[str, Any]

_LIST = {"limit", "order", "after", "before"}
_ASSISTANT = {
    "model", "name", "description", "instructions", "tools", "metadata", "temperature", "top_p",
}  # fmt: skip
_RUN = {"assistant_id", "additional_messages", "metadata", "stream"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json


@dataclass(slots=True)
class Faults:
    """What goes wrong. `before`: the next requests are answered with such a status and headers, and
    nothing is looked at; 200 is a request to which nothing happens."""

    before: list[tuple[int, dict[str, str]]] = field(default_factory=list[Any])
    lose_answers: int = 0
    """Run creations that are carried out and whose connection is cut without an answer."""
    cut_streams: bool = False
    """Streams end behind the first text."""


class PlainServer:
    """The server; `streams=False` is one that knows no `stream` field."""

    def __init__(self, service: FakeAssistants, *, streams: bool = True) -> None:
        self.service = service
        self.streams = streams
        self.key = "sk-plain-0123456789"
        self.faults = Faults()
        self.poll_after_ms: int | None = None
        """What the official client's polling is told to wait; nothing by default."""
        self.requests: list[Asked] = []
        self.assistants: dict[str, Assistant] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.base_url = ""
        self.connections: set[object] = set()
        """Connections that ever asked."""
        self._count = 0
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self.service.aclose()

    # ---------------------------------------------------------------- one request

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        try:
            path = request.path.removeprefix("/v1/")
            body: Json = await _body(request)
            self.requests.append(Asked(request.method, path, dict(request.headers), body))
            if self.faults.before:
                status, headers = self.faults.before.pop(0)
            else:
                status, headers = 200, {}
            if status != 200:
                return _refusal(status, "rate limit" if status == 429 else "broken", headers)
            self._check_headers(request)
            return await self._route(request, path.split("/"), body)
        except InvalidRequest as error:
            return _refusal(error.status, error.message, {}, param=error.param)

    def _check_headers(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            raise Unauthorized("Incorrect API key provided.")
        beta = request.headers.get("OpenAI-Beta", "")
        if "assistants=v2" not in beta and not request.path.startswith("/v1/files"):
            raise InvalidRequest("You must provide the 'OpenAI-Beta' header.", code="invalid_beta")

    async def _route(self, request: web.Request, path: list[str], body: Json) -> web.StreamResponse:
        match [request.method, *path]:
            case [_, "files", *rest]:
                return await self._about_files(request.method, rest, body)
            case ["GET", "threads", thread_id]:
                await self.service.messages(thread_id, run_id=None, limit=1)
                return _thread(thread_id, None)
            case ["DELETE", "threads", thread_id]:
                await self.service.messages(thread_id, run_id=None, limit=1)
                await self.service.delete_thread(thread_id)
                return _deleted("thread", thread_id)
            case [_, "assistants", *rest]:
                return self._about_assistants(request, rest, body)
            case ["POST", "threads"]:
                _only(body, {"messages", "metadata", "tool_resources"})
                self._count += 1
                thread_id = await self.service.create_thread(str(self._count), {})
                return _thread(thread_id, body.get("metadata"))
            case ["GET", "threads", thread_id, "messages"]:
                run_id = request.query.get("run_id")
                found = await self.service.messages(thread_id, run_id=run_id, limit=10**6)
                return _page(request, found, also={"run_id"})
            case ["DELETE", "threads", thread_id, "messages", message_id]:
                return await self._removed(thread_id, message_id)
            case ["GET" | "POST", "threads", thread_id, "runs", *rest]:
                return await self._about_runs(request, thread_id, rest, body)
            case _:
                return web.json_response({"detail": "Not Found"}, status=404)

    async def _about_files(self, method: str, path: list[str], body: Json) -> web.StreamResponse:
        match [method, *path]:
            case ["POST"]:
                name = await self.service.keep_file(*body["file"], picture=False)
                self.files[name] = body["file"]
                return self._about_file(name)
            case ["DELETE", file_id]:
                self._file(file_id)
                del self.files[file_id]
                return _deleted("file", file_id)
            case ["GET", file_id]:
                return self._about_file(file_id)
            case ["GET", file_id, "content"]:
                return web.Response(body=self._file(file_id)[1])
            case _:
                return web.json_response({"detail": "Not Found"}, status=404)

    def _about_assistants(
        self, request: web.Request, path: list[str], body: Json
    ) -> web.StreamResponse:
        match [request.method, *path]:
            case ["GET"]:
                return _page(request, list(self.assistants.values()))
            case ["GET", assistant_id]:
                if assistant_id not in self.assistants:
                    raise NotFound.object("assistant", assistant_id)
                return _object(self.assistants[assistant_id])
            case ["POST"]:
                return self._changed_assistant(None, body)
            case ["POST", assistant_id]:
                return self._changed_assistant(assistant_id, body)
            case ["DELETE", assistant_id] if assistant_id in self.assistants:
                del self.assistants[assistant_id]
                return _deleted("assistant", assistant_id)
            case _:
                return web.json_response({"detail": "Not Found"}, status=404)

    async def _about_runs(
        self, request: web.Request, thread_id: str, path: list[str], body: Json
    ) -> web.StreamResponse:
        match [request.method, *path]:
            case ["GET"]:
                await self.service.find_runs(thread_id, {})
                runs = [run for run in self.service.runs.values() if run.thread_id == thread_id]
                return _page(request, runs)
            case ["POST"]:
                return await self._new_run(request, thread_id, body)
            case ["GET", run_id]:
                answer = _object(await self.service.run(thread_id, run_id))
                if self.poll_after_ms is not None:
                    answer.headers["openai-poll-after-ms"] = str(self.poll_after_ms)
                return answer
            case ["GET", run_id, "steps"]:
                await self.service.run(thread_id, run_id)
                return _page(request, await self.service.steps(thread_id, run_id))
            case ["POST", run_id, "cancel"]:
                return await self._cancelled(thread_id, run_id)
            case ["POST", run_id, "submit_tool_outputs"]:
                _only(body, {"tool_outputs", "stream"} if self.streams else {"tool_outputs"})
                outputs = {one["tool_call_id"]: one["output"] for one in body["tool_outputs"]}
                await self.service.submit_outputs(thread_id, run_id, outputs)
                run = await self.service.run(thread_id, run_id)
                return await self._run_answer(request, body, run, behind_call=min(outputs))
            case _:
                return web.json_response({"detail": "Not Found"}, status=404)

    # ---------------------------------------------------------------- objects

    def _file(self, file_id: str) -> tuple[str, bytes]:
        if file_id not in self.files:
            raise NotFound.object("file", file_id)
        return self.files[file_id]

    def _about_file(self, file_id: str) -> web.Response:
        name, data = self._file(file_id)
        about = {"id": file_id, "object": "file", "bytes": len(data), "created_at": 1}
        return web.json_response({**about, "filename": name, "purpose": "assistants"})

    def _changed_assistant(self, assistant_id: str | None, body: Json) -> web.Response:
        _only(body, _ASSISTANT)
        before: Json = {}
        if assistant_id is not None:
            if assistant_id not in self.assistants:
                raise NotFound.object("assistant", assistant_id)
            before = to_wire(self.assistants[assistant_id])
            del before["object"]
        elif "model" not in body:
            raise InvalidRequest("Missing required parameter: 'model'.", param="model")
        self._count += 1
        new: Json = {"id": f"asst_{self._count}", "created_at": self._count}
        made = from_wire(Assistant, new | before | body)
        self.assistants[made.id] = made
        return _object(made)

    async def _removed(self, thread_id: str, message_id: str) -> web.Response:
        found = await self.service.messages(thread_id, run_id=None, limit=10**6)
        if message_id not in {message.id for message in found}:
            raise NotFound.object("message", message_id)
        await self.service.delete_message(thread_id, message_id)
        return _deleted("thread.message", message_id)

    # ---------------------------------------------------------------- Runs

    async def _new_run(
        self, request: web.Request, thread_id: str, body: Json
    ) -> web.StreamResponse:
        _only(body, _RUN if self.streams else _RUN - {"stream"})
        if self.assistants and body["assistant_id"] not in self.assistants:
            raise NotFound.object("assistant", body["assistant_id"])
        messages: list[TurnMessage] = []
        for message in body.get("additional_messages", []):
            _only(message, {"role", "content", "metadata", "attachments"})
            documents = [
                Document(one["file_id"], tuple(tool["type"] for tool in one["tools"]))
                for one in message.get("attachments", ())
            ]
            messages.append(
                TurnMessage(
                    text=message["content"],
                    metadata=message["metadata"],
                    documents=tuple(documents),
                )
            )
        run = await self.service.create_run(
            thread_id, body["assistant_id"], messages, body.get("metadata") or {}
        )
        if self.faults.lose_answers:
            self.faults.lose_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        return await self._run_answer(request, body, run)

    async def _run_answer(
        self, request: web.Request, body: Json, run: Run, *, behind_call: str | None = None
    ) -> web.StreamResponse:
        if not body.get("stream"):
            return _object(run)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        told = self._told(run.thread_id, run.id, behind_call)
        async with aclosing(told) as events:
            async for event in events:
                await response.write(_frame(event.name, json.dumps(_wire(event.data))))
                if self.faults.cut_streams and event.name == "thread.message.delta":
                    assert request.transport is not None
                    request.transport.abort()
                    return response
        await response.write(_frame("done", "[DONE]"))
        return response

    async def _told(
        self, thread_id: str, run_id: str, behind_call: str | None
    ) -> AsyncGenerator[StreamEvent, None]:
        async for event in self.service.events(thread_id, run_id, behind_call=behind_call):
            yield event

    async def _cancelled(self, thread_id: str, run_id: str) -> web.Response:
        run = await self.service.run(thread_id, run_id)
        if run.status in TERMINAL_RUN_STATUSES:
            raise InvalidRequest(f"Cannot cancel run with status '{run.status}'.")
        await self.service.cancel(thread_id, run_id)
        return _object(await self.service.run(thread_id, run_id))


async def _body(request: web.Request) -> Json:
    """The fields of JSON, or of a form with a file: its name and bytes."""
    if not request.can_read_body:
        return {}
    if request.content_type != "multipart/form-data":
        return await request.json()
    form = await request.post()
    file = form["file"]
    assert isinstance(file, web.FileField)
    return {"file": (file.filename, file.file.read()), "purpose": form["purpose"]}


def _thread(thread_id: str, metadata: Json | None) -> web.Response:
    about = {"id": thread_id, "object": "thread", "created_at": 1, "tool_resources": None}
    return web.json_response(about | {"metadata": metadata})


def _deleted(kind: str, name: str) -> web.Response:
    return web.json_response({"id": name, "object": f"{kind}.deleted", "deleted": True})


def _only(body: Json, known: set[str]) -> None:
    for name in body:
        if name not in known:
            raise InvalidRequest(f"Unknown parameter: '{name}'.", param=name)


def _page(request: web.Request, values: list[Any], *, also: set[str] | None = None) -> web.Response:
    """A part of a list that is given in the order of insertion."""
    _only(dict(request.query), _LIST | (also or set()))
    limit = int(request.query.get("limit", "20"))
    if not 1 <= limit <= 100:
        raise InvalidRequest("Invalid 'limit'.", param="limit")
    ascending = request.query.get("order", "desc") == "asc"
    values = values if ascending else values[::-1]
    after = request.query.get("after")
    if after is not None:
        places = {value.id: place for place, value in enumerate(values)}
        values = values[places[after] + 1 :]
    page, rest = values[:limit], values[limit:]
    return web.json_response(
        {
            "object": "list",
            "data": [_wire(value) for value in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": bool(rest),
        }
    )


def _wire(value: Any) -> Json:
    """The object as JSON; metadata that nobody gave is null, as the reference allows."""
    body = to_wire(value)
    return body | {"metadata": None} if body.get("metadata") == {} else body


def _object(value: Assistant | Run | Message) -> web.Response:
    return web.json_response(_wire(value))


def _frame(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


def _refusal(
    status: int, message: str, headers: dict[str, str], *, param: str | None = None
) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return web.json_response({"error": error}, status=status, headers=headers)
