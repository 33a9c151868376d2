"""A bot in a fake workspace: the real flow, the real slack-bolt, a fake Assistants service."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.redis.connection import Client
from adapters.redis.deadletters import RedisDeadLetters
from adapters.redis.kinds import RedisKinds
from adapters.redis.mailbox import MailLimits
from adapters.redis.pacing import RedisPacer
from bots.wiring.chat import open_chat, open_chat_stores
from bots.wiring.serve import serving
from bots.wiring.slack import SlackSide, open_slack
from config.settings import Settings
from core.chat.dispatcher import DispatcherLimits
from core.chat.function_ports import OwnFunctions
from core.chat.policy import Policy
from core.chat.ports import DeadLetter
from core.chat.relay import RelayLimits
from core.chat.roster import Offer, Roster
from core.clock import SystemClock
from tests.chat.flow import Places
from tests.fakes.assistants import FakeAssistants
from tests.fakes.slack.looks import Json, words
from tests.fakes.slack.people import FakeSlack
from tests.patience import PATIENCE_S, until

CHANNEL, DM = "C0MATHS", "D0ANN"
ANN, BOB = "U_ANN".replace("_", "0"), "U_BOB".replace("_", "0")
BOT = "<@U0BOT>"
TUTOR = Offer(slug="tutor", name="Math Tutor", prompts=("Plot sin(x) / x.",))


class LaterClock(SystemClock):
    """The system's clock, set forward by the test."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@dataclass(slots=True)
class World:
    """What outlives the bot's processes."""

    client: Client
    slack: FakeSlack
    assistants: FakeAssistants = field(default_factory=FakeAssistants)
    roster: Roster = field(default_factory=lambda: Roster((TUTOR,), "tutor"))
    lease_s: float = 30.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    clock: LaterClock = field(default_factory=LaterClock)
    own_functions: OwnFunctions | None = None
    introduces: bool = False
    dead: set[str] = field(default_factory=set[str])
    _owners: itertools.count[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def by_http(self) -> AsyncIterator[None]:
        """A process that Slack calls by HTTP."""
        self.settings |= {
            "slack_app_token": None,
            "slack_signing_secret": self.slack.signing_secret,
        }
        async with self._running() as side, serving(side.asgi, "127.0.0.1", 0) as address:
            self.slack.request_url = f"{address}/slack/events"
            yield
            self.slack.request_url = ""

    @asynccontextmanager
    async def process(self) -> AsyncIterator[None]:
        """One process that hears over sockets and answers, until the block ends."""
        async with self._running():
            yield

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[SlackSide]:
        values: dict[str, Any] = {
            "slack_bot_token": self.slack.bot_token,
            "slack_app_token": self.slack.app_token,
            "slack_api_url": self.slack.url,
            "bobbin_slack_sockets": 1,
        }
        settings = Settings(**(values | self.settings))
        owner = f"process-{next(self._owners)}"
        async with (
            open_chat_stores(self.client, 1, lease_s=self.lease_s) as stores,
            open_slack(
                settings,
                RedisPacer(self.client, 1),
                self.clock,
                stores.sessions,
                RedisKinds(self.client, 1),
                stores.accounts,
                roster=self.roster,
            ) as side,
            open_chat(
                stores,
                self.assistants,
                side.platforms,
                Places(),
                SystemClock(),
                roster=self.roster,
                relay=RelayLimits(),
                dispatcher=DispatcherLimits(
                    owner=owner, lease_s=self.lease_s, sweep_s=0.1, drain_s=0.3
                ),
                policy=Policy(),
                owner_is_gone=lambda name: name in self.dead,
                sources=side.sources,
                own=self.own_functions,
                introduces=self.introduces,
            ) as chat,
            side.hearing(chat.intake.deliver),
        ):
            yield side

    async def replied(self, channel: str, root: str, count: int = 1) -> list[str]:
        """The bot's posts in a thread, once there are so many complete ones."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                done = [m for m in self.own(channel, root) if m.get("metadata")]
                if len(done) >= count:
                    return [words(message) for message in done]
                await asyncio.sleep(0.01)

    async def appears(self, channel: str, root: str, text: str) -> None:
        """Wait until the bot has written this there."""
        await until(lambda: any(text in words(message) for message in self.own(channel, root)))

    async def idle(self) -> None:
        """Wait until no mail waits and no turn is at work."""
        asked: Any = self.client
        async with asyncio.timeout(PATIENCE_S):
            while [key async for key in asked.scan_iter(match="bobbin:*:mail:*")]:
                await asyncio.sleep(0.01)

    async def signs_off(self) -> None:
        """Wait until the newest sign has been taken back."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.slack.statuses or self.slack.statuses[-1][2] not in ("", "active"):
                await asyncio.sleep(0.01)

    def at_rest(self) -> None:
        """Nothing is left half done: no stream is open, and nothing looks as if it were."""
        assert self.slack.streams == 0, "a stream is open"
        last = {(channel, root): status for channel, root, status in self.slack.statuses}
        stuck = {place: status for place, status in last.items() if status not in ("", "active")}
        assert not stuck, "something stays at work"
        assert not [key for key, count in self.slack.reactions.items() if count]

    async def dead_letters(self) -> list[DeadLetter]:
        """What was given up."""
        return await RedisDeadLetters(self.client, 1, limits=MailLimits()).list(10)

    async def break_store(self) -> None:
        """The store takes nothing: it is out of memory."""
        asked: Any = self.client
        await asked.config_set("maxmemory", "1")

    async def mend_store(self) -> None:
        asked: Any = self.client
        await asked.config_set("maxmemory", "0")

    def own(self, channel: str, root: str) -> list[Json]:
        """The bot's messages in a thread."""
        return [m for m in self.slack.thread(channel, root) if m.get("user") == "U0BOT"]
