"""What the terminal's tests share: a bot that lives as long as a block, and a feed in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.blobs.local import LocalBlobs
from adapters.redis.connection import Client
from adapters.terminal.events import conversation
from adapters.terminal.files import TerminalFiles
from adapters.terminal.platform import TerminalPlatform
from bots.console import Parts
from bots.wiring.chat import Chat, open_chat, open_chat_stores
from core.chat.dispatcher import DispatcherLimits
from core.chat.feeds import FeedEntry
from core.chat.function_ports import OwnFunctions
from core.chat.messages import ConversationKey, Json
from core.chat.policy import Policy
from core.chat.relay import RelayLimits
from core.chat.roster import Roster
from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.ids import RandomIds
from tests.chat.flow import Places
from tests.fakes.assistants import FakeAssistants

KEY = conversation("ann")


@dataclass(slots=True)
class Home:
    """What outlives a process: the store, the service, the folder."""

    client: Client
    folder: Path
    assistants: FakeAssistants = field(default_factory=FakeAssistants)
    places: Places = field(default_factory=Places)
    own: OwnFunctions | None = None
    roster: Roster = field(default_factory=lambda: Roster((), "tutor"))

    @asynccontextmanager
    async def chat(self, name: str = "one") -> AsyncIterator[tuple[Chat, Parts]]:
        """One process, until the block ends."""
        clock = SystemClock()
        async with open_chat_stores(self.client, 1, lease_s=30.0) as stores:
            platform = TerminalPlatform(stores.feed, self.folder)
            files = TerminalFiles(LocalBlobs(self.folder / "blobs", clock, RandomIds()))
            async with open_chat(
                stores,
                self.assistants,
                {"terminal": platform},
                self.places,
                clock,
                roster=self.roster,
                relay=RelayLimits(),
                dispatcher=DispatcherLimits(owner=name, lease_s=30.0, sweep_s=0.1, drain_s=0.2),
                policy=Policy(),
                owner_is_gone=lambda _: True,
                own=self.own,
                sources={"terminal": files},
            ) as chat:
                yield (
                    chat,
                    Parts(
                        intake=chat.intake,
                        feed=stores.feed,
                        control=stores.control,
                        sessions=stores.sessions,
                        bindings=stores.sessions,
                        approvals=stores.approvals,
                        watch=chat.waiting.watch,
                        files=files,
                        clock=clock,
                        ids=RandomIds(),
                    ),
                )


class MemoryFeed:
    """`Feed` in memory; `outage` makes what it remembers of the reader unreachable."""

    def __init__(self) -> None:
        self.entries: list[FeedEntry] = []
        self.marks = "0"
        self.outage = False
        self._names: dict[str, str] = {}
        self._news = asyncio.Event()

    async def append(
        self, conversation: ConversationKey, body: Json, *, once: str | None = None
    ) -> str:
        if once is not None and once in self._names:
            return self._names[once]
        sequence = f"{len(self.entries) + 1}"
        self.entries.append(FeedEntry(sequence, body))
        if once is not None:
            self._names[once] = sequence
        self._news.set()
        self._news = asyncio.Event()
        return sequence

    async def find(self, conversation: ConversationKey, once: str) -> str | None:
        return self._names.get(once)

    async def read(
        self, conversation: ConversationKey, after: str, timeout_s: float
    ) -> list[FeedEntry]:
        while not (found := self.entries[int(after) :]):
            await self._news.wait()
        return found

    async def seen(self, conversation: ConversationKey) -> str:
        return self.marks

    async def mark_seen(self, conversation: ConversationKey, sequence: str) -> None:
        if self.outage:
            raise StoreUnavailable("away")
        await asyncio.sleep(0)  # a store answers later
        self.marks = sequence
