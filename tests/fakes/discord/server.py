"""The doors: REST, the gateway, files, signed calls; and what goes wrong there.

Faults are asked for: `fail`, `lose_answer`, `drop`, `ask_to_reconnect`, `invalidate`,
`swallow_resumes`; `deliveries` says how often each message comes.
Source of the rate limits: https://docs.discord.com/developers/topics/rate-limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Self, cast

import aiohttp
from aiohttp import web

from tests.fakes.discord.commands import check_commands
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.looks import APP, BOT, GUILD, Json, Refusal


@dataclass
class Call:
    """One call of the API."""

    method: str
    path: str
    body: Any


@dataclass
class Fault:
    """What the next calls that match meet."""

    method: str
    path: re.Pattern[str]
    status: int = 500
    code: int = 0
    retry_after: float = 0.0
    via: bool = True
    """Whether it comes from Discord itself, not from what stands before it."""
    lose: bool = False
    """Do it, then break the connection instead of answering."""
    reset: bool = False
    """Break the connection without doing it."""
    times: int = 1


@dataclass
class Doors(Gateway):
    """A Discord that can be talked to."""

    calls: list[Call] = field(default_factory=list[Call])
    faults: list[Fault] = field(default_factory=list[Fault])
    most_a_second: int = 0
    """Requests of the bot in a second, but for interactions; 0 is without limit."""
    clock: Callable[[], float] = time.monotonic
    limited: int = 0
    """How many came too fast."""
    _recent: deque[float] = field(default_factory=deque[float])
    _runner: web.AppRunner | None = None
    session: aiohttp.ClientSession | None = None

    async def open(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", self.link)
        app.router.add_get("/gateway/", self.link)
        app.router.add_get("/cdn/{file}/{name}", self._download)
        app.router.add_route("*", "/api/v10/{path:.*}", self._api)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = cast("tuple[str, int]", self._runner.addresses[0])[1]
        self.url = f"http://127.0.0.1:{port}/api/v10"
        self.session = aiohttp.ClientSession()
        self._sender = asyncio.create_task(self.send_events())
        return self

    async def close(self) -> None:
        await self.drop(1001)
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        if self.session is not None:
            await self.session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, **values: Any) -> AsyncIterator[Self]:
        discord = await cls(**values).open()
        try:
            yield discord
        finally:
            await discord.close()

    # ------------------------------------------------------------------- faults

    def fail(self, method: str, path: str, status: int = 500, **values: Any) -> None:
        """The next calls of the method whose path contains this pattern fail."""
        self.faults.append(Fault(method, re.compile(path), status, **values))

    def lose_answer(self, method: str, path: str) -> None:
        """The next such call happens, and nobody hears of it."""
        self.faults.append(Fault(method, re.compile(path), lose=True))

    def called(self, method: str, path: str) -> list[Any]:
        """The bodies of the calls of a method whose path contains this pattern."""
        found = re.compile(path)
        return [c.body for c in self.calls if c.method == method and found.search(c.path)]

    def _next_fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.path.search(path):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _is_too_fast(self, path: str) -> bool:
        """https://docs.discord.com/developers/topics/rate-limits#global-rate-limit."""
        if not self.most_a_second or path.startswith(("/interactions/", "/webhooks/")):
            return False
        now = self.clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        self._recent.append(now)
        is_too_fast = len(self._recent) > self.most_a_second
        self.limited += is_too_fast
        return is_too_fast

    # ------------------------------------------------------------------- REST

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        body, files = await _body(request)
        self.calls.append(Call(request.method, path, body))
        if self._is_too_fast(path):
            return _limited(0.3, scope="global")
        fault = self._next_fault(request.method, path)
        if fault is not None and not fault.lose:
            return _broken(request) if fault.reset else _fault(fault)
        try:
            done = self._carry_out(request, path, body, files)
        except Refusal as refusal:
            said: Json = {"code": refusal.code, "message": str(refusal)}
            return _json(refusal.status, said)
        if fault is not None:
            return _broken(request)
        if done is None:
            return web.Response(status=204, headers={"Via": "1.1 google"})
        created = request.method == "POST" and path.endswith("/threads")
        return _json(201 if created else 200, done)

    def _carry_out(self, request: web.Request, path: str, body: Any, files: dict[str, Any]) -> Any:
        parts = path.strip("/").split("/")
        by_token = parts[0] in ("interactions", "webhooks")
        if not by_token and request.headers.get("authorization") != f"Bot {self.token}":
            raise Refusal(401, 0, "401: Unauthorized")
        if parts[0] == "channels":
            return self._channels(request.method, parts[1:], body, files, dict(request.query))
        if by_token:
            return self._by_token_alone(request, parts, body, files)
        match request.method, parts:
            case "GET", ["users", "@me"]:
                return {**self.people[BOT], "verified": True, "mfa_enabled": True, "email": None}
            case "GET", ["users", "@me", "guilds"]:
                return [
                    {"id": GUILD, "name": "Fake", "permissions": self.permissions, "features": []}
                ]
            case "POST", ["users", "@me", "channels"]:
                return self.do_open_dm(body)
            case "GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]:
                return self.do_application()
            case "GET", ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
                return {"url": self.gateway_url, "shards": 1, "session_start_limit": limit}
            case "GET", ["applications", app, "commands"] if app == APP:
                return self.commands
            case "PUT", ["applications", app, "commands"] if app == APP:
                check_commands(body)
                self.commands = [
                    {"id": self.snowflake(), "application_id": APP, "version": "1", **command}
                    for command in body
                ]
                return self.commands
            case _:
                raise AssertionError(f"no such route: {request.method} {path}")

    def _by_token_alone(
        self, request: web.Request, parts: list[str], body: Any, files: dict[str, Any]
    ) -> Any:
        """Interactions, which need no authorization but their token."""
        match request.method, parts:
            case "POST", ["interactions", interaction_id, token, "callback"]:
                answer = self.do_callback(interaction_id, token, body)
                return answer if request.query.get("with_response") else None
            case "POST", ["webhooks", app, token] if app == APP:
                return self.do_followup(token, body, files)
            case "GET", ["webhooks", app, token, "messages", message] if app == APP:
                return self.do_get_response(token, message)
            case "PATCH", ["webhooks", app, token, "messages", message] if app == APP:
                return self.do_edit_response(token, message, body, files)
            case "DELETE", ["webhooks", app, token, "messages", message] if app == APP:
                return self.do_delete_response(token, message)
            case _:
                raise AssertionError(f"no such route: {request.method} {parts}")

    def _channels(
        self, method: str, parts: list[str], body: Any, files: dict[str, Any], query: dict[str, str]
    ) -> Any:
        match method, parts:
            case "GET", [where]:
                return self.do_get_channel(where)
            case "PATCH", [where]:
                return self.do_change_channel(where, body)
            case "GET", [where, "messages"]:
                return self.do_history(where, query)
            case "GET", [where, "messages", message]:
                return self.do_get_message(where, message)
            case "POST", [where, "messages"]:
                return self.do_send(where, body, files)
            case "PATCH", [where, "messages", message]:
                return self.do_edit(where, message, body, files)
            case "DELETE", [where, "messages", message]:
                return self.do_delete(where, message)
            case "POST", [where, "typing"]:
                return self.do_typing(where)
            case "POST", [where, "messages", message, "threads"]:
                return self.do_thread(where, message, body)
            case _:
                raise AssertionError(f"no such route: {method} /channels/{'/'.join(parts)}")

    async def _download(self, request: web.Request) -> web.Response:
        data = self.files.get(request.match_info["file"])
        if data is None or "ex" not in request.query:
            return web.Response(status=404, text="This content is no longer available.")
        assert "authorization" not in request.headers, "the token went to the file host"
        return web.Response(body=data)


