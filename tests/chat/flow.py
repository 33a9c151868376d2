"""A bot for tests of the chat side: the real flow on a real server, a fake service and platform."""

# pyright: reportPrivateUsage=false
# A death is nothing that a public method would offer.

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.redis.connection import Client, connect
from bots.wiring.chat import Chat, open_chat, open_chat_stores
from core.chat.dispatcher import DispatcherLimits
from core.chat.function_ports import OwnFunctions
from core.chat.messages import Author, Command, ConversationKey, Delete, Edit, Inbound
from core.chat.picturing import Formulas
from core.chat.policy import Policy
from core.chat.relay import RelayLimits
from core.chat.roster import Roster
from core.clock import SystemClock
from tests.fakes.assistants import FakeAssistants
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE_S, until
from tests.servers import Server

ANN = Author(id="ann", name="Ann")
BOB = Author(id="bob", name="Bob")
ROOT = Author(id="root", name="Root", is_admin=True)


class Places:
    """Free places of the model, set by the test."""

    def __init__(self, free: int = 100) -> None:
        self.places = free

    @property
    def limit(self) -> int:
        return self.places

    def free(self) -> int:
        return self.places

    async def changed(self, timeout_s: float) -> None:
        await SystemClock().sleep(min(timeout_s, 0.02))


@dataclass(slots=True)
class World:
    """What outlives the processes of the bot: the server, the service, the platform."""

    client: Client
    assistants: FakeAssistants = field(default_factory=FakeAssistants)
    platform: FakePlatform = field(default_factory=FakePlatform)
    places: Places = field(default_factory=Places)
    policy: Policy = field(default_factory=Policy)
    roster: Roster = field(default_factory=lambda: Roster((), "tutor"))
    formulas: Formulas | None = None
    own: OwnFunctions | None = None
    lease_s: float = 30.0
    outage_s: float = 60.0
    busy_s: float = 60.0
    approval_s: float = 3600.0
    dead: set[str] = field(default_factory=set[str])
    _owners: itertools.count[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Process]:
        """One process of the bot, until the block ends; then it drains."""
        owner = f"process-{next(self._owners)}"
        async with (
            open_chat_stores(self.client, 1, lease_s=self.lease_s) as stores,
            open_chat(
                stores,
                self.assistants,
                {"fake": self.platform},
                self.places,
                SystemClock(),
                roster=self.roster,
                relay=RelayLimits(
                    outage_s=self.outage_s,
                    busy_s=self.busy_s,
                    approval_s=self.approval_s,
                ),
                dispatcher=DispatcherLimits(
                    owner=owner, lease_s=self.lease_s, sweep_s=0.1, drain_s=0.3
                ),
                policy=self.policy,
                owner_is_gone=lambda name: name in self.dead,
                formulas=self.formulas,
                own=self.own,
            ) as chat,
        ):
            yield Process(chat, owner)

    async def outlived(self, text: str, *, processes: int) -> None:
        """Somebody writes, and so many processes die over the answer."""
        for number in range(processes):
            async with self.process() as bot:
                if number == 0:
                    await bot.says(text, where=place())
                active = bot.chat.dispatcher
                await until(lambda active=active: active.active and self.assistants.runs)
                await bot.dies(self)


@dataclass(slots=True)
class Process:
    """A running process, and people who write to it."""

    chat: Chat
    owner: str
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def says(
        self,
        text: str,
        *,
        where: ConversationKey,
        who: Author = ANN,
        name: str | None = None,
    ) -> str:
        """Somebody writes; the message's id."""
        message_id = name or f"{self.owner}-{next(self._numbers)}"
        await self.chat.intake.deliver(
            Inbound(
                id=message_id,
                message_id=message_id,
                conversation=where,
                author=who,
                text=text,
                received_at=1.0,
            )
        )
        return message_id

    async def dies(self, world: World) -> None:
        """Everything this process did stops where it stands; nothing is handed over."""
        dispatcher = self.chat.dispatcher
        dispatcher._stop.set()
        tasks = [task for _, task in dispatcher._turns.values()]
        dispatcher._turns.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        world.dead.add(self.owner)

    async def edits(self, message_id: str, text: str, *, where: ConversationKey) -> None:
        """Somebody changes a post."""
        await self.chat.intake.deliver(
            Edit(conversation=where, message_id=message_id, revision="2", author=ANN, text=text)
        )

    async def deletes(self, message_id: str, *, where: ConversationKey) -> None:
        """Somebody deletes a post."""
        await self.chat.intake.deliver(Delete(conversation=where, message_id=message_id))

    async def is_idle(self, *, where: ConversationKey) -> None:
        """Wait until everything there is answered and stored."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.chat.stores.control.pending(where):
                await asyncio.sleep(0.01)

    async def presses(
        self, name: str, *, where: ConversationKey, who: Author = ANN, argument: str = ""
    ) -> None:
        """Somebody presses a button or gives a command."""
        await self.chat.intake.deliver(
            Command(
                id=f"{self.owner}-{next(self._numbers)}",
                conversation=where,
                author=who,
                name=name,
                argument=argument,
            )
        )


def place(name: str = "room") -> ConversationKey:
    """A conversation."""
    return ConversationKey("fake", ("workspace", name))


@asynccontextmanager
async def emptied(server: Server) -> AsyncIterator[Client]:
    """A client of the test's server, which has nothing in it."""
    server.ask("FLUSHALL")
    client = await connect(server.url, SystemClock())
    try:
        yield client
    finally:
        await client.aclose()
