"""A bot with functions: the real flow on a real server, a fake service that asks for calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.assistants import Message
from tests.chat.flow import World, connected
from tests.fakes.assistants import Wants, echo
from tests.fakes.functions import FakeFunctions
from tests.servers import Server, redis_server

REFUND = ("call_1", "refund", '{"order": "A-17"}')


@dataclass(slots=True)
class Asking:
    """A world whose Assistant asks for `rounds` of calls, then says what it was told."""

    world: World
    own: FakeFunctions
    rounds: list[tuple[tuple[str, str, str], ...]] = field(default_factory=lambda: [(REFUND,)])
    first: str = ""

    @property
    def told(self) -> dict[str, str]:
        """What the model was told of each call."""
        return self.world.assistants.outputs

    async def reply(self, messages: list[Message]) -> list[str]:
        """Plays the model."""
        question = next(one.text for one in reversed(messages) if one.role == "user")
        if "please" not in question:
            return await echo(messages)
        for calls in self.rounds:
            if calls[0][0] not in self.told:
                raise Wants(*calls, first=self.first)
        return [" / ".join(self.told.values())]


@pytest.fixture(scope="session")
def chat_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis_server(tmp_path_factory.mktemp("functions"), fsync="no") as server:
        yield server


@pytest.fixture
async def asking(chat_server: Server) -> AsyncIterator[Asking]:
    async with connected(chat_server.url) as client:
        asked: Any = client
        await asked.flushall()
        own = FakeFunctions()
        world = World(client, own=own)
        made = Asking(world, own)
        world.assistants.reply = made.reply
        world.assistants.tools = tuple(
            {"type": "function", "function": {"name": name}} for name in ("refund", "forecast")
        )
        yield made
        await world.assistants.aclose()
