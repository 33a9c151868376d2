"""The chat platforms that are set up: their sending side everywhere, their ears where wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from adapters.http.app import Mounted
from adapters.redis.hearing import RedisHearing, RedisKeeping
from adapters.redis.pacing import RedisPacer
from adapters.redis.sessions import RedisSessions
from bots.wiring.store import Store
from config.settings import Settings
from core.chat.messages import Event
from core.chat.ports import ChatPlatform
from core.chat.wording import ChatSource
from core.clock import Clock

Part = Literal["no", "speak", "hear"]
"""What a process does on a platform: nothing, answer what others heard, or hear as well."""


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

    def hearing(
        self, deliver: Callable[[Event], Awaitable[object]]
    ) -> AbstractAsyncContextManager[str]:
        """Hear until the block ends; how, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Sides:
    """All platforms of this process."""

    all: Mapping[str, Side]
    heard: frozenset[str]

    @property
    def platforms(self) -> dict[str, ChatPlatform]:
        """Sending sides."""
        return {name: one for side in self.all.values() for name, one in side.platforms.items()}

    @property
    def sources(self) -> dict[str, ChatSource]:
        """Reading sides."""
        return {name: one for side in self.all.values() for name, one in side.sources.items()}

    def mounts(self) -> tuple[Mounted, ...]:
        """What platforms call on the one port."""
        return tuple(one for name in sorted(self.heard) for one in self.all[name].mounts())

    @asynccontextmanager
    async def hearing(
        self, deliver: Callable[[Event], Awaitable[object]]
    ) -> AsyncIterator[tuple[str, ...]]:
        """Hear until the block ends; a sentence for each platform."""
        said: list[str] = []
        async with AsyncExitStack() as stack:
            for name in sorted(self.heard):
                side = self.all[name]
                how = await stack.enter_async_context(side.hearing(deliver))
                said.append(f"{name}: {side.name}, heard {how}")
            yield tuple(said)


@asynccontextmanager
async def open_sides(
    settings: Settings, store: Store, clock: Clock, parts: Mapping[str, Part]
) -> AsyncIterator[Sides]:
    """The platforms whose tokens are set, and that have a part to play here (`Slack`, `Discord`).

    Raises:
        ConfigurationError: a token is wrong; the text names it.
        PlatformUnavailable: a platform cannot be reached.
    """
    pacer = RedisPacer(store.client, store.partitions)
    sides: dict[str, Side] = {}
    async with AsyncExitStack() as stack:
        if parts.get("Slack", "no") != "no" and settings.slack_bot_token is not None:
            from bots.wiring.slack import open_slack

            sessions = RedisSessions(store.client, store.partitions)
            sides["Slack"] = await stack.enter_async_context(
                open_slack(settings, pacer, clock, sessions)
            )
        if parts.get("Discord", "no") != "no" and settings.discord_token is not None:
            from bots.wiring.discord import open_discord

            hearing = RedisHearing(store.client, store.partitions)
            keeping = RedisKeeping(store.client, store.partitions)
            sides["Discord"] = await stack.enter_async_context(
                open_discord(settings, pacer, hearing, keeping, clock)
            )
        heard = frozenset(name for name in sides if parts[name] == "hear")
        yield Sides(sides, heard)
