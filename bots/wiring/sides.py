"""The chat platforms that are set up: their sending side everywhere, their ears where wanted.

A platform that cannot be reached when the process starts is waited for while the others, and the
API, serve (`reaching`). Until then its conversations stay in the mailbox, and what it calls on the
one port is refused, so that it comes again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol, runtime_checkable

from adapters.http.app import Mounted
from adapters.http.door import Door
from adapters.redis.accounts import RedisAccounts
from adapters.redis.kinds import RedisKinds
from adapters.redis.pacing import RedisPacer
from adapters.redis.sessions import RedisSessions
from bots.wiring.reaching import Reaching
from bots.wiring.store import Store
from config.settings import Settings
from core.chat.manners import LocalRulesOf
from core.chat.messages import Event
from core.chat.ports import ChatPlatform
from core.chat.roster import Roster
from core.chat.wording import ChatSource
from core.clock import Clock
from core.errors import PlatformUnavailable

Part = Literal["no", "speak", "hear"]
"""What a process does on a platform: nothing, answer what others heard, or hear as well."""

Deliver = Callable[[Event], Awaitable[object]]


class Side(Protocol):
    """A platform in this process."""

    @property
    def name(self) -> str:
        """Of the workspace or the bot there."""
        ...

    @property
    def platforms(self) -> dict[str, ChatPlatform]:
        """Sending sides by the platform part of conversations."""
        ...

    @property
    def sources(self) -> dict[str, ChatSource]:
        """Reading sides, likewise."""
        ...

    def mounts(self) -> tuple[Mounted, ...]:
        """What the platform calls on the one port, if it does."""
        ...

    def hearing(self, deliver: Deliver) -> AbstractAsyncContextManager[str]:
        """Hear until the block ends; how, in words."""
        ...

    async def away(self) -> str:
        """Why the platform cannot be heard or spoken to just now, in a sentence; empty: it can."""
        ...


@runtime_checkable
class Moderated(Protocol):
    """A platform whose moderators may want something else than the configuration."""

    @property
    def local(self) -> dict[str, LocalRulesOf]:
        """What they want, by the platform part of conversations."""
        ...


@dataclass(frozen=True, slots=True)
class Sides:
    """All platforms of this process.

    `platforms`, `sources` and `local` are of those that were reached so far; more are added.
    """

    clock: Clock
    heard: frozenset[str]
    opened: dict[str, Reaching[Side]] = field(default_factory=dict[str, "Reaching[Side]"])
    ears: dict[str, Reaching[str]] = field(default_factory=dict[str, "Reaching[str]"])
    doors: dict[str, Door] = field(default_factory=dict[str, Door])
    platforms: dict[str, ChatPlatform] = field(default_factory=dict[str, ChatPlatform])
    sources: dict[str, ChatSource] = field(default_factory=dict[str, ChatSource])
    local: dict[str, LocalRulesOf] = field(default_factory=dict[str, LocalRulesOf])

    def mounts(self) -> tuple[Mounted, ...]:
        """What platforms call on the one port."""
        return tuple(Mounted(path, door, guarded=False) for path, door in self.doors.items())

    @asynccontextmanager
    async def hearing(self, deliver: Deliver) -> AsyncIterator[tuple[str, ...]]:
        """Hear until the block ends; a sentence for each platform.

        Raises:
            ConfigurationError: a token is wrong; the text names it.
        """
        async with AsyncExitStack() as stack:
            for name in sorted(self.heard):
                ear = Reaching(name, partial(self._heard, name, deliver), self.clock)
                self.ears[name] = ear
                await stack.enter_async_context(ear.running())
            for name, ear in self.ears.items():
                if self.opened[name].value is None:
                    ear.nobody_waits()
                await ear.first()
            yield tuple(self._sentence(name) for name in self.ears)

    async def ready(self) -> None:
        """Return when every platform can be heard, where it is to be, and spoken to.

        Raises:
            PlatformUnavailable: one cannot; the text names each of them.
        """
        if away := [reason for name in sorted(self.opened) if (reason := await self._away(name))]:
            raise PlatformUnavailable("; ".join(away))

    async def _away(self, name: str) -> str:
        opened, ear = self.opened[name], self.ears.get(name)
        if opened.value is None:
            return opened.reason
        if name in self.heard and (ear is None or ear.value is None):
            return ear.reason if ear is not None else f"{name} is not heard yet"
        return await opened.value.away()

    def _sentence(self, name: str) -> str:
        opened, ear = self.opened[name], self.ears[name]
        if ear.value is not None:
            return ear.value
        return f"{opened.reason or ear.reason}; it is tried again until it can"

    @asynccontextmanager
    async def _heard(self, name: str, deliver: Deliver) -> AsyncIterator[str]:
        side = await self.opened[name].reached()
        async with side.hearing(deliver) as how:
            yield f"{name}: {side.name}, heard {how}"

    def add(self, name: str, side: Side) -> None:
        """It was reached."""
        if name in self.heard:
            for mounted in side.mounts():
                self.doors.setdefault(mounted.path, Door()).app = mounted.app
        self.platforms.update(side.platforms)
        self.sources.update(side.sources)
        if isinstance(side, Moderated):
            self.local.update(side.local)


@asynccontextmanager
async def open_sides(
    settings: Settings, store: Store, clock: Clock, parts: Mapping[str, Part], roster: Roster
) -> AsyncIterator[Sides]:
    """The platforms whose tokens are set, and that have a part to play here (`Slack`, `Discord`).
    `roster` are the Assistants that they offer.

    Raises:
        ConfigurationError: a token is wrong; the text names it.
    """
    pacer = RedisPacer(store.client, store.partitions)
    enter: dict[str, Callable[[], AbstractAsyncContextManager[Side]]] = {}
    paths: dict[str, str] = {}
    if parts.get("Slack", "no") != "no" and settings.slack_bot_token is not None:
        from adapters.slack.http import PATH as SLACK_PATH
        from bots.wiring.slack import open_slack

        sessions = RedisSessions(store.client, store.partitions)
        kinds = RedisKinds(store.client, store.partitions)
        accounts = RedisAccounts(store.client, store.partitions)
        enter["Slack"] = partial(
            open_slack, settings, pacer, clock, sessions, kinds, accounts, roster=roster
        )
        if settings.slack_signing_secret is not None:
            paths["Slack"] = SLACK_PATH
    if parts.get("Discord", "no") != "no" and settings.discord_token is not None:
        from adapters.discord.http import PATH as DISCORD_PATH
        from bots.wiring.discord import discord_stores, open_discord

        kept = discord_stores(store.client, store.partitions)
        enter["Discord"] = partial(open_discord, settings, pacer, kept, clock, roster=roster)
        if settings.discord_public_key is not None:
            paths["Discord"] = DISCORD_PATH
    sides = Sides(clock, frozenset(name for name in enter if parts[name] == "hear"))
    sides.doors.update({path: Door() for name, path in paths.items() if name in sides.heard})
    async with AsyncExitStack() as stack:
        for name, one in enter.items():
            opened = Reaching(name, one, clock, then=partial(sides.add, name))
            sides.opened[name] = opened
            await stack.enter_async_context(opened.running())
        for opened in sides.opened.values():
            await opened.first()
        yield sides