async def _body(request: web.Request) -> tuple[Any, dict[str, Any]]:
    """The JSON of a request, and the files that come with it."""
    if not request.content_type.startswith("multipart/"):
        return (await request.json() if request.can_read_body else None), {}
    body: Any = None
    files: dict[str, Any] = {}
    async for part in await request.multipart():
        assert isinstance(part, aiohttp.BodyPartReader)
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(data)
            continue
        kind = part.headers.get("content-type", "application/octet-stream")
        files[str(part.name)] = {"name": part.filename, "data": data, "type": kind}
    return body, files


def _json(status: int, body: Any) -> web.Response:
    """Discord says `application/json` and nothing behind it."""
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Via": "1.1 google"},
    )


def _fault(fault: Fault) -> web.Response:
    if fault.status != 429:
        if fault.status < 500:
            return _json(fault.status, {"code": fault.code, "message": "asked for by a test"})
        return web.Response(status=fault.status, text="<html>Bad gateway</html>")
    if not fault.via:
        wait = {"Retry-After": str(max(1, round(fault.retry_after)))}
        return web.Response(status=429, text="error code: 1015", headers=wait)
    return _limited(fault.retry_after, code=fault.code)


def _limited(retry_after: float, *, scope: str = "user", code: int = 0) -> web.Response:
    """A 429 of Discord's own; `scope` is `user`, `global` or `shared`."""
    is_global = scope == "global"
    body: Json = {
        "message": "You are being rate limited.",
        "retry_after": retry_after,
        "global": is_global,
        "code": code,
    }
    answer = _json(429, body)
    answer.headers["Retry-After"] = str(max(1, round(retry_after)))
    answer.headers["X-RateLimit-Scope"] = scope
    if is_global:
        answer.headers["X-RateLimit-Global"] = "true"
    return answer


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
