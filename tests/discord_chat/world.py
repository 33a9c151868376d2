"""A bot in a fake guild: the real flow, the real discord.py, a fake Assistants service."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from adapters.redis.connection import Client
from adapters.redis.deadletters import RedisDeadLetters
from adapters.redis.hearing import RedisKeeping
from adapters.redis.mailbox import MailLimits
from bots.wiring.chat import open_chat, open_chat_stores
from bots.wiring.discord import DiscordSide, discord_stores, open_discord
from bots.wiring.serve import serving
from config.settings import Settings
from core.chat.dispatcher import DispatcherLimits
from core.chat.pacing import Pace, Pacer
from core.chat.policy import Policy
from core.chat.ports import DeadLetter
from core.chat.relay import RelayLimits
from core.chat.roster import Roster
from core.clock import SystemClock
from tests.chat.flow import Places
from tests.fakes.assistants import FakeAssistants
from tests.fakes.discord.looks import BOT, Json
from tests.fakes.discord.people import PUBLIC_KEY, FakeDiscord
from tests.fakes.functions import FakeFunctions
from tests.patience import PATIENCE_S, until

ANN, BOB = "300000000000000002", "300000000000000003"
MATHS, LUNCH = "400000000000000001", "400000000000000002"
MENTION = f"<@{BOT}>"


class Hurry:
    """A pacer for tests that are not about pace: sessions of the gateway follow one another."""

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        return 0


class Budget:
    """A pacer that writes down what is asked of it, and makes everybody wait a little."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Pace]] = []

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        self.asked.append((name, pace))
        return 1


@dataclass(slots=True)
class World:
    """What outlives the bot's processes."""

    client: Client
    discord: FakeDiscord
    assistants: FakeAssistants = field(default_factory=FakeAssistants)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    lease_s: float = 30.0
    introduces: bool = False
    pacer: Pacer = field(default_factory=Hurry)
    roster: Roster = field(default_factory=lambda: Roster((), "tutor"))
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    dead: set[str] = field(default_factory=set[str])
    _owners: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.discord.person(ANN, "Ann")
        self.discord.person(BOB, "Bob")
        self.discord.add_channel(MATHS, "maths")
        self.discord.add_channel(LUNCH, "lunch")

    @property
    def dm(self) -> str:
        """Ann's direct messages."""
        return self.discord.dm(ANN)

    @asynccontextmanager
    async def by_http(self) -> AsyncIterator[None]:
        """A process that is told of interactions by HTTP."""
        self.settings["discord_public_key"] = PUBLIC_KEY
        async with self.process() as side, serving(side.asgi, "127.0.0.1", 0) as address:
            self.discord.interactions_url = f"{address}/discord/interactions"
            yield
            self.discord.interactions_url = ""

    @asynccontextmanager
    async def process(self, *, deaf_s: float = 30.0) -> AsyncIterator[DiscordSide]:
        """One process that hears and answers, until the block ends."""
        values: dict[str, Any] = {
            "discord_token": self.discord.token,
            "discord_api_url": self.discord.url,
            "discord_gateway_url": self.discord.gateway_url,
        }
        given = {name: v for name, v in (values | self.settings).items() if v is not None}
        settings = Settings(**given)
        clock, owner = SystemClock(), f"process-{next(self._owners)}"
        kept = discord_stores(self.client, 1)
        async with (
            open_discord(settings, self.pacer, kept, clock, roster=self.roster) as side,
            open_chat_stores(self.client, 1, lease_s=self.lease_s) as stores,
            open_chat(
                stores,
                self.assistants,
                side.platforms,
                Places(),
                clock,
                roster=self.roster,
                relay=RelayLimits(),
                dispatcher=DispatcherLimits(
                    owner=owner, lease_s=self.lease_s, sweep_s=0.1, drain_s=0.3
                ),
                policy=Policy(),
                owner_is_gone=lambda name: name in self.dead,
                sources=side.sources,
                introduces=self.introduces,
                local=side.local,
                own=self.functions,
            ) as chat,
        ):
            side.mounts()
            side.deaf_s = deaf_s
            async with side.hearing(chat.intake.deliver):
                yield side

    async def replied(self, channel: str, count: int = 1) -> list[str]:
        """The bot's posts there, once there are so many with buttons of a complete answer."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                done = [m for m in self.own(channel) if is_answered(m)]
                if len(done) >= count:
                    return [str(message["content"]) for message in done]
                await asyncio.sleep(0.01)

    async def appears(self, channel: str, text: str) -> None:
        """Wait until the bot has written this there."""
        await until(lambda: any(text in said for said in self.discord.said(channel)))

    async def until(self, condition: Any) -> None:
        """Wait until this holds."""
        await until(condition)

    async def idle(self) -> None:
        """Wait until no mail waits and no turn is at work."""
        asked: Any = self.client
        async with asyncio.timeout(PATIENCE_S):
            while [key async for key in asked.scan_iter(match="bobbin:*:mail:*")]:
                await asyncio.sleep(0.01)

    async def marked(self) -> None:
        """All that was heard until now counts as heard."""
        asked: Any = self.client
        before = [await asked.get(key) async for key in asked.scan_iter(match="bobbin:*:ear:*")]
        async with asyncio.timeout(PATIENCE_S):
            while before == [
                await asked.get(key) async for key in asked.scan_iter(match="bobbin:*:ear:*")
            ]:
                await asyncio.sleep(0.02)

    async def age_questions(self, ear: str) -> None:
        """The questions that are kept were asked some time ago."""
        keeping, asked = RedisKeeping(self.client, 1), cast("Any", self.client)
        for name, body in (await keeping.kept(ear)).items():
            aged = json.dumps(body | {"at": body["at"] - 60})
            async for key in asked.scan_iter(match="bobbin:*:kept:*"):
                await asked.hset(key, name, aged)

    async def dead_letters(self, count: int) -> list[DeadLetter]:
        """What was given up, once it is so much."""
        letters = RedisDeadLetters(self.client, 1, limits=MailLimits())
        async with asyncio.timeout(PATIENCE_S):
            while len(found := await letters.list(10)) < count:
                await asyncio.sleep(0.01)
        return found

    async def break_store(self) -> None:
        """The store takes nothing: it is out of memory."""
        asked: Any = self.client
        await asked.config_set("maxmemory", "1")

    async def mend_store(self) -> None:
        asked: Any = self.client
        await asked.config_set("maxmemory", "0")

    def own(self, channel: str) -> list[Json]:
        """The bot's messages there."""
        return self.discord.own(channel)


def is_answered(message: Json) -> bool:
    """Whether a message is the end of an answer."""
    return "bobbin:regenerate" in str(message["components"])
