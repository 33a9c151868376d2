"""Hearing Discord: its gateway, by discord.py, which keeps the connection and resumes it.

What comes over it is taken as it came (`on_socket_raw_receive`) and translated by `events`;
discord.py's own caches are off. One `Client` has one shard: another class of its, which has
several, begins a new session where this one resumes.

discord.py waits for the answer to a RESUME for ever. Whoever is connected and was told neither
READY nor RESUMED for `DEAF_S` is deaf: first the connection is closed, so that it is resumed, then
the whole client is made anew, and what was missed is asked for (`backfill`).

Too many sessions a day cost the app its token, so all processes share a budget of them.
Serial: the life of a connection. What survives a crash: nothing is kept here. Bounded: see `ears`.
Source: https://docs.discord.com/developers/events/gateway (resuming, 1000 sessions a day).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Protocol, cast

import aiohttp
import discord
import orjson
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.api import BANNED_S
from core.chat.pacing import Pace, Pacer
from core.clock import Clock
from core.errors import ConfigurationError, PlatformUnavailable

log = logging.getLogger(__name__)

DEAF_S: Final = 30.0
WATCH_S: Final = 1.0

_EVERY: Final = Pace(5_000)
"""Sessions of one app: one in five seconds."""
_BUDGET: Final = Pace(100_000, 100)
"""A hundred at once and 864 a day after that: below the thousand that Discord allows."""
_NEVER_MIND_MS: Final = 24 * 3600 * 1000

NO_CONTENT: Final = (
    "Discord does not let this app read message contents, so only mentions, direct messages and "
    "commands are heard: switch on Message Content Intent on the app's page, Bot."
)
NOT_TAKEN: Final = (
    "Discord's gateway does not take DISCORD_TOKEN. Copy the token from the app's page, "
    "Bot > Reset Token, into DISCORD_TOKEN."
)


class Listener(Protocol):
    """Who is told."""

    def hear(self, name: str, data: dict[str, Any]) -> None:
        """An event, in the order in which Discord sent it."""
        ...

    def without_contents(self) -> None:
        """From now on nothing is told of what messages say that do not mention us."""
        ...

    def alive(self) -> None:
        """Something came from Discord: all before it was heard."""
        ...

    @property
    def full(self) -> bool:
        """Whether to tell it nothing until this passes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a connection needs. `shard` is its number and how many there are."""

    token: str
    api_url: str
    gateway_url: str
    shard: tuple[int, int]
    name: str
    deaf_s: float = DEAF_S


class _Client(discord.Client):
    """discord.py's client, which does nothing but listen."""

    def __init__(self, link: Link, listener: Listener, pacer: Pacer, *, content: bool) -> None:
        intents = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=content
        )
        super().__init__(
            intents=intents,
            shard_id=link.shard[0],
            shard_count=link.shard[1],
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            enable_debug_events=True,
        )
        self._link = link
        self._listener = listener
        self._pacer = pacer
        self.hears = asyncio.Event()
        # What comes is taken as it came. Making objects of it costs time, and a field that lacks
        # and that discord.py wants would end the connection.
        self._connection.parsers = {}
        self.waits = False
        """Whether it is not yet its turn to begin a session."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        self.waits = True
        for pace, name in ((_EVERY, "each"), (_BUDGET, "day")):
            wait = await self._pacer.reserve(
                f"{self._link.name}:identify:{name}", pace, _NEVER_MIND_MS
            )
            if wait:
                log.info("waiting %d ms for a session of the gateway", wait)
                await asyncio.sleep(wait / 1000)
        self.waits = False

    async def application_info(self) -> discord.AppInfo:
        """Nobody asks it here, and not everybody who speaks like Discord has it."""
        known = SimpleNamespace(
            id=0, interactions_endpoint_url=None, flags=discord.ApplicationFlags()
        )
        return cast("discord.AppInfo", known)

    async def on_socket_raw_receive(self, text: str | bytes) -> None:
        frame: dict[str, Any] = orjson.loads(text)
        if frame.get("op") == 0:
            name = str(frame["t"])
            if name in ("READY", "RESUMED"):
                self.hears.set()
            self._listener.hear(name, cast("dict[str, Any]", frame["d"]))
        if self.hears.is_set():
            self._listener.alive()

    async def on_disconnect(self) -> None:
        self.hears.clear()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.error("something went wrong in %s: %r", event_method, sys.exc_info()[1])


class _Socket(DiscordWebSocket):
    """discord.py's connection, which would break on a READY that does not say where to resume."""

    async def received_message(self, msg: Any, /) -> None:
        text = self._decompressor.decompress(msg) if isinstance(msg, bytes) else msg
        if text is None:
            return  # a part of a frame
        if '"READY"' in text:
            frame: dict[str, Any] = orjson.loads(text)
            if frame.get("t") == "READY":
                said = cast("dict[str, Any]", frame["d"])
                said.setdefault("session_id", "")
                if not said.get("resume_gateway_url"):
                    said["resume_gateway_url"] = str(self.DEFAULT_GATEWAY)
                text = orjson.dumps(frame).decode()
        await super().received_message(text)


