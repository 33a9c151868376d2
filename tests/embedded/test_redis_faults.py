"""What a server refuses, in our words, and nothing of what people wrote or of passwords."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions as sdk

from adapters.redis.connection import (
    Client,
    Script,
    connect,
    ensure_layout,
    translate,
)
from adapters.redis.faults import translated
from core.clock import SystemClock
from core.errors import ConfigurationError, StoreError, StoreRefused, StoreUnavailable
from tests.servers import redis_server, tcp_server

CLOCK = SystemClock()


@contextlib.asynccontextmanager
async def client_of(url: str, **options: Any) -> AsyncIterator[Client]:
    client = await connect(url, CLOCK, **options)
    try:
        yield client
    finally:
        await client.aclose()


async def test_full_memory_is_a_refusal_that_may_pass(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "1kb") as server:
        async with client_of(server.url) as client:
            script = Script("return redis.call('SET', KEYS[1], ARGV[1])")
            for _ in range(2):
                with pytest.raises(StoreRefused, match="memory is full") as caught:
                    await script(client, ["k"], ["secret words"])
                assert caught.value.retryable
            pipeline = client.pipeline(transaction=False)
            pipeline.set("k", "secret words")
            with pytest.raises(StoreRefused, match="memory is full") as caught, translate():
                await pipeline.execute()
            assert "secret" not in str(caught.value)
            pipeline = client.pipeline(transaction=True)
            pipeline.set("k", "secret words")
            with pytest.raises(StoreRefused, match="memory is full"), translate():
                await pipeline.execute()


async def test_a_replica_refuses_and_says_which_setting_is_wrong(tmp_path: Path) -> None:
    with tcp_server(tmp_path) as primary:
        assert not isinstance(primary.address, str)
        host, port = primary.address
        with tcp_server(tmp_path, "--replicaof", f"{host} {port}") as replica:
            async with client_of(replica.url) as client:
                with pytest.raises(StoreRefused, match="REDIS_URL must name the primary"):
                    await ensure_layout(client, 1)


async def test_a_replica_that_becomes_the_primary_is_waited_for(tmp_path: Path) -> None:
    with tcp_server(tmp_path, "--replicaof", "127.0.0.1 1") as server:
        async with client_of(server.url) as client:
            waiting = asyncio.create_task(ensure_layout(client, 1))
            await asyncio.sleep(0.1)
            server.ask("REPLICAOF NO ONE")
            await waiting


async def test_too_few_replicas(tmp_path: Path) -> None:
    with tcp_server(tmp_path, "--min-replicas-to-write", "1") as server:
        async with client_of(server.url) as client:
            with pytest.raises(StoreRefused, match="replicas"), translate():
                await client.set("k", "v")


@pytest.mark.parametrize("over", ["unix", "tcp"])
async def test_a_wrong_password_names_the_setting_and_not_the_password(
    tmp_path: Path, over: str
) -> None:
    start = redis_server if over == "unix" else tcp_server
    with start(tmp_path, "--requirepass", "right-password") as server:
        scheme, _, rest = server.url.partition("://")
        for url in (f"{scheme}://:wrong-password@{rest}", server.url):
            with pytest.raises(ConfigurationError, match="REDIS_URL") as caught:
                await connect(url, CLOCK)
            told = "".join(traceback.format_exception(caught.value))
            assert "wrong-password" not in told
            assert "\n" not in str(caught.value)
        async with client_of(f"{scheme}://:right-password@{rest}") as client:
            assert await client.get("k") is None


async def test_missing_rights_are_named(tmp_path: Path) -> None:
    with tcp_server(tmp_path) as server:
        server.ask("ACL SETUSER ann on >pass ~bobbin:* +info +config|get +hget")
        address = server.url.removeprefix("redis://")
        async with client_of(f"redis://ann:pass@{address}") as client:
            with pytest.raises(ConfigurationError, match="ACL SETUSER"):
                await ensure_layout(client, 1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:6379", "redis://"),
        ("http://localhost", "redis://"),
        ("", "redis://"),
        ("redis://:hunter2@host:abc/0", "redis://"),
        ("redis://[::1", "redis://"),
        ("redis://:hunter2@host/0?colour=red", "redis://"),
        ("redis://:hunter2@host/0?protocol=3", "protocol"),
        ("redis://:hunter2@host/0?decode_responses=true", "decode_responses"),
        ("redis://host/0?cluster=perhaps", "cluster"),
        ("redis://:hunter2@host/3?cluster=true", "database 0"),
        ("unix:///tmp/x?cluster=true", "unix socket"),
    ],
)
async def test_a_wrong_url_is_explained_without_its_password(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await connect(url, CLOCK)
    text = str(caught.value)
    assert "REDIS_URL" in text
    assert words in text
    assert "hunter2" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("MISCONF Errors writing to the AOF file: No space left on device", StoreRefused),
        ("NOREPLICAS Not enough good replicas to write.", StoreRefused),
        ("CLUSTERDOWN Hash slot not served", StoreUnavailable),
        ("BUSY Redis is busy running a script.", StoreUnavailable),
        ("WRONGTYPE Operation against a key", StoreError),
        ("Command # 1 (SET MISC x) of pipeline caused error: ('MISCONF Errors',)", StoreRefused),
        ("Command # 1 (SET OOM x) of pipeline caused error: ('WRONGTYPE no',)", StoreError),
        ("", StoreError),
    ],
)
def test_replies_become_our_errors(reply: str, kind: type[StoreError]) -> None:
    error = translated(sdk.ResponseError(reply))
    assert type(error) is kind
    for word in ("SET", "AOF file", "Operation"):
        assert word not in str(error)
