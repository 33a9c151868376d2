"""The contract of `IndexQueue`: each file to one owner at a time, and none is forgotten."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from core.engine.searching import Chunking
from core.engine.vectors.records import (
    FEW,
    FileGone,
    HandedOver,
    IndexClaim,
    NotIndexed,
    PutOff,
    StoreRecord,
)
from tests.contracts.engine_stores import BACKENDS
from tests.contracts.vector_tables import SMALL, STORE, Tables, indexed, store, vector_tables
from tests.patience import PATIENCE_S

NEIGHBOUR = "vs_c"
"""A store in the partition of `STORE`."""

LONG_S = 600.0
"""A wait that only an event can end within the test's time."""


@pytest.fixture(params=BACKENDS)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    async with vector_tables(request) as opened:
        yield opened


def ids(claims: list[IndexClaim]) -> list[str]:
    return sorted(claim.file_id for claim in claims)


async def test_an_empty_queue_has_nothing(tables: Tables) -> None:
    assert await tables.queue.claim("w1", 5) == []
    assert await tables.queue.renew([]) == []


async def test_a_claim_says_what_is_to_be_done(tables: Tables) -> None:
    await tables.stores.create(StoreRecord(store=store(), tenant="{a} team"))
    await tables.add("file-a", chunking=SMALL)
    claim = await tables.claim()
    assert (claim.store_id, claim.file_id, claim.tenant) == (STORE, "file-a", "{a} team")
    assert (claim.takeovers, claim.tries, claim.chunking) == (0, 0, SMALL)
    assert claim.chunking != Chunking()
    assert await tables.queue.claim("w2", 5) == []


async def test_claims_take_no_more_than_asked_and_reach_every_store(tables: Tables) -> None:
    for number in range(8):
        await tables.begin(f"file-{number}", store_id=f"vs_{number}")
    found = [ids(await tables.queue.claim("w1", 1)) for _ in range(8)]
    assert sorted(itertools.chain(*found)) == [f"file-{number}" for number in range(8)]
    assert all(len(one) == 1 for one in found)


async def test_few_files_do_not_wait_for_many(tables: Tables) -> None:
    """Whoever attaches one does not wait for somebody's archive; that goes on all the same."""
    many = [f"file-{number}" for number in range(FEW + 10)]
    await tables.begin(*many)
    for number in range(5):
        await tables.begin(f"file-few{number}", store_id=NEIGHBOUR)
    first = ids(await tables.queue.claim("w1", 6))
    assert len(first) == 6
    assert len([name for name in first if "few" in name]) >= 5
    rest: list[str] = []
    while claims := await tables.queue.claim("w1", 7):
        rest += ids(claims)
    assert sorted(first + rest) == sorted([*many, *(f"file-few{number}" for number in range(5))])


async def test_what_waits_among_many_is_claimed_once_however_often_it_is_added(
    tables: Tables,
) -> None:
    many = [f"file-{number}" for number in range(FEW + 1)]
    await tables.begin(*many)
    await tables.entries.remove(STORE, "file-0")
    await tables.add("file-0")
    await tables.add("file-1", chunking=SMALL)
    await tables.add(*many, chunking=SMALL)
    claims = await tables.queue.claim("w1", 100)
    assert ids(claims) == sorted(many)
    assert {claim.chunking for claim in claims} == {SMALL}
    assert await tables.queue.claim("w1", 100) == []


async def test_racing_claimers_never_hold_the_same_file(tables: Tables) -> None:
    names = [f"file-{number}" for number in range(12)]
    await tables.begin(*names)

    async def take(owner: str) -> list[str]:
        taken: list[str] = []
        while claims := await tables.queue.claim(owner, 2):
            taken += ids(claims)
        return taken

    found = await asyncio.gather(*(take(f"w{number}") for number in range(5)))
    assert sorted(itertools.chain(*found)) == sorted(names)


async def test_what_is_indexed_is_completed(tables: Tables) -> None:
    await tables.begin("file-a")
    claim = await tables.claim()
    assert await tables.queue.end(claim, indexed("file-a", size=12, until=99))
    (entry,) = await tables.entries.files(STORE, "file-a")
    assert entry is not None
    assert (entry.blob, entry.filename, entry.until) == ("blob of file-a", "file-a.txt", 99)
    assert (entry.file.status, entry.file.usage_bytes) == ("completed", 12)
    assert entry.file.last_error is None
    assert await tables.counts() == {"completed": 1}
    await tables.run_out()
    assert await tables.queue.claim("w2", 5) == []


async def test_what_failed_says_why(tables: Tables) -> None:
    await tables.begin("file-a", attributes={"a": "b"})
    claim = await tables.claim()
    assert await tables.queue.end(claim, NotIndexed("unsupported_file", "Not this: ü."))
    (entry,) = await tables.entries.files(STORE, "file-a")
    assert entry is not None
    assert entry.file.last_error == {"code": "unsupported_file", "message": "Not this: ü."}
    assert (entry.file.status, entry.file.attributes) == ("failed", {"a": "b"})
    assert await tables.counts() == {"failed": 1}


