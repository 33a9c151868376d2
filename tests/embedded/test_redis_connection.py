"""The client for a server that REDIS_URL names: what it says, what it bears, what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions as sdk
from redis.asyncio import RedisCluster

from adapters.redis.connection import (
    Client,
    Script,
    connect,
    decode,
    ensure_layout,
    inspect,
    translate,
)
from adapters.redis.facts import require_version
from adapters.redis.faults import translated
from adapters.redis.patience import Patience
from core.clock import SystemClock
from core.errors import ConfigurationError, StoreError, StoreUnavailable
from tests.servers import Cluster, Server, redis_cluster, redis_server, tcp_server

CLOCK = SystemClock()


@contextlib.asynccontextmanager
async def client_of(url: str, **options: Any) -> AsyncIterator[Client]:
    client = await connect(url, CLOCK, **options)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path, fsync="always") as running:
        yield running


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    shared_cluster.flush()
    return shared_cluster


# ------------------------------------------------------------------------------ facts and layout


async def test_a_server_set_for_messages_gives_no_warning(server: Server) -> None:
    async with client_of(server.url) as client:
        facts = await inspect(client)
    assert (facts.kind, facts.fsync, facts.policy) == ("valkey", "always", "noeviction")
    assert not facts.cluster
    assert not facts.warnings
    assert int(facts.version.split(".")[0]) >= 9


@pytest.mark.parametrize(
    ("arguments", "fsync", "words"),
    [
        (("--appendfsync", "everysec"), "everysec", "appendfsync everysec"),
        (("--appendfsync", "no"), "no", "appendfsync no"),
        (("--appendonly", "no"), "off", "no append-only file"),
        (("--maxmemory-policy", "allkeys-lru"), "always", "allkeys-lru"),
        (("--rename-command", "CONFIG", ""), "unknown", "does not say"),
    ],
)
async def test_a_server_set_otherwise_gives_a_warning_that_names_the_setting(
    tmp_path: Path, arguments: tuple[str, ...], fsync: str, words: str
) -> None:
    with redis_server(tmp_path, *arguments, fsync="always") as server:
        async with client_of(server.url) as client:
            facts = await inspect(client)
            assert facts.fsync == fsync
            (warning,) = facts.warnings
            assert words in warning
            with pytest.raises(ConfigurationError, match="own server"):
                await inspect(client, embedded=True)


def test_a_server_that_is_too_old_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"REDIS_URL.*6\.0\.20.*6\.2"):
        require_version({"redis_version": "6.0.20"})
    require_version({"redis_version": "6.2.0"})
    require_version({"redis_version": "7.2.4", "valkey_version": "9.1.2"})


async def test_the_number_of_partitions_is_written_once(server: Server) -> None:
    async with client_of(server.url) as client:
        await ensure_layout(client, 16)
        await ensure_layout(client, 16)
        with pytest.raises(ConfigurationError, match=r"16 partitions.*says 8"):
            await ensure_layout(client, 8)
        assert await client.ttl("bobbin:layout") == -1


async def test_of_two_that_lay_out_at_once_one_wins(server: Server) -> None:
    async with client_of(server.url) as client:
        ends = await asyncio.gather(
            *(ensure_layout(client, number) for number in (1, 2) * 5), return_exceptions=True
        )
    assert sorted({type(end).__name__ for end in ends}) == ["ConfigurationError", "NoneType"]
    assert sum(end is None for end in ends) == 5


# ------------------------------------------------------------------------------------ scripts


async def test_a_script_runs_where_the_server_does_not_know_it_yet(server: Server) -> None:
    script = Script("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1]), false}")
    async with client_of(server.url) as client:
        assert await script(client, ["k"], ["x"]) == [b"k", b"x", 1, None]
        await client.script_flush()
        assert await script(client, ["k"], [b"x"]) == [b"k", b"x", 2, None]
        server.kill()
        server.start()
        assert (await script(client, ["k"], ["x"]))[2] == 3


async def test_scripts_on_a_cluster_go_to_the_node_that_has_the_keys(cluster: Cluster) -> None:
    script = Script("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[2])")
    async with client_of(cluster.url) as client:
        for n in range(30):
            assert await script(client, [f"{{{n}}}a", f"{{{n}}}a"], [n]) == str(n).encode()
        sizes = [int(node.ask("DBSIZE")[1:]) for node in cluster.nodes]
    assert sum(sizes) == 30
    assert all(sizes)


async def test_a_script_that_fails_says_no_more_than_its_code(server: Server) -> None:
    script = Script("return redis.call('INCR', KEYS[1])")
    async with client_of(server.url) as client:
        await client.set("k", "words of a person")
        with pytest.raises(StoreError, match="The store refused a command") as caught:
            await script(client, ["k"])
    assert not caught.value.retryable
    assert isinstance(caught.value.__cause__, sdk.ResponseError)


def test_replies_are_text_either_way() -> None:
    assert decode("Grüße".encode()) == decode("Grüße") == "Grüße"


# ------------------------------------------------------------------------------------ cluster


async def test_a_cluster_is_recognised_by_itself_and_by_the_url(cluster: Cluster) -> None:
    for url in (cluster.url, f"{cluster.url}?cluster=true"):
        async with client_of(url) as client:
            assert isinstance(client, RedisCluster)
            facts = await inspect(client)
            assert facts.cluster
            assert "appendfsync no" in facts.warnings[0]
            await ensure_layout(client, 16)


async def test_a_cluster_node_may_be_used_alone_when_the_url_says_so(cluster: Cluster) -> None:
    async with client_of(f"{cluster.url}?cluster=false") as client:
        assert not isinstance(client, RedisCluster)


def _connections(node: Server) -> int:
    return int(node.ask("INFO clients").partition("connected_clients:")[2].split()[0])


async def test_more_at_once_than_there_are_connections_wait_their_turn(
    cluster: Cluster, server: Server
) -> None:
    for url in (cluster.url, server.url):
        async with client_of(url, max_connections=5) as client:
            await asyncio.gather(*(client.incr("n") for _ in range(200)))
            assert await client.get("n") == b"200"
            # One each is over for asking the cluster's layout, and for asking how many there are.
            assert all(_connections(node) <= 5 + 2 for node in (*cluster.nodes, server))

            async def in_one_go() -> list[Any]:
                pipeline = client.pipeline(transaction=False)
                pipeline.incr("n")
                pipeline.incr("m")
                return await pipeline.execute()

            await asyncio.gather(*(in_one_go() for _ in range(50)))
            assert await client.get("m") == b"50"


async def test_a_cluster_node_that_is_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster:
        async with client_of(cluster.url) as client:
            await client.set("k", "v")
            node = cluster.node_of("k")
            node.kill()

            async def back() -> None:
                await asyncio.sleep(0.3)
                node.start(wait=False)

            task = asyncio.create_task(back())
            assert await client.get("k") == b"v"
            await task


async def test_a_cluster_without_its_slots_is_unavailable(tmp_path: Path) -> None:
    with (
        tcp_server(tmp_path, "--cluster-enabled", "yes") as server,
        pytest.raises(StoreUnavailable),
    ):
        await connect(server.url, CLOCK)


# ------------------------------------------------------------------------------------ patience


async def test_a_restart_is_not_noticed(server: Server) -> None:
    async with client_of(server.url) as connected:
        client: Any = connected
        blocked: asyncio.Task[Any] = asyncio.create_task(client.blpop(["queue"], 8))
        await asyncio.sleep(0.05)
        server.kill()
        waiting: list[asyncio.Task[int]] = [
            asyncio.create_task(client.incr("n")) for _ in range(10)
        ]
        await asyncio.sleep(0.2)
        server.start(wait=False)
        assert sorted(await asyncio.gather(*waiting)) == list(range(1, 11))
        await client.rpush("queue", "x")
        assert await blocked is not None


async def test_a_server_that_stays_away_is_unavailable(server: Server) -> None:
    async with client_of(server.url) as client:
        server.kill()
        with pytest.raises(StoreUnavailable, match="cannot be reached"), translate():
            await client.get("k")


async def test_nested_retries_do_not_multiply() -> None:
    patience = Patience()
    patience.update_retries(3)
    attempts = 0

    async def connect_in_vain() -> None:
        nonlocal attempts
        attempts += 1
        raise sdk.ConnectionError("nobody there")

    async def told(_error: Exception) -> None:
        return None

    async def command() -> None:
        await patience.call_with_retry(connect_in_vain, told)

    with pytest.raises(sdk.ConnectionError, match="nobody there"):
        await patience.call_with_retry(command, told)
    assert attempts == 4


@pytest.mark.parametrize("wrapped", [False, True])
async def test_refused_credentials_are_tried_once(wrapped: bool) -> None:
    attempts = 0

    async def log_in() -> None:
        nonlocal attempts
        attempts += 1
        refusal = sdk.AuthenticationError("WRONGPASS")
        if wrapped:  # as the library does over unix sockets
            raise sdk.ConnectionError(refusal) from refusal
        raise refusal

    async def told(_error: Exception) -> None:
        return None

    with pytest.raises(sdk.ConnectionError) as caught:
        await Patience().call_with_retry(log_in, told)
    assert attempts == 1
    assert isinstance(translated(caught.value), ConfigurationError)


async def test_two_tasks_are_patient_each_for_itself() -> None:
    patience = Patience()
    failures = {"a": 2, "b": 2}

    async def told(_error: Exception) -> None:
        return None

    async def work(name: str) -> str:
        failures[name] -= 1
        if failures[name] >= 0:
            raise sdk.TimeoutError("slow")
        return name

    both = (patience.call_with_retry(lambda name=name: work(name), told) for name in failures)
    assert await asyncio.gather(*both) == ["a", "b"]


async def test_a_client_made_while_the_server_loads_waits(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--key-load-delay", "300") as server:
        async with client_of(server.url) as client:
            pipeline = client.pipeline(transaction=False)
            for n in range(5000):
                pipeline.set(f"k{n}", n)
            await pipeline.execute()
        server.kill()
        server.start(wait=False)
        async with client_of(server.url) as client:
            assert await client.get("k4999") == b"4999"
