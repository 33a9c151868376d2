"""The gateway: hello, identify, resume, heartbeats, and what goes wrong there.

Frames are zlib-compressed as one stream (`compress=zlib-stream`).
Source: https://docs.discord.com/developers/events/gateway and
/topics/opcodes-and-status-codes#gateway.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord.looks import APP, BOT, GUILD, Json, guild
from tests.fakes.discord.responding import Responding

GUILDS, MESSAGES, DIRECT, CONTENT = 1, 1 << 9, 1 << 12, 1 << 15


@dataclass
class Session:
    """One session of the gateway, which outlives its connections."""

    id: str
    intents: int
    shard: tuple[int, int]
    socket: Wire | None = None
    sequence: int = 0
    log: list[Json] = field(default_factory=list[Json])

    @property
    def hears_direct(self) -> bool:
        """Direct messages go to the first shard only."""
        return self.shard[0] == 0 and bool(self.intents & DIRECT)

    def wants(self, name: str, data: Json) -> Json | None:
        """The event as this session is told of it; None for not at all."""
        if not name.startswith("MESSAGE_"):
            return data
        in_guild = "guild_id" in data
        if in_guild and not self.intents & MESSAGES:
            return None
        if not in_guild and not self.hears_direct:
            return None
        if self.intents & CONTENT or not in_guild or "author" not in data:
            return data
        mentions = any(one["id"] == BOT for one in data["mentions"])
        if data["author"]["id"] == BOT or mentions:
            return data
        return {**data, "content": "", "attachments": [], "embeds": [], "components": []}


class Wire:
    """A connection of the gateway."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj() if compressed else None

    async def send(self, body: Json) -> None:
        if self.socket.closed:
            return
        text = json.dumps(body)
        try:
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
        except ConnectionError:
            return


@dataclass
class Gateway(Responding):
    """A guild that can be heard."""

    sessions: list[Session] = field(default_factory=list[Session])
    identifies: int = 0
    resumes: int = 0
    swallow_resumes: bool = False
    """Answer no RESUME: the connection stays open and deaf."""
    heartbeat_ms: int = 40_000
    deliveries: int = 1
    _outgoing: asyncio.Queue[tuple[str, Json]] = field(
        default_factory=asyncio.Queue[tuple[str, Json]]
    )
    _sender: asyncio.Task[None] | None = None

    @property
    def listening(self) -> int:
        """How many sessions have a connection."""
        return sum(one.socket is not None for one in self.sessions)

    def emit(self, name: str, data: Json) -> None:
        self._outgoing.put_nowait((name, json.loads(json.dumps(data))))

    async def send_events(self) -> None:
        """What happened goes out in order, and is kept for those who resume."""
        while True:
            name, data = await self._outgoing.get()
            for session in list(self.sessions):
                await self._tell(session, name, data)
            self._outgoing.task_done()

    async def told(self) -> None:
        """All that happened was sent."""
        await self._outgoing.join()

    async def _tell(self, session: Session, name: str, data: Json) -> None:
        told = session.wants(name, data)
        if told is None:
            return
        session.sequence += 1
        frame = {"op": 0, "t": name, "s": session.sequence, "d": told}
        session.log.append(frame)
        for _ in range(self.deliveries if name == "MESSAGE_CREATE" else 1):
            if session.socket is not None:
                await session.socket.send(frame)

    async def link(self, request: web.Request) -> web.StreamResponse:
        """A connection, from hello to its end."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        wire = Wire(socket, compressed=request.query.get("compress") == "zlib-stream")
        assert request.query.get("v") == "10", "another version of the API"
        await wire.send(
            {"op": 10, "d": {"heartbeat_interval": self.heartbeat_ms, "_trace": []}, "t": None}
        )
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    body: Json = json.loads(frame.data)
                    session = await self._take(wire, body) or session
        finally:
            if session is not None and session.socket is wire:
                session.socket = None
                if socket.close_code in (1000, 1001) and session in self.sessions:
                    self.sessions.remove(session)  # a client that leaves ends its session
        return socket

    async def _take(self, wire: Wire, body: Json) -> Session | None:
        match body["op"]:
            case 1:
                await wire.send({"op": 11, "d": None, "t": None, "s": None})
            case 2:
                return await self._identify(wire, body["d"])
            case 6:
                return await self._resume(wire, body["d"])
            case _:
                pass
        return None

    async def _identify(self, wire: Wire, asked: Json) -> Session | None:
        self.identifies += 1
        if asked["token"] != self.token:
            await wire.socket.close(code=4004, message=b"Authentication failed.")
            return None
        if asked["intents"] & CONTENT and not self.content_intent:
            await wire.socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        number, count = asked.get("shard") or (0, 1)
        session = Session(self.snowflake(), asked["intents"], (number, count), wire)
        self.sessions.append(session)
        await self._tell(session, "READY", self.ready(session))
        for created in self.guilds_of(session):
            await self._tell(session, "GUILD_CREATE", created)
        return session

    def ready(self, session: Session) -> Json:
        """What a new session is told first."""
        return {
            "v": 10,
            "user": {**self.people[BOT], "email": None, "mfa_enabled": True, "verified": True},
            "guilds": [{"id": one["id"], "unavailable": True} for one in self.guilds_of(session)],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url,
            "application": {"id": APP, "flags": self.do_application()["flags"]},
            "shard": list(session.shard),
        }

    def guilds_of(self, session: Session) -> list[Json]:
        """The guilds of its shard."""
        number, count = session.shard
        if (int(GUILD) >> 22) % count != number:
            return []
        rooms = [c for c in self.channels.values() if c.get("guild_id")]
        channels = [c for c in rooms if c["type"] != 11]
        threads = [c for c in rooms if c["type"] == 11]
        return [guild(channels, threads, list(self.people.values()))]

    async def _resume(self, wire: Wire, asked: Json) -> Session | None:
        self.resumes += 1
        if self.swallow_resumes:
            return None
        found = next((one for one in self.sessions if one.id == asked["session_id"]), None)
        if found is None or asked["token"] != self.token:
            await wire.send({"op": 9, "d": False, "t": None, "s": None})
            return None
        found.socket = wire
        for frame in found.log:
            if frame["s"] > asked["seq"]:
                await wire.send(frame)
        found.sequence += 1
        await wire.send({"op": 0, "t": "RESUMED", "s": found.sequence, "d": {"_trace": []}})
        return found

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""
        return self.url.replace("http://", "ws://").replace("/api/v10", "/gateway")

    # ------------------------------------------------------------------- faults

    async def drop(self, code: int = 4000) -> None:
        """Close every connection; the sessions can be resumed."""
        for session in list(self.sessions):
            if session.socket is not None:
                wire, session.socket = session.socket, None
                await wire.socket.close(code=code)

    async def ask_to_reconnect(self) -> None:
        """op 7."""
        await self._to_all({"op": 7, "d": None, "t": None, "s": None})

    async def invalidate(self) -> None:
        """op 9: the sessions are over."""
        wires = [one.socket for one in self.sessions if one.socket]
        self.sessions.clear()
        for wire in wires:
            await wire.send({"op": 9, "d": False, "t": None, "s": None})

    async def _to_all(self, frame: dict[str, Any]) -> None:
        for session in self.sessions:
            if session.socket is not None:
                await session.socket.send(frame)
