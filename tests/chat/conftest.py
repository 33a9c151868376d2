"""A world for each test: an empty store, a fake service, a fake platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat.flow import World, connected
from tests.servers import Server, redis_server


@pytest.fixture(scope="session")
def chat_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("chat")
    with redis_server(folder, fsync="no") as server:
        yield server


@pytest.fixture
async def world(chat_server: Server) -> AsyncIterator[World]:
    async with connected(chat_server.url) as client:
        asked: Any = client
        await asked.flushall()
        made = World(client)
        yield made
        await made.assistants.aclose()
