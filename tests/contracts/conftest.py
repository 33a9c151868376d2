"""The stores of the contract tests: one server and one cluster for all, emptied for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contracts.chat import Chat, chat_on
from tests.servers import Cluster, Server, redis_cluster


@pytest.fixture(scope="session")
def chat_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three primaries."""
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(params=["standalone", "cluster"])
def chat_url(request: pytest.FixtureRequest) -> str:
    """An empty store."""
    if request.param == "cluster":
        cluster: Cluster = request.getfixturevalue("chat_cluster")
        cluster.flush()
        return cluster.url
    server: Server = request.getfixturevalue("chat_server")
    server.ask("FLUSHALL")
    return server.url


@pytest.fixture
async def chat(chat_url: str) -> AsyncIterator[Chat]:
    """The ports of the chat side on an empty store of 8 partitions; its keys are checked."""
    async with chat_on(chat_url, partitions=8) as ports:
        yield ports
        await ports.check_keys()
