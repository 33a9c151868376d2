"""A workspace and an empty store for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.chat.flow import emptied
from tests.fakes.slack.people import FakeSlack
from tests.servers import Server
from tests.slack.world import World


@pytest.fixture
async def world(chat_server: Server) -> AsyncIterator[World]:
    async with emptied(chat_server) as client, FakeSlack.running() as slack:
        made = World(client, slack)
        yield made
        await made.assistants.aclose()
        assert not slack.unacknowledged, "events that nobody took"
        assert slack.wrong == []
