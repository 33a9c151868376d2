"""A world for each test: an empty store, a fake service, a fake platform."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chat.flow import World, emptied
from tests.servers import Server


@pytest.fixture
async def world(chat_server: Server) -> AsyncIterator[World]:
    async with emptied(chat_server) as client:
        made = World(client)
        yield made
        await made.assistants.aclose()
