"""What large vector stores cost: `python -m benchmarks.vector_stores [FILES]`.

Everything goes through the services on a server with `appendfsync always`; the search itself is a
stand-in that finds nothing (`benchmarks.retrieval` measures that), so what is told is what it takes
to know which files a search is about. Times are of one call each, in milliseconds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

from adapters.blobs.local import LocalBlobs
from adapters.redis.connection import Client, connect
from adapters.redis.objects import RedisObjectStore
from adapters.redis.vector_places import RedisFilePlaces, RedisPreparedIndex
from adapters.redis.vector_queue import RedisIndexQueue
from adapters.redis.vector_stores import RedisVectorStores
from core.clock import SystemClock
from core.engine.records import Cursor
from core.engine.requests import FileRequest
from core.engine.searching import Chunking, Library, Passage, Prepared, Question
from core.engine.service.files import Files
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.indexing import Indexer
from core.engine.vectors.parts import VectorParts
from core.engine.vectors.records import NewEntry
from core.engine.vectors.requests import BatchRequest, SearchRequest, StoreRequest
from core.ids import RandomIds
from tests.servers import redis_server

_T = TypeVar("_T")


class Nothing:
    """`Retrieval` that costs nothing."""

    recipe = "nothing"

    async def prepare(self, filename: str, data: bytes, chunking: Chunking) -> Prepared:
        """See `Retrieval`."""
        return Prepared(data, 1)

    def passages(self, data: bytes) -> list[str]:
        """See `Retrieval`."""
        return [data.decode()]

    async def search(self, libraries: Sequence[Library], question: Question) -> list[Passage]:
        """See `Retrieval`."""
        return []


async def timed(label: str, call: Awaitable[_T]) -> _T:
    """What it answers; how long that took is told."""
    begun = time.perf_counter()
    answer = await call
    print(f"{label:<52}{(time.perf_counter() - begun) * 1000:10.1f}")
    return answer


async def measure(client: Client, folder: Path, most: int) -> None:
    """Fill one store, and search it."""
    clock, ids = SystemClock(), RandomIds()
    blobs = LocalBlobs(folder / "blobs", clock, ids)
    objects, tables = RedisObjectStore(client, 1), RedisVectorStores(client, 1)
    parts = VectorParts(
        stores=tables, entries=tables, batches=tables, places=RedisFilePlaces(client, 1),
        objects=objects, blobs=blobs, retrieval=Nothing(), clock=clock, ids=ids,
    )  # fmt: skip
    stores = VectorStores(parts)
    files = Files(objects=objects, blobs=blobs, shelved=stores.files, clock=clock, ids=ids)
    request = FileRequest(filename="a.txt", purpose="assistants", data=b"the same bytes")
    names = [
        file.id
        for start in range(0, most, 50)
        for file in await asyncio.gather(
            *(files.create(request) for _ in range(min(50, most - start)))
        )
    ]
    first = StoreRequest(file_ids=tuple(names[:500]))
    store = await timed("create with 500 files", stores.create(first))
    for start in range(500, most, 2_000):
        entries = tuple(NewEntry(file_id=name) for name in names[start : start + 2_000])
        await timed(
            f"add a batch of {len(entries)} files to {start}",
            stores.batches.create(store.id, BatchRequest(entries=entries)),
        )
    queue = RedisIndexQueue(client, 1, lease_ms=10_000)
    begun = time.perf_counter()
    async with Indexer(
        owner="w1", queue=queue, objects=objects, blobs=blobs,
        prepared=RedisPreparedIndex(client, 1), retrieval=Nothing(), clock=clock, limit=8,
    ):  # fmt: skip
        while (await stores.get(store.id)).status == "in_progress":
            await asyncio.sleep(0.1)
    each = (time.perf_counter() - begun) / most * 1000
    print(f"{'claim and settle, for each file (8 at a time)':<52}{each:10.1f}")
    await queue.aclose()
    wanted = SearchRequest(queries=("anything",))
    await timed(f"first search among {most} files", stores.searching.search(store.id, wanted))
    for _ in range(3):
        await timed("search, nothing changed", stores.searching.search(store.id, wanted))
    await stores.files.update(store.id, names[7], {"a": 1})
    await timed("search, one file changed", stores.searching.search(store.id, wanted))
    only = {"type": "eq", "key": "a", "value": 1}
    wanted = SearchRequest(queries=("anything",), filters=only)
    await timed("search with a filter", stores.searching.search(store.id, wanted))
    await timed("list 100 files", stores.files.list(store.id, Cursor(limit=100)))
    await timed("delete the store", stores.delete(store.id))


async def main() -> None:
    """Measure and tell."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name, redis_server(Path(name)) as server:
        client = await connect(server.url, SystemClock())
        try:
            await measure(client, Path(name), most)
        finally:
            await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
