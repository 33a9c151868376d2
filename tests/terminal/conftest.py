"""A bot with one terminal: the real flow on a real server, a fake service behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat.flow import connected
from tests.servers import Server, redis_server
from tests.terminal.home import Home


@pytest.fixture(scope="session")
def terminal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis_server(tmp_path_factory.mktemp("terminal"), fsync="no") as server:
        yield server


@pytest.fixture
async def home(terminal_server: Server, tmp_path: Path) -> AsyncIterator[Home]:
    async with connected(terminal_server.url) as client:
        asked: Any = client
        await asked.flushall()
        made = Home(client, tmp_path)
        yield made
        await made.assistants.aclose()