async def test_a_file_that_is_no_more_leaves_the_store(tables: Tables) -> None:
    await tables.begin("file-a")
    assert await tables.queue.end(await tables.claim(), FileGone())
    assert await tables.status("file-a") == [None]
    assert await tables.counts() == {}


async def test_a_hand_over_is_no_crash(tables: Tables) -> None:
    await tables.begin("file-a")
    first = await tables.claim("w1")
    assert await tables.queue.end(first, HandedOver())
    second = await tables.claim("w2")
    assert second.epoch > first.epoch
    assert (second.takeovers, second.tries) == (0, 0)


async def test_what_is_put_off_comes_back_in_its_time(tables: Tables) -> None:
    await tables.begin("file-a")
    assert await tables.queue.end(await tables.claim(), PutOff(0))
    again = await tables.claim()
    assert (again.tries, again.takeovers) == (1, 0)
    assert await tables.queue.end(again, PutOff(3600))
    assert await tables.queue.claim("w1", 5) == []
    await tables.run_out()
    assert await tables.queue.claim("w1", 5) == []
    assert await tables.status("file-a") == ["in_progress"]


async def test_what_is_put_off_and_added_anew_does_not_wait(tables: Tables) -> None:
    await tables.begin("file-a")
    await tables.queue.end(await tables.claim(), PutOff(3600))
    await tables.add("file-a", chunking=SMALL)
    claim = await tables.claim()
    assert (claim.chunking, claim.tries) == (SMALL, 0)


async def test_an_owner_that_died_loses_the_file_and_is_counted(tables: Tables) -> None:
    await tables.begin("file-a")
    claims: list[IndexClaim] = []
    for lost in range(4):
        if claims:
            await tables.run_out()
        claims.append(await tables.claim(f"w{lost}"))
        assert claims[-1].takeovers == lost
    assert await tables.queue.renew(claims) == [False, False, False, True]


async def test_a_late_owner_writes_nothing(tables: Tables) -> None:
    """Whatever it wants to say: the file is another's."""
    await tables.begin("file-a")
    old = await tables.claim("w1")
    await tables.run_out()
    new = await tables.claim("w2")
    for outcome in (
        indexed("old"),
        NotIndexed("invalid_file", "no"),
        PutOff(0),
        HandedOver(),
        FileGone(),
    ):
        assert not await tables.queue.end(old, outcome)
    assert await tables.status("file-a") == ["in_progress"]
    assert await tables.queue.end(new, indexed("new"))
    (entry,) = await tables.entries.files(STORE, "file-a")
    assert entry is not None
    assert entry.blob == "blob of new"


async def test_whoever_indexes_what_is_cut_anew_has_lost_it(tables: Tables) -> None:
    await tables.begin("file-a")
    await tables.claim("w0")
    await tables.run_out()
    old = await tables.claim("w1")
    assert old.takeovers == 1
    await tables.add("file-a", chunking=SMALL)
    assert not await tables.queue.end(old, indexed("old"))
    new = await tables.claim("w2")
    assert (new.chunking, new.takeovers) == (SMALL, 0)


async def test_whoever_indexes_what_is_removed_has_lost_it(tables: Tables) -> None:
    await tables.begin("file-a")
    claim = await tables.claim()
    await tables.entries.remove(STORE, "file-a")
    assert await tables.queue.renew([claim]) == [False]
    assert not await tables.queue.end(claim, indexed("file-a"))
    assert await tables.status("file-a") == [None]
    await tables.add("file-a")
    assert (await tables.claim()).epoch > claim.epoch


async def test_waiting_ends_when_a_file_is_added(tables: Tables) -> None:
    await tables.begin()
    while not await _waits(tables):
        assert await tables.queue.claim("w1", 1) == []
    waiting = asyncio.create_task(tables.queue.wait(LONG_S))
    await tables.add("file-a")
    await asyncio.wait_for(waiting, PATIENCE_S)
    assert (await tables.claim()).file_id == "file-a"


async def test_waiting_ends_at_its_time(tables: Tables) -> None:
    await tables.queue.wait(0.01)
    await tables.queue.wait(0.01)


async def _waits(tables: Tables) -> bool:
    """Whether the doorbell is connected and nothing has rung."""
    waiting = asyncio.create_task(tables.queue.wait(LONG_S))
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    return not done


async def test_waiting_files_of_a_deleted_store_hold_up_nobody(tables: Tables) -> None:
    """They are dropped in steps, and whoever waits is not left to wait between them."""
    await tables.begin()
    for start in range(0, 2500, FEW):
        await tables.add(*(f"file-{number}" for number in range(start, start + FEW)))
    await tables.stores.delete(STORE)
    await tables.begin("file-b", store_id=NEIGHBOUR)
    claims: list[IndexClaim] = []
    while not claims:
        await asyncio.wait_for(tables.queue.wait(LONG_S), PATIENCE_S)
        claims = await tables.queue.claim("w1", 10)
    assert ids(claims) == ["file-b"]
