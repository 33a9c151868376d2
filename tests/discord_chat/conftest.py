"""A guild and an empty store for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chat.flow import emptied
from tests.discord_chat.world import World
from tests.fakes.discord.people import FakeDiscord
from tests.servers import Server


@pytest.fixture
async def world(chat_server: Server) -> AsyncIterator[World]:
    async with emptied(chat_server) as client, FakeDiscord.running() as discord:
        made = World(client, discord)
        yield made
        await made.assistants.aclose()
        assert not discord.pings, "somebody was pinged"
