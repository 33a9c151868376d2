"""A bot with one terminal: the real flow on a real server, a fake service behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat.flow import emptied
from tests.servers import Server
from tests.terminal.home import Home


@pytest.fixture
async def home(chat_server: Server, tmp_path: Path) -> AsyncIterator[Home]:
    async with emptied(chat_server) as client:
        made = Home(client, tmp_path)
        yield made
        await made.assistants.aclose()
