"""The indexer: what is added is indexed once, by whoever is free, through crashes and outages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from core.engine.records import Cursor
from core.engine.searching import Chunking, FileRejected
from core.engine.vectors.indexing import LOST_OWNERS, PAUSES_S
from core.engine.vectors.records import NewEntry
from core.engine.vectors.requests import StoreRequest
from core.errors import ConfigurationError, ModelUnavailable
from tests.engine.shelves import Shelves, shelves
from tests.fakes.clock import settled


@pytest.fixture
async def world() -> AsyncIterator[Shelves]:
    """Tables and services; no indexer yet."""
    async with shelves(indexes=False) as made:
        yield made


async def store_of(world: Shelves, *texts: str) -> tuple[str, list[str]]:
    """A store with these files in progress, and their ids."""
    ids = [await world.file(text) for text in texts]
    return (await world.stores.create(StoreRequest(file_ids=tuple(ids)))).id, ids


async def status(world: Shelves, store_id: str, file_id: str) -> str:
    """Its status, and the code of its error."""
    file = await world.stores.files.get(store_id, file_id)
    return f"{file.status} {file.last_error['code']}" if file.last_error else file.status


async def test_what_waits_is_indexed_when_somebody_comes(world: Shelves) -> None:
    store_id, (file_id,) = await store_of(world, "rain")
    await settled()
    assert await status(world, store_id, file_id) == "in_progress"
    async with world.indexer():
        await settled()
        assert await status(world, store_id, file_id) == "completed"


async def test_a_process_indexes_so_many_at_a_time(world: Shelves) -> None:
    hold = world.retrieval.hold = asyncio.Event()
    store_id, _ = await store_of(world, *(f"rain {n}" for n in range(5)))
    async with world.indexer(limit=2):
        await settled()
        assert len(world.retrieval.prepared) == 2
        async with world.indexer("w2", limit=1):
            await settled()
            assert len(world.retrieval.prepared) == 3
            hold.set()
            await settled()
            assert (await world.stores.get(store_id)).file_counts["completed"] == 5
    assert len(world.retrieval.prepared) == 5


async def test_the_same_bytes_are_prepared_once(world: Shelves) -> None:
    """In whatever store and under whatever name; other chunking is something else."""
    hold = world.retrieval.hold = asyncio.Event()
    async with world.indexer(limit=4):
        one, (first, second) = await store_of(world, "rain", "rain")
        two, _ = await store_of(world, "rain")
        await settled()
        hold.set()
        await settled()
        await world.stores.create(StoreRequest(file_ids=(first,)))
        await settled()
        assert len(world.retrieval.prepared) == 1
        found = {result.filename for result in await world.search(one)}
        assert found == {"0.txt", "1.txt"}, "each under its own name"
        assert len(await world.search(two)) == 1
        entry = NewEntry(file_id=second, chunking=Chunking(100, 0))
        await world.stores.files.add(one, entry)
        await settled()
        assert len(world.retrieval.prepared) == 2


async def test_a_file_that_cannot_be_read_is_not_tried_again(world: Shelves) -> None:
    store_id, (file_id,) = await store_of(world, "rain")
    world.retrieval.failures.append(FileRejected("unsupported_file", "Not this."))
    async with world.indexer():
        await world.clock.advance(120)
        assert await status(world, store_id, file_id) == "failed unsupported_file"
    assert len(world.retrieval.prepared) == 1


@pytest.mark.parametrize(
    "failure", [ModelUnavailable("away"), ConfigurationError("wrong"), ValueError("a fault")]
)
async def test_what_may_pass_is_tried_again(
    world: Shelves, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store_id, (file_id,) = await store_of(world, "rain")
    world.retrieval.failures += [failure, failure]
    with caplog.at_level(logging.CRITICAL):
        async with world.indexer():
            await settled()
            assert await status(world, store_id, file_id) == "in_progress"
            await world.clock.advance(sum(PAUSES_S[:2]) + 5)
            assert await status(world, store_id, file_id) == "completed"
    assert len(world.retrieval.prepared) == 3


async def test_what_does_not_pass_ends(world: Shelves, caplog: pytest.LogCaptureFixture) -> None:
    store_id, (file_id,) = await store_of(world, "rain")
    tries = len(PAUSES_S) + 1
    world.retrieval.failures += [ModelUnavailable("away")] * (tries + 5)
    with caplog.at_level(logging.CRITICAL):
        async with world.indexer():
            await world.clock.advance(sum(PAUSES_S) + 4 * tries)
            assert await status(world, store_id, file_id) == "failed server_error"
    assert len(world.retrieval.prepared) == tries
    file = await world.stores.files.get(store_id, file_id)
    assert file.last_error is not None
    assert "away" not in file.last_error["message"], "what is inside stays inside"


async def test_a_file_that_ends_its_processes_fails(world: Shelves) -> None:
    """Nobody reads it any more after so many lost owners."""
    store_id, (file_id,) = await store_of(world, "rain")
    for number in range(LOST_OWNERS):
        (claim,) = await world.tables.claim(f"dead{number}", 1)
        assert claim.takeovers == number
        world.clock.jump(world.tables.lease_s)
    async with world.indexer():
        await settled()
        assert await status(world, store_id, file_id) == "failed server_error"
    assert world.retrieval.prepared == []


async def test_an_owner_that_dies_is_replaced(world: Shelves) -> None:
    """Killed while it prepares: when its lease has run out, another one does it."""
    hold = world.retrieval.hold = asyncio.Event()
    store_id, (file_id,) = await store_of(world, "rain")
    dead = world.indexer("dead")
    await dead.__aenter__()
    await settled()
    assert len(world.retrieval.prepared) == 1
    for task in asyncio.all_tasks():
        if task.get_name().startswith(("indexer dead", "index dead")):
            task.cancel()
    hold.set()
    async with world.indexer("w2"):
        await world.clock.advance(world.tables.lease_s - 1)
        assert await status(world, store_id, file_id) == "in_progress"
        await world.clock.advance(5)
        assert await status(world, store_id, file_id) == "completed"


async def test_an_owner_that_slept_writes_nothing(world: Shelves) -> None:
    """Its machine stood still for longer than its lease; the file is another's by then."""
    hold = world.retrieval.hold = asyncio.Event()
    store_id, (file_id,) = await store_of(world, "rain")
    async with world.indexer("slow"):
        await settled()
        world.clock.jump(world.tables.lease_s + 1)
        (claim,) = await world.tables.claim("w2", 1)
        assert claim.takeovers == 1
        hold.set()
        await settled()
        assert await status(world, store_id, file_id) == "in_progress"
        assert await world.tables.renew([claim]) == [True]


