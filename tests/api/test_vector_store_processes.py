"""Vector stores with several processes on one Redis and one data folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.redis.connection import connect
from adapters.redis.vector_queue import RedisIndexQueue
from core.clock import SystemClock
from tests.api.serving import served
from tests.api.stores import file_of, store_of
from tests.contracts.key_leaks import assert_no_leaks
from tests.patience import PATIENCE_S


async def test_one_adds_another_indexes_both_search(redis_url: str, tmp_path: Path) -> None:
    """What one of them changes is seen by the next search of the other."""
    async with (
        served(redis_url, tmp_path, executes=False) as face,
        served(redis_url, tmp_path) as worker,
    ):
        one, two = await file_of(face, "rain in spring"), await file_of(face, "rain in autumn")
        store = await face.client.vector_stores.create(file_ids=[one])
        ended = await store_of(face, store.id)
        assert ended.file_counts.completed == 1
        assert (face.retrieval.prepared, worker.retrieval.prepared) == ([], ["a.txt"])
        for process in (face, worker):
            found = await process.client.vector_stores.search(store.id, query="rain")
            assert [result.file_id for result in found.data] == [one]
        await worker.client.vector_stores.files.create(store.id, file_id=two)
        await store_of(face, store.id)
        for process in (face, worker):
            found = await process.client.vector_stores.search(store.id, query="rain")
            assert {result.file_id for result in found.data} == {one, two}
        await face.client.files.delete(one)
        for process in (face, worker):
            found = await process.client.vector_stores.search(store.id, query="rain")
            assert [result.file_id for result in found.data] == [two]
        await assert_no_leaks(face.store)


async def test_what_a_dead_process_was_indexing_is_taken_over(
    redis_url: str, tmp_path: Path
) -> None:
    """Killed in the middle: it said nothing more, and its lease ran out."""
    async with served(redis_url, tmp_path, executes=False) as face:
        ids = [await file_of(face, f"rain {number}") for number in range(3)]
        store = await face.client.vector_stores.create(file_ids=ids)
        client = await connect(redis_url, SystemClock())
        dead = RedisIndexQueue(client, 1, lease_ms=1)
        try:
            assert len(await dead.claim("dead", 10)) == 3
        finally:
            await dead.aclose()
            await client.aclose()
        assert (await face.client.vector_stores.retrieve(store.id)).status == "in_progress"
        async with served(redis_url, tmp_path) as worker:
            ended = await asyncio.wait_for(store_of(face, store.id), PATIENCE_S)
            assert ended.file_counts.completed == 3
            assert len(worker.retrieval.prepared) == 3
        await assert_no_leaks(face.store)
