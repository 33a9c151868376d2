"""The contracts of `StoreTable`, `EntryTable` and `BatchTable`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.engine.vectors.records import (
    FILES_OF_STORE,
    NewEntry,
    NotIndexed,
    Shelved,
    StoreFull,
    StoreGone,
    StoreRecord,
    counts_of,
)
from tests.contracts.engine_stores import BACKENDS
from tests.contracts.vector_tables import BATCH, SMALL, STORE, Tables, indexed, store, vector_tables


@pytest.fixture(params=BACKENDS)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    async with vector_tables(request) as opened:
        yield opened


# ---------------------------------------------------------------------------- stores


async def test_stores_come_back_as_they_were_made(tables: Tables) -> None:
    one = StoreRecord(store=store(description="d", name="ü\n\"'"), tenant="{a} team")
    ends = {"anchor": "last_active_at", "days": 3}
    two = StoreRecord(store=store("vs_b", expires_after=ends))
    for record in (one, two):
        await tables.stores.create(record)
    assert await tables.stores.get(STORE, "vs_none", "vs_b", "a b") == [one, None, two, None]
    await tables.stores.create(replace(one, store=store(name="other")))
    assert await tables.stores.get(STORE) == [one]


async def test_an_update_changes_what_callers_can_change(tables: Tables) -> None:
    await tables.begin("file-a", "file-b")
    await tables.complete("file-a", size=7)
    changed = store(name="new", metadata={}, last_active_at=30)
    assert await tables.stores.update(changed)
    (record,) = await tables.stores.get(STORE)
    assert record is not None
    counts = counts_of({"completed": 1, "in_progress": 1})
    assert record.store == replace(changed, file_counts=counts, usage_bytes=7)
    assert not await tables.stores.update(store("vs_none"))


async def test_a_deleted_store_is_gone_with_all_that_was_in_it(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", batch_id=BATCH)
    claims = await tables.queue.claim("w1", 1)
    assert sorted(await tables.stores.delete(STORE) or ()) == ["file-a", "file-b"]
    assert await tables.stores.delete(STORE) is None
    assert await tables.stores.get(STORE) == [None]
    assert await tables.status("file-a") == [None]
    assert await tables.ids() == []
    assert await tables.batches.batch(STORE, BATCH) is None
    assert not await tables.queue.end(claims[0], indexed("file-a"))
    await tables.run_out()
    assert await tables.queue.claim("w2", 10) == []
    with pytest.raises(StoreGone):
        await tables.add("file-a")


# ---------------------------------------------------------------------------- looks


async def test_the_first_look_has_all_that_is_completed(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", "file-c", attributes={"n": 1})
    await tables.complete("file-a", "file-c")
    look = await tables.stores.look(STORE, -1, 25)
    assert look is not None
    assert look.whole
    assert look.changed == {
        name: Shelved(f"blob of {name}", f"{name}.txt", None, {"n": 1})
        for name in ("file-a", "file-c")
    }
    assert await tables.stores.look("vs_none", -1, 25) is None


async def test_another_tenant_s_look_finds_nothing_and_changes_nothing(tables: Tables) -> None:
    """Nobody keeps a store alive that is not theirs."""
    await tables.begin("file-a")
    (before,) = await tables.stores.get(STORE)
    assert await tables.stores.look(STORE, -1, 25_000, tenant="other") is None
    assert await tables.stores.get(STORE) == [before]


async def test_a_later_look_has_what_changed(tables: Tables) -> None:
    await tables.begin(*(f"file-{number}" for number in range(6)))
    await tables.complete("file-0", "file-1", "file-2")
    first = await tables.stores.look(STORE, -1, 25)
    assert first is not None
    again = await tables.stores.look(STORE, first.version, 25)
    assert again is not None
    assert (again.version, again.whole, again.changed) == (first.version, False, {})

    await tables.entries.remove(STORE, "file-0")
    await tables.entries.set_attributes(STORE, "file-1", {"x": True})
    await tables.entries.set_attributes(STORE, "file-5", {"x": True})
    await tables.add("file-2", chunking=SMALL)
    await tables.run_out()
    await tables.complete("file-3")
    later = await tables.stores.look(STORE, first.version, 25)
    assert later is not None
    assert later.version > first.version
    assert not later.whole
    assert later.changed == {
        "file-0": None,
        "file-1": Shelved("blob of file-1", "file-1.txt", None, {"x": True}),
        "file-2": None,
        "file-3": Shelved("blob of file-3", "file-3.txt", None, None),
    }


async def test_what_is_known_of_another_life_of_the_store_counts_for_nothing(
    tables: Tables,
) -> None:
    await tables.begin("file-a")
    await tables.complete("file-a")
    look = await tables.stores.look(STORE, 999, 25)
    assert look is not None
    assert look.whole
    assert set(look.changed) == {"file-a"}


async def test_many_comings_and_goings_are_forgotten(tables: Tables) -> None:
    """Whoever looked long ago gets all that is there now, and nothing that is not."""
    await tables.begin("file-stays")
    await tables.complete("file-stays")
    early = await tables.stores.look(STORE, -1, 25)
    assert early is not None
    for start in range(0, 1200, 300):
        names = [f"file-{number}" for number in range(start, start + 300)]
        await tables.add(*names)
        await tables.complete(*names)
        for name in names:
            await tables.entries.remove(STORE, name)
    late = await tables.stores.look(STORE, early.version, 25)
    assert late is not None
    there = {name for name, file in late.changed.items() if file is not None}
    assert there == ({"file-stays"} if late.whole else set())


async def test_a_look_makes_the_store_active_until_it_has_expired(tables: Tables) -> None:
    ends = {"anchor": "last_active_at", "days": 1}
    await tables.stores.create(StoreRecord(store=store(expires_after=ends)))

    async def looked(now: int) -> int | None:
        look = await tables.stores.look(STORE, -1, now)
        assert look is not None
        (record,) = await tables.stores.get(STORE)
        assert record is not None
        return record.store.last_active_at

    assert await looked(50) == 50
    assert await looked(40) == 50
    assert await looked(50 + 86_400) == 50
    assert await looked(50 + 86_399) == 50 + 86_399


# ---------------------------------------------------------------------------- files


async def test_added_files_are_in_progress(tables: Tables) -> None:
    await tables.begin()
    await tables.add("file-a", attributes={"k": "ü\n", "n": 1.5, "b": False}, chunking=SMALL)
    await tables.add("file-b")
    one, two, none = await tables.entries.files(STORE, "file-a", "file-b", "file-c")
    assert none is None
    assert one is not None
    assert two is not None
    assert one.file.attributes == {"k": "ü\n", "n": 1.5, "b": False}
    assert one.file.chunking_strategy == {
        "type": "static",
        "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
    }
    assert (one.file.created_at, one.file.vector_store_id) == (20, STORE)
    assert (two.file.attributes, two.file.status, two.blob) == (None, "in_progress", None)
    assert await tables.counts() == {"in_progress": 2}
    (record,) = await tables.stores.get(STORE)
    assert record is not None
    assert record.store.last_active_at == 20


async def test_what_is_there_stays_unless_it_is_cut_anew_or_failed(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", "file-c", attributes={"n": 1})
    for claim in await tables.queue.claim("w1", 3):
        if claim.file_id == "file-a":
            await tables.queue.end(claim, indexed("file-a", size=5))
        elif claim.file_id == "file-b":
            await tables.queue.end(claim, NotIndexed("invalid_file", "no"))
    await tables.add("file-a", "file-b", now=30)
    assert await tables.status("file-a", "file-b") == ["completed", "in_progress"]
    await tables.add("file-a", attributes={"n": 2})
    found = await tables.entries.files(STORE, "file-a", "file-b")
    assert [entry.file.attributes if entry else None for entry in found] == [{"n": 2}, {"n": 1}]
    assert [entry.file.created_at if entry else None for entry in found] == [20, 20]
    await tables.add("file-a", chunking=SMALL)
    assert await tables.status("file-a") == ["in_progress"]
    assert await tables.counts() == {"in_progress": 3}
    (record,) = await tables.stores.get(STORE)
    assert record is not None
    assert record.store.usage_bytes == 0
    assert await tables.ids() == ["file-a", "file-b", "file-c"]


async def test_a_store_takes_so_many_files_and_no_more(tables: Tables) -> None:
    await tables.begin(*(f"file-{number}" for number in range(FILES_OF_STORE - 1)))
    with pytest.raises(StoreFull):
        await tables.add("file-x", "file-y")
    assert await tables.status("file-x") == [None]
    await tables.add("file-x", "file-0")
    assert await tables.counts() == {"in_progress": FILES_OF_STORE}


async def test_a_removed_file_is_gone(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", batch_id=BATCH)
    await tables.complete("file-a")
    assert await tables.entries.remove(STORE, "file-a")
    assert not await tables.entries.remove(STORE, "file-a")
    assert not await tables.entries.remove("vs_none", "file-a")
    assert await tables.status("file-a") == [None]
    assert await tables.ids() == ["file-b"]
    assert await tables.ids(batch_id=BATCH) == ["file-b"]
    assert await tables.counts() == {"in_progress": 1}
    batch = await tables.batches.batch(STORE, BATCH)
    assert batch is not None
    assert batch.file_counts == counts_of({"in_progress": 1})
    assert not await tables.entries.set_attributes(STORE, "file-a", {})
    await tables.add("file-a")
    assert await tables.ids() == ["file-b", "file-a"]


async def test_pages_of_one_status(tables: Tables) -> None:
    names = [f"file-{number}" for number in range(7)]
    await tables.begin(*names)
    await tables.complete("file-1", "file-3", "file-4", "file-6")
    assert await tables.ids(status="completed") == ["file-1", "file-3", "file-4", "file-6"]
    assert await tables.ids(status="in_progress", order="desc") == ["file-5", "file-2", "file-0"]
    assert await tables.ids(status="failed") == []
    assert await tables.ids(status="completed", after="file-3") == ["file-4", "file-6"]
    assert await tables.ids(status="completed", after="file-2", limit=1) == ["file-3"]
    assert await tables.ids(status="completed", before="file-5", limit=2) == ["file-3", "file-4"]
    assert await tables.ids(status="completed", after="file-x") == []
    assert await tables.ids(limit=2) == names[:2]
    assert await tables.ids(before="file-6", limit=2, order="desc") == []
    assert await tables.ids(before="file-3", limit=2, order="desc") == ["file-5", "file-4"]


# ---------------------------------------------------------------------------- batches


async def test_a_batch_counts_its_files(tables: Tables) -> None:
    await tables.begin("file-0")
    await tables.complete("file-0")
    await tables.add("file-0", "file-1", "file-2", batch_id=BATCH)
    await tables.add("file-3", batch_id=BATCH)
    await tables.add("file-4")
    await tables.complete("file-1", "file-4")
    batch = await tables.batches.batch(STORE, BATCH)
    assert batch is not None
    assert (batch.id, batch.vector_store_id, batch.created_at) == (BATCH, STORE, 20)
    assert batch.file_counts == counts_of({"completed": 2, "in_progress": 2})
    assert batch.status == "in_progress"
    assert await tables.ids(batch_id=BATCH) == ["file-0", "file-1", "file-2", "file-3"]
    assert await tables.ids(batch_id=BATCH, status="completed") == ["file-0", "file-1"]
    assert await tables.batches.batch("vs_none", BATCH) is None
    assert await tables.batches.batch(STORE, "vsfb_none") is None
    assert await tables.ids(batch_id="vsfb_none") == []


async def test_a_file_may_be_in_two_batches(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", batch_id=BATCH)
    await tables.add("file-a", batch_id="vsfb_b")
    await tables.complete("file-a")
    for batch_id, counts in (
        (BATCH, {"completed": 1, "in_progress": 1}),
        ("vsfb_b", {"completed": 1}),
    ):
        batch = await tables.batches.batch(STORE, batch_id)
        assert batch is not None
        assert batch.file_counts == counts_of(counts)


async def test_a_cancelled_batch_takes_back_what_is_in_progress(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", "file-c", batch_id=BATCH)
    await tables.add("file-d")
    claims = {claim.file_id: claim for claim in await tables.queue.claim("w1", 4)}
    await tables.queue.end(claims["file-a"], indexed("file-a"))
    await tables.batches.cancel_batch(STORE, BATCH)
    assert await tables.status("file-a", "file-b", "file-c", "file-d") == [
        "completed",
        "cancelled",
        "cancelled",
        "in_progress",
    ]
    batch = await tables.batches.batch(STORE, BATCH)
    assert batch is not None
    assert (batch.status, batch.file_counts) == (
        "cancelled",
        counts_of({"completed": 1, "cancelled": 2}),
    )
    assert not await tables.queue.end(claims["file-b"], indexed("file-b"))
    assert await tables.status("file-b") == ["cancelled"]
    assert await tables.queue.end(claims["file-d"], indexed("file-d"))
    await tables.batches.cancel_batch(STORE, "vsfb_none")
    await tables.add("file-b")
    assert (await tables.claim()).file_id == "file-b"


async def test_waiting_files_of_a_cancelled_batch_are_claimed_by_nobody(tables: Tables) -> None:
    await tables.begin("file-a", "file-b", batch_id=BATCH)
    await tables.batches.cancel_batch(STORE, BATCH)
    assert await tables.queue.claim("w1", 10) == []


async def test_what_is_added_again_while_it_waits_is_claimed_once(tables: Tables) -> None:
    entry = NewEntry(file_id="file-a")
    await tables.begin("file-a")
    await tables.entries.remove(STORE, "file-a")
    await tables.entries.add(STORE, [entry], now=30)
    await tables.entries.add(STORE, [entry], now=30)
    assert len(await tables.queue.claim("w1", 10)) == 1
