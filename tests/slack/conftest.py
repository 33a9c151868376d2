"""A workspace and an empty store for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat.flow import connected
from tests.fakes.slack.people import FakeSlack
from tests.servers import Server, redis_server
from tests.slack.world import World


@pytest.fixture(scope="session")
def slack_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("slack")
    with redis_server(folder, fsync="no") as server:
        yield server


@pytest.fixture
async def world(slack_store: Server) -> AsyncIterator[World]:
    async with connected(slack_store.url) as client, FakeSlack.running() as slack:
        asked: Any = client
        await asked.flushall()
        made = World(client, slack)
        yield made
        await made.assistants.aclose()
        assert not slack.unacknowledged, "events that nobody took"
        assert slack.wrong == []