async def test_a_long_preparing_keeps_its_lease(world: Shelves) -> None:
    hold = world.retrieval.hold = asyncio.Event()
    store_id, (file_id,) = await store_of(world, "rain")
    async with world.indexer():
        await world.clock.advance(5 * world.tables.lease_s)
        assert await world.tables.claim("w2", 1) == []
        hold.set()
        await settled()
        assert await status(world, store_id, file_id) == "completed"


async def test_who_stops_hands_over_at_once(world: Shelves) -> None:
    world.retrieval.hold = asyncio.Event()
    store_id, (file_id,) = await store_of(world, "rain")
    async with world.indexer():
        await settled()
    world.retrieval.hold = None
    (claim,) = await world.tables.claim("w2", 1)
    assert (claim.store_id, claim.file_id, claim.takeovers) == (store_id, file_id, 0)


async def test_a_file_that_was_deleted_meanwhile_leaves_the_store(world: Shelves) -> None:
    store_id, (one, two) = await store_of(world, "rain", "sun")
    await world.store.objects.delete("file", one)
    async with world.indexer():
        await settled()
        page = await world.stores.files.list(store_id, Cursor())
        assert [(file.id, file.status) for file in page.data] == [(two, "completed")]


async def test_a_file_whose_bytes_are_lost_fails(world: Shelves) -> None:
    store_id, (file_id,) = await store_of(world, "rain")
    world.store.blobs.data.clear()
    async with world.indexer():
        await settled()
        assert await status(world, store_id, file_id) == "failed invalid_file"
