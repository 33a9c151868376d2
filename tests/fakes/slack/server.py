"""The workspace's doors: its web API, its sockets, its signed calls; and what goes wrong there.

Faults are asked for: `fail`, `lose_answer`, `refusing`, `drop_sockets`, `away`, `revoke`;
`deliveries` says how often each event comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self, cast

import aiohttp
from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

from tests.fakes.slack.looks import Json
from tests.fakes.slack.workspace import Workspace

ACK_S = 3.0
"""Events API: no answer within three seconds counts as none, and the event comes again."""
ONLY_ACK_S = 15.0
"""Commands and presses come once: at Slack with three seconds, which a machine that stands still
under a test would miss."""


@dataclass
class Call:
    """One call of the web API."""

    method: str
    arguments: Json
    token: str
    at: float
    """When it came, in seconds of the monotonic clock."""


@dataclass
class Fault:
    """What the next calls of a method meet."""

    error: str = ""
    status: int = 200
    retry_after: int | None = None
    lose: bool = False
    """Do it, then break the connection instead of answering."""
    times: int = 1


@dataclass
class Doors(Workspace):
    """A workspace that can be talked to."""

    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    request_url: str = ""
    """Where events go by HTTP; empty: over sockets."""
    deliveries: int = 1
    away: bool = False
    """Whether every connection breaks before it is answered."""
    wrong: list[str] = field(default_factory=list[str])
    """What was asked in a way that Slack does not take; every test looks at it at its end."""
    calls: list[Call] = field(default_factory=list[Call])
    _faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    _sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    _acks: dict[str, asyncio.Future[Json]] = field(
        default_factory=dict[str, "asyncio.Future[Json]"]
    )
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    # ------------------------------------------------------------------- life

    async def open(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files/{file}", self._download)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = cast("tuple[str, int]", self._runner.addresses[0])[1]
        self.url = f"http://127.0.0.1:{port}/api/"
        self._session = aiohttp.ClientSession()
        return self

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.close()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, **values: Any) -> AsyncIterator[Self]:
        slack = await cls(**values).open()
        try:
            yield slack
        finally:
            await slack.close()

    # ------------------------------------------------------------------- faults

    def fail(self, method: str, error: str = "", *, times: int = 1, **values: Any) -> None:
        """The next `times` calls of the method fail."""
        self._faults[method].append(Fault(error=error, times=times, **values))

    def forgive(self) -> None:
        """From here on nothing fails."""
        self._faults.clear()

    def lose_answer(self, method: str) -> None:
        """The next call happens, and nobody hears of it."""
        self._faults[method].append(Fault(lose=True))

    async def drop_sockets(self) -> None:
        """Close every socket, as Slack does when it refreshes them."""
        for socket in list(self._sockets):
            await socket.close()

    async def revoke(self) -> None:
        """Somebody removes the app: no token of its is taken, its sockets are closed.

        Sources: https://docs.slack.dev/reference/methods/auth.test (errors),
        https://docs.slack.dev/apis/events-api/using-socket-mode (link_disabled).
        """
        self.revoked = True
        for socket in list(self._sockets):
            await socket.send_str(json.dumps({"type": "disconnect", "reason": "link_disabled"}))
            await socket.close()

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._sockets)

    def called(self, method: str) -> list[Json]:
        """The arguments of each call of a method."""
        return [call.arguments for call in self.calls if call.method == method]

    # ------------------------------------------------------------------- deliveries

    async def send(self, kind: str, payload: Json, *, retry: int = 0) -> Json:
        if self.request_url:
            return await self._post_event(kind, payload, retry)
        patience_s = ACK_S if kind == "events_api" else ONLY_ACK_S
        deadline = asyncio.get_running_loop().time() + patience_s
        while not self._sockets:
            if asyncio.get_running_loop().time() > deadline:
                raise ConnectionError("nobody listens")
            await asyncio.sleep(0.02)
        envelope = f"e{next(self.numbers)}"
        socket = self._sockets[next(self.numbers) % len(self._sockets)]
        done = self._acks[envelope] = asyncio.get_running_loop().create_future()
        frame: Json = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if retry:
            frame |= {"retry_attempt": retry, "retry_reason": "timeout"}
        try:
            await socket.send_str(json.dumps(frame))
            async with asyncio.timeout(patience_s):
                return await done
        finally:
            self._acks.pop(envelope, None)

    async def _post_event(self, kind: str, payload: Json, retry: int) -> Json:
        if kind == "events_api":
            data, media = json.dumps(payload), "application/json"
        else:
            media = "application/x-www-form-urlencoded"
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            data = aiohttp.FormData(form)().decode()
        stamp = str(int(time.time()))
        signature = SignatureVerifier(self.signing_secret).generate_signature(
            timestamp=stamp, body=data
        )
        headers = {
            "content-type": media,
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": str(signature),
        }
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_error"}
        assert self._session is not None
        async with asyncio.timeout(ACK_S if kind == "events_api" else ONLY_ACK_S):
            async with self._session.post(self.request_url, data=data, headers=headers) as answer:
                if answer.status != 200:
                    raise ConnectionError(f"answered {answer.status}")
                text = await answer.text()
                return json.loads(text) if text.startswith("{") else {"text": text}

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"type": "hello", "num_connections": self.sockets + 1}))
        self._sockets.append(socket)
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    body: Json = json.loads(frame.data)
                    waiting = self._acks.get(str(body.get("envelope_id")))
                    if waiting is not None and not waiting.done():
                        waiting.set_result(body.get("payload") or {})
        finally:
            self._sockets.remove(socket)
        return socket

    # ------------------------------------------------------------------- web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.away and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if method == "response":
            return web.json_response({"ok": True})
        arguments = await _arguments(request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = str(arguments.pop("token", "") or bearer)
        arguments.pop("team_id", None)  # clients of apps for several workspaces send it everywhere
        self.calls.append(Call(method, arguments, token, time.monotonic()))
        fault = self._next_fault(method)
        if fault is not None and not fault.lose:
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            body = {"ok": False, "error": fault.error or "internal_error"}
            return web.json_response(body, status=fault.status, headers=headers)
        try:
            answer = self.carry_out(method, arguments, token)
        except AssertionError as error:
            self.wrong.append(f"{method}: {error}")
            return web.json_response({"ok": False, "error": "invalid_arguments"})
        if fault is not None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = {"x-oauth-scopes": ",".join(self.scopes)} if token == self.bot_token else {}
        return web.json_response(answer, headers=headers)

    def _next_fault(self, method: str) -> Fault | None:
        waiting = self._faults[method]
        if not waiting:
            return None
        fault = waiting[0]
        fault.times -= 1
        if fault.times <= 0:
            waiting.pop(0)
        return fault

    async def _upload(self, request: web.Request) -> web.Response:
        if self._next_fault("upload"):
            return web.Response(status=503)
        file = self.files[request.match_info["file"]]
        if request.content_type.startswith("multipart/"):  # Node's client sends a form
            fields = cast("list[web.FileField]", list((await request.post()).values()))
            file["data"] = fields[0].file.read()
        else:
            file["data"] = await request.read()
        if len(file["data"]) != file["size"]:
            self.wrong.append("a file has another length than was said")
        return web.Response(text="OK - " + str(file["size"]))

    async def _download(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {self.bot_token}":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        file = self.files[request.match_info["file"]]
        return web.Response(body=file["data"], content_type=file["mimetype"])


async def _arguments(request: web.Request) -> Json:
    """Query, form and JSON, which the SDK mixes as it likes."""
    found: Json = dict(request.query)
    if "json" in request.content_type:
        found |= await request.json()
    elif request.can_read_body:
        found |= dict(await request.post())
    return found
