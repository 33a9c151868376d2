"""A bot with functions: the real flow on a real server, a fake service that asks for calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from core.assistants import Message
from tests.chat.flow import World, emptied
from tests.fakes.assistants import Wants, echo
from tests.fakes.functions import FakeFunctions
from tests.servers import Server

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


@pytest.fixture
async def asking(chat_server: Server) -> AsyncIterator[Asking]:
    async with emptied(chat_server) as client:
        own = FakeFunctions()
        world = World(client, own=own)
        made = Asking(world, own)
        world.assistants.reply = made.reply
        world.assistants.tools = tuple(
            {"type": "function", "function": {"name": name}} for name in ("refund", "forecast")
        )
        yield made
        await world.assistants.aclose()
