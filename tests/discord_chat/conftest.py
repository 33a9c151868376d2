"""A guild and an empty store for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat.flow import connected
from tests.discord_chat.world import World
from tests.fakes.discord.people import FakeDiscord
from tests.servers import Server, redis_server


@pytest.fixture(scope="session")
def discord_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("discord")
    with redis_server(folder, fsync="no") as server:
        yield server


@pytest.fixture
async def world(discord_store: Server) -> AsyncIterator[World]:
    async with connected(discord_store.url) as client, FakeDiscord.running() as discord:
        asked: Any = client
        await asked.flushall()
        made = World(client, discord)
        yield made
        await made.assistants.aclose()
        assert not discord.pings, "somebody was pinged"
