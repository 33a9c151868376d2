"""Sweeping blobs of a store: what is named stays, and what nothing names goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.blobs.local import LocalBlobs
from adapters.redis.connection import Client
from adapters.redis.objects import RedisObjectStore
from adapters.redis.references import BlobReferences
from adapters.redis.vector_places import RedisPreparedIndex
from adapters.redis.vector_queue import RedisIndexQueue
from adapters.redis.vector_stores import RedisVectorStores
from bots.wiring.sweeping import EVERY_S, GRACE_S, sweep
from core.assistants import File
from core.engine.records import ObjectRecord
from core.engine.vectors.records import Indexed, NewEntry, PreparedBlob, StoreRecord
from core.errors import NotFound
from core.ids import RandomIds
from tests.contracts.engine_stores import LEASE_MS, redis_client, redis_url
from tests.contracts.key_leaks import assert_no_leaks
from tests.contracts.vector_tables import store
from tests.fakes.clock import ManualClock

PARTITIONS = 4


@pytest.fixture(params=["standalone", "cluster"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    async with redis_client(redis_url(request)) as opened:
        yield opened
        await assert_no_leaks(opened)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def blobs(tmp_path: Path, clock: ManualClock) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs", clock, RandomIds())


async def there(blobs: LocalBlobs, *names: str) -> list[str]:
    """Those that can be read."""
    found: list[str] = []
    for name in names:
        try:
            found.append((await blobs.get(name)).decode())
        except NotFound:
            continue
    return found


async def file(client: Client, blobs: LocalBlobs, text: str, tenant: str = "") -> str:
    """A File with this text; its blob."""
    blob = await blobs.put(text.encode())
    value = File(id=f"file-{text}", bytes=1, created_at=1, filename="a.txt", purpose="assistants")
    objects = RedisObjectStore(client, PARTITIONS)
    await objects.put(ObjectRecord(value=value, tenant=tenant, state={"blob": blob}))
    return blob


async def test_what_is_named_stays(client: Client, blobs: LocalBlobs, clock: ManualClock) -> None:
    """By a File of any tenant, by a file of a vector store, by what is remembered as prepared."""
    names = [await file(client, blobs, "one"), await file(client, blobs, "two", "a team")]
    tables = RedisVectorStores(client, PARTITIONS)
    queue = RedisIndexQueue(client, PARTITIONS, lease_ms=LEASE_MS)
    try:
        await tables.create(StoreRecord(store=store()))
        entries = [NewEntry(file_id="file-one"), NewEntry(file_id="file-two")]
        await tables.add("vs_a", entries, now=1)
        claim = (await queue.claim("w1", 2))[0]
        names.append(await blobs.put(b"indexed"))
        await queue.end(claim, Indexed(blob=names[-1], size=7, filename="a.txt"))
    finally:
        await queue.aclose()
    names.append(await blobs.put(b"prepared"))
    prepared = RedisPreparedIndex(client, PARTITIONS)
    await prepared.remember("ab" * 32, PreparedBlob(names[-1], 8))
    names.append(await blobs.put(b"orphan"))
    clock.jump(GRACE_S + 1)
    names.append(await blobs.put(b"new"))
    assert await sweep(BlobReferences(client, RandomIds()), blobs) == 1
    assert await there(blobs, *names) == ["one", "two", "indexed", "prepared", "new"]


async def test_the_blob_of_a_deleted_file_goes(
    client: Client, blobs: LocalBlobs, clock: ManualClock
) -> None:
    """Unless another File has the same bytes."""
    first, second = await file(client, blobs, "one"), await file(client, blobs, "one", "team")
    other = await file(client, blobs, "two")
    assert first == second
    clock.jump(GRACE_S + 1)
    objects = RedisObjectStore(client, PARTITIONS)
    for name in ("file-one", "file-two"):
        assert await objects.delete("file", name)
    assert await sweep(BlobReferences(client, RandomIds()), blobs) == 1
    assert await there(blobs, first, other) == ["one"]


async def test_one_process_sweeps_in_a_while(
    client: Client, blobs: LocalBlobs, clock: ManualClock
) -> None:
    references = BlobReferences(client, RandomIds())
    assert await references.my_turn(EVERY_S)
    assert not await references.my_turn(EVERY_S)
    orphan = await blobs.put(b"orphan")
    clock.jump(GRACE_S + 1)
    assert await sweep(references, blobs) == 0
    assert await there(blobs, orphan) == ["orphan"]


async def test_a_folder_that_two_stores_name_is_not_swept(
    client: Client, blobs: LocalBlobs, clock: ManualClock
) -> None:
    """A person tried another REDIS_URL with the same data folder: their files stay."""
    orphan = await blobs.put(b"of the other store")
    assert await blobs.refer("store_other")
    clock.jump(GRACE_S + 1)
    references = BlobReferences(client, RandomIds())
    assert await sweep(references, blobs) == 0
    assert await there(blobs, orphan) == ["of the other store"]
    assert not await blobs.refer("store_other")


async def test_a_store_keeps_its_id(client: Client) -> None:
    first, second = (BlobReferences(client, RandomIds()) for _ in range(2))
    assert await first.store_id() == await second.store_id()
    commands: Any = client
    await commands.delete("bobbin:layout")