class Gateway:
    """One shard of the gateway, kept connected."""

    def __init__(self, link: Link, listener: Listener, pacer: Pacer, clock: Clock) -> None:
        self._link = link
        self._listener = listener
        self._pacer = pacer
        self._clock = clock
        self._client: _Client | None = None
        self._content = True
        """Whether message contents are heard; found out by trying."""
        logging.getLogger("discord.client").addFilter(_without_traceback)
        discord.VoiceClient.warn_nacl = False
        discord.VoiceClient.warn_dave = False

    @property
    def connected(self) -> bool:
        """Whether it hears just now."""
        return self._client is not None and self._client.hears.is_set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        """Hear until the block ends. The first connection hears when it begins.

        Raises:
            ConfigurationError: Discord does not take the token or the shard.
            PlatformUnavailable: it cannot be reached.
        """
        Route.BASE = self._link.api_url
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._link.gateway_url)
        clients: Any = discord.client
        clients.DiscordWebSocket = _Socket
        heard = asyncio.Event()
        task = asyncio.create_task(self._keep(heard), name="discord gateway")
        waiting = asyncio.create_task(heard.wait())
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield self
        finally:
            for one in (task, waiting):
                one.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    async def _keep(self, heard: asyncio.Event) -> None:
        pause = 1.0
        while True:
            while self._listener.full:
                await self._clock.sleep(WATCH_S)
            begun = self._clock.monotonic()
            try:
                await self._connect(heard)
            except discord.PrivilegedIntentsRequired:
                log.warning(NO_CONTENT)
                self._content = False
                self._listener.without_contents()
                continue
            except (discord.LoginFailure, discord.ConnectionClosed) as error:
                problem = _problem(error)
                if problem is None or heard.is_set():
                    log.warning("Discord ended the connection: %s", error)
                else:
                    raise problem from error
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                if isinstance(error, discord.HTTPException) and error.status == 429:
                    log.warning("Discord does not talk to this address; waiting for that to pass")
                    await self._clock.sleep(BANNED_S)
                    continue
                if not heard.is_set():
                    raise PlatformUnavailable(f"Discord cannot be heard: {error}") from error
                log.warning("the connection to Discord broke: %s", error)
            except Exception as error:
                if not heard.is_set():
                    raise PlatformUnavailable(f"Discord cannot be understood: {error!r}") from error
                log.warning("what Discord said could not be understood: %r", error)
            if self._clock.monotonic() - begun > 60:
                pause = 1.0
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (no secret)
            pause = min(pause * 2, 300.0)

    async def _connect(self, heard: asyncio.Event) -> None:
        """One client, from its birth until it gives up or is deaf."""
        client = _Client(self._link, self._listener, self._pacer, content=self._content)
        self._client = client
        running = asyncio.create_task(client.start(self._link.token), name="discord client")
        watching = asyncio.create_task(self._watch(client, heard), name="discord watchdog")
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            watching.cancel()
            try:
                await client.close()
            except Exception as error:  # noqa: BLE001  (whatever its connection died of)
                log.info("a connection did not close well: %s", error)
            running.cancel()
            await asyncio.gather(running, watching, return_exceptions=True)

    async def _watch(self, client: _Client, heard: asyncio.Event) -> None:
        """Return when this client is to be replaced: deaf, and closing its socket did not help."""
        silent_since: float | None = None
        strikes = 0
        while True:
            await asyncio.sleep(WATCH_S if heard.is_set() else 0.02)
            if self._listener.full:
                log.warning(
                    "more comes from Discord than can be stored; the rest is asked for later"
                )
                return
            socket = cast("DiscordWebSocket | None", client.ws)
            if client.hears.is_set():
                heard.set()
                silent_since, strikes = None, 0
                continue
            now = self._clock.monotonic()
            if socket is None or not socket.open or client.waits:
                silent_since = None  # it is connecting, which has its own pace
                continue
            silent_since = now if silent_since is None else silent_since
            if now - silent_since < self._link.deaf_s:
                continue
            strikes += 1
            if strikes > 1:
                log.warning("the connection to Discord is deaf and is made anew")
                return
            log.warning("the connection to Discord is deaf and is closed, to be resumed")
            silent_since = None
            await socket.close(4000)


def _without_traceback(record: logging.LogRecord) -> bool:
    """A connection that broke is no defect: one line says it."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"{record.msg} ({type(record.exc_info[1]).__name__})"
        record.exc_info = None
    return True


def _problem(error: discord.LoginFailure | discord.ConnectionClosed) -> ConfigurationError | None:
    """What is wrong with the settings, if that is why Discord hung up."""
    code = error.code if isinstance(error, discord.ConnectionClosed) else 4004
    if code == 4004:
        return ConfigurationError(NOT_TAKEN)
    if code in (4010, 4011):
        return ConfigurationError(
            f"Discord refuses this shard ({code}): BOBBIN_DISCORD_SHARD must be below "
            "BOBBIN_DISCORD_SHARDS, and a shard has at most 2,500 guilds."
        )
    return None
