"""What the contract tests of vector stores share: the ports on an empty store, and small values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.redis.vector_places import RedisFilePlaces, RedisPreparedIndex
from adapters.redis.vector_queue import RedisIndexQueue
from adapters.redis.vector_stores import RedisVectorStores
from core.assistants import VectorStore
from core.clock import SystemClock
from core.engine.records import Cursor
from core.engine.searching import Chunking
from core.engine.vectors.ports import (
    BatchTable,
    EntryTable,
    FilePlaces,
    IndexQueue,
    PreparedIndex,
    StoreTable,
)
from core.engine.vectors.records import IndexClaim, Indexed, NewEntry, StoreRecord, counts_of
from tests.contracts.engine_stores import LEASE_MS, redis_client, redis_url
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.memory_vectors import MemoryVectors

STORE = "vs_a"
BATCH = "vsfb_a"
PARTITIONS = 4


@dataclass
class Tables:
    """The ports."""

    stores: StoreTable
    entries: EntryTable
    batches: BatchTable
    queue: IndexQueue
    places: FilePlaces
    prepared: PreparedIndex
    run_out: Callable[[], Awaitable[Any]]
    """Lets every lease run out now; no clock is waited for."""

    async def begin(self, *file_ids: str, store_id: str = STORE, **options: Any) -> None:
        """A store with these files in progress."""
        await self.stores.create(StoreRecord(store=store(store_id)))
        if file_ids:
            await self.add(*file_ids, store_id=store_id, **options)

    async def add(self, *file_ids: str, store_id: str = STORE, **options: Any) -> None:
        """Add files, all the same way."""
        values = {name: options.pop(name) for name in ("chunking", "attributes") if name in options}
        entries = [NewEntry(file_id=file_id, **values) for file_id in file_ids]
        given: dict[str, Any] = {"now": 20} | options
        await self.entries.add(store_id, entries, **given)

    async def claim(self, owner: str = "w1") -> IndexClaim:
        """The only file that waits."""
        (claim,) = await self.queue.claim(owner, 10)
        return claim

    async def complete(self, *file_ids: str, size: int = 10) -> None:
        """Index these of the files that wait; hand the others over."""
        for claim in await self.queue.claim("w1", 10_000):
            if claim.file_id in file_ids:
                assert await self.queue.end(claim, indexed(claim.file_id, size))

    async def status(self, *file_ids: str, store_id: str = STORE) -> list[str | None]:
        """The files' statuses."""
        found = await self.entries.files(store_id, *file_ids)
        return [entry.file.status if entry else None for entry in found]

    async def ids(self, store_id: str = STORE, **options: Any) -> list[str]:
        """The ids of a page, oldest first unless said otherwise."""
        cursor: dict[str, Any] = {"order": "asc"}
        for name in ("limit", "order", "after", "before"):
            if name in options:
                cursor[name] = options.pop(name)
        page = await self.entries.page(store_id, Cursor(**cursor), **options)
        return [entry.file.id for entry in page.data]

    async def counts(self, store_id: str = STORE) -> dict[str, int]:
        """How many files of each status, those of none left out."""
        (record,) = await self.stores.get(store_id)
        assert record is not None
        counts = record.store.file_counts
        assert sum(counts.values()) == 2 * counts["total"]
        return {name: count for name, count in counts.items() if count and name != "total"}


@asynccontextmanager
async def vector_tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    """The ports on the backend that `request.param` names, whose keys are checked at the end."""
    if request.param == "memory":
        memory = MemoryVectors(SystemClock(), lease_s=LEASE_MS / 1000)

        async def run_out() -> None:
            for lease in memory.leases.values():
                lease.until = min(lease.until, 0.0) if lease.state == "leased" else lease.until

        yield Tables(memory, memory, memory, memory, memory, memory, run_out)
        return
    async with redis_client(redis_url(request)) as client:
        queue = RedisIndexQueue(client, PARTITIONS, lease_ms=LEASE_MS)
        tables = RedisVectorStores(client, PARTITIONS)
        try:
            yield Tables(
                tables,
                tables,
                tables,
                queue,
                RedisFilePlaces(client, PARTITIONS),
                RedisPreparedIndex(client, PARTITIONS),
                lambda: queue.recover(lambda _: True),
            )
        finally:
            await queue.aclose()
        await assert_no_leaks(client)


def store(store_id: str = STORE, **changes: Any) -> VectorStore:
    """A store of this id, made at second 10."""
    values: dict[str, Any] = {
        "id": store_id,
        "created_at": 10,
        "name": f"name of {store_id}",
        "file_counts": counts_of({}),
        "last_active_at": 10,
        "metadata": {"a": "ü"},
    }
    return VectorStore(**(values | changes))


def indexed(name: str, size: int = 10, until: int | None = None) -> Indexed:
    """What came of a file."""
    return Indexed(blob=f"blob of {name}", size=size, filename=f"{name}.txt", until=until)


SMALL = Chunking(100, 50)
