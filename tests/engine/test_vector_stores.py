"""Vector stores as services: expiry, memory of searches, tenants, and what a Run uses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.assistants import VectorStore
from core.engine.records import Cursor, ObjectRecord
from core.engine.searching import Ranking, Readiness, StoreExpired
from core.engine.service.file_search import StoresForRuns
from core.engine.vectors.records import NewEntry, counts_of
from core.engine.vectors.requests import BatchRequest, SearchRequest, StoreRequest, StoreUpdate
from core.errors import InvalidRequest, NotFound
from tests.engine.shelves import Shelves, shelves
from tests.fakes.clock import settled
from tests.fakes.memory_vectors import memory_vector_stores

DAY_S = 86_400
WEEK = {"anchor": "last_active_at", "days": 7}
RAIN = SearchRequest(queries=("rain",))


@pytest.fixture
async def world() -> AsyncIterator[Shelves]:
    async with shelves() as made:
        yield made


# ---------------------------------------------------------------------------- expiry


async def test_a_store_ends_so_many_days_after_its_last_use(world: Shelves) -> None:
    store_id = await world.filled("rain", expires_after=WEEK)
    world.clock.jump(6 * DAY_S)
    assert len(await world.search(store_id)) == 1
    store = await world.stores.get(store_id)
    now = int(world.clock.now())
    assert (store.last_active_at, store.expires_at) == (now, now + 7 * DAY_S)
    world.clock.jump(7 * DAY_S - 1)
    assert (await world.stores.get(store_id)).status == "completed"
    await world.clock.advance(1)
    assert (await world.stores.get(store_id)).status == "expired"


async def test_what_has_expired_is_listed_and_no_longer_used(world: Shelves) -> None:
    store_id = await world.filled("rain", expires_after=WEEK)
    world.clock.jump(7 * DAY_S)
    page = await world.stores.list(Cursor())
    assert [(one.id, one.status) for one in page.data] == [(store_id, "expired")]
    listed = await world.stores.files.list(store_id, Cursor())
    assert len(listed.data) == 1
    before = await world.stores.get(store_id)
    entry = NewEntry(file_id=await world.file("sun"))
    for use in (
        world.stores.searching.search(store_id, RAIN),
        world.stores.files.add(store_id, entry),
        world.stores.batches.create(store_id, BatchRequest(entries=(entry,))),
        world.stores.update(store_id, StoreUpdate(expires_after=None)),
    ):
        with pytest.raises(InvalidRequest, match="has expired") as refused:
            await use
        assert refused.value.code == "vector_store_expired"
    assert await world.stores.get(store_id) == before
    renamed = await world.stores.update(store_id, StoreUpdate(name="old"))
    assert (renamed.name, renamed.status) == ("old", "expired")
    # Its files can go into a new one, as the reference's guide has it, and are not read again.
    again = await world.stores.create(StoreRequest(file_ids=(listed.data[0].id,)))
    await settled()
    assert (await world.stores.get(again.id)).file_counts["completed"] == 1
    assert len(world.retrieval.prepared) == 1


@pytest.mark.parametrize("use", ["update", "add", "search"])
async def test_use_puts_the_end_off(world: Shelves, use: str) -> None:
    store_id = await world.filled("rain", expires_after=WEEK)
    world.clock.jump(5 * DAY_S)
    if use == "update":
        await world.stores.update(store_id, StoreUpdate(name="new"))
    elif use == "add":
        await world.stores.files.add(store_id, NewEntry(file_id=await world.file("sun")))
    else:
        await world.search(store_id)
    assert (await world.stores.get(store_id)).expires_at == int(world.clock.now()) + 7 * DAY_S


# ---------------------------------------------------------------------------- searching


async def test_while_nothing_changes_a_search_is_told_nothing(world: Shelves) -> None:
    store_id = await world.filled("rain", "rain and sun")
    for _ in range(3):
        assert len(await world.search(store_id)) == 2
    looks = world.tables.looks
    assert [len(look.changed) for look in looks] == [2, 0, 0]
    await world.stores.files.update(store_id, world.files[0], {"a": 1})
    assert len(await world.search(store_id)) == 2
    assert set(looks[-1].changed) == {world.files[0]}


async def test_searches_at_the_same_time_agree(world: Shelves) -> None:
    store_id = await world.filled(*(f"rain {number}" for number in range(5)))
    found = await asyncio.gather(*(world.search(store_id) for _ in range(8)))
    assert all(one == found[0] for one in found)
    assert len(found[0]) == 5


async def test_memory_of_searches_is_bounded() -> None:
    async with shelves(files_in_memory=3) as world:
        ids = [await world.filled("rain", "rain too") for _ in range(3)]
        for store_id in (*ids, ids[0]):
            assert len(await world.search(store_id)) == 2
        wholes = [look.whole for look in world.tables.looks]
        assert wholes == [True] * 4, "the first one was forgotten, and read as a whole again"
        assert len(await world.search(ids[0])) == 2
        assert not world.tables.looks[-1].whole


async def test_an_expired_file_is_not_found(world: Shelves) -> None:
    """Its entry is there; nothing of it is shown."""
    mortal = await world.file("rain that ends", expires_after_s=3600)
    lasting = await world.file("rain that lasts")
    store = await world.stores.create(StoreRequest(file_ids=(mortal, lasting)))
    await settled()
    assert {one.file_id for one in await world.search(store.id)} == {mortal, lasting}
    world.clock.jump(3600)
    assert {one.file_id for one in await world.search(store.id)} == {lasting}
    with pytest.raises(NotFound):
        await world.stores.files.add(store.id, NewEntry(file_id=mortal))


async def test_a_filter_that_nothing_fits_asks_nobody(world: Shelves) -> None:
    store_id = await world.filled("rain")
    nothing = {"type": "eq", "key": "a", "value": "b"}
    assert await world.search(store_id, filters=nothing) == []


# ---------------------------------------------------------------------------- tenants


async def test_tenants_see_only_their_own(world: Shelves) -> None:
    file_id = await world.file("rain", tenant="a")
    store = await world.stores.create(StoreRequest(file_ids=(file_id,)), tenant="a")
    await settled()
    stores = world.stores
    entry = NewEntry(file_id=file_id)
    theirs: Sequence[Any] = (
        stores.get(store.id, tenant="b"),
        stores.update(store.id, StoreUpdate(name="x"), tenant="b"),
        stores.delete(store.id, tenant="b"),
        stores.searching.search(store.id, RAIN, tenant="b"),
        stores.files.add(store.id, entry, tenant="b"),
        stores.files.list(store.id, Cursor(), tenant="b"),
        stores.files.get(store.id, file_id, tenant="b"),
        stores.files.update(store.id, file_id, {}, tenant="b"),
        stores.files.content(store.id, file_id, tenant="b"),
        stores.files.delete(store.id, file_id, tenant="b"),
        stores.batches.create(store.id, BatchRequest(entries=(entry,)), tenant="b"),
        stores.batches.get(store.id, "vsfb_x", tenant="b"),
    )
    for use in theirs:
        with pytest.raises(NotFound, match=f"No vector store found with id '{store.id}'"):
            await use
    with pytest.raises(NotFound, match="No file found"):
        await stores.create(StoreRequest(file_ids=(file_id,)), tenant="b")
    assert (await stores.list(Cursor(), tenant="b")).data == ()
    runs = StoresForRuns(stores, world.clock)
    ranking = Ranking()
    found = await runs.search([store.id], ["rain"], limit=5, ranking=ranking, tenant="b")
    assert found == []
    assert len(await runs.search([store.id], ["rain"], limit=5, ranking=ranking, tenant="a")) == 1


# ---------------------------------------------------------------------------- Runs


async def test_a_run_searches_its_stores_together(world: Shelves) -> None:
    one = await world.filled("rain in spring")
    two = await world.filled("rain in autumn")
    runs = StoresForRuns(world.stores, world.clock)
    ids = [one, "vs_gone", two]
    found = await runs.search(ids, ["rain"], limit=10, ranking=Ranking())
    assert {result.text for result in found} == {"rain in spring", "rain in autumn"}
    assert {result.filename for result in found} == {"0.txt"}
    assert len(await runs.search(ids, ["rain"], limit=1, ranking=Ranking())) == 1
    assert await runs.search(["vs_gone"], ["rain"], limit=1, ranking=Ranking()) == []
    assert await runs.search([], ["rain"], limit=1, ranking=Ranking()) == []


async def test_a_run_is_told_of_a_store_that_has_expired(world: Shelves) -> None:
    lasting = await world.filled("rain")
    mortal = await world.filled("rain", expires_after=WEEK)
    runs = StoresForRuns(world.stores, world.clock)
    world.clock.jump(8 * DAY_S)
    with pytest.raises(StoreExpired):
        await runs.search([lasting, mortal], ["rain"], limit=5, ranking=Ranking())


async def test_waiting_for_a_store(world: Shelves) -> None:
    runs = StoresForRuns(world.stores, world.clock)
    hold = world.retrieval.hold = asyncio.Event()
    store_id = (await world.stores.create(StoreRequest(file_ids=(await world.file("rain"),)))).id
    waiting = asyncio.create_task(runs.ready(store_id, 60))
    await world.clock.advance(59)
    assert not waiting.done()
    await world.clock.advance(1)
    assert await waiting == Readiness(done=False)
    waiting = asyncio.create_task(runs.ready(store_id, 60))
    await world.clock.advance(5)
    hold.set()
    await world.clock.advance(2)
    assert waiting.done()
    assert await waiting == Readiness(done=True)
    assert await runs.ready(store_id, 0) == Readiness(done=True)
    assert await runs.ready("vs_gone", 0) == Readiness(done=True)


async def test_whoever_waits_hears_of_what_could_not_be_read(world: Shelves) -> None:
    runs = StoresForRuns(world.stores, world.clock)
    store_id = await world.filled("rain", " ")
    look = await runs.ready(store_id, 60)
    assert look.done
    (sentence,) = look.refused
    assert sentence.endswith("has no text in it.")


async def test_attachments_make_a_store_that_ends_after_a_week(world: Shelves) -> None:
    runs = StoresForRuns(world.stores, world.clock)
    one, two = await world.file("rain"), await world.file("sun")
    store_id = await runs.shelve(None, [one, one])
    store = await world.stores.get(store_id)
    assert (store.expires_after, store.file_counts["total"]) == (WEEK, 1)
    assert await runs.shelve(store_id, [one, two]) == store_id
    await settled()
    assert (await world.stores.get(store_id)).file_counts == counts_of({"completed": 2})
    assert world.retrieval.prepared == ["0.txt", "1.txt"], "what was there was not read again"
    with pytest.raises(NotFound):
        await runs.shelve(store_id, ["file-none"])
    world.clock.jump(8 * DAY_S)
    new = await runs.shelve(store_id, [two])
    assert new != store_id
    assert await runs.shelve("vs_gone", [two]) not in (store_id, new)


# ---------------------------------------------------------------------------- lists and Files


async def test_what_a_crash_left_in_the_list_goes(world: Shelves) -> None:
    """A line without a store is skipped, and taken away when nobody can be making it."""
    now = int(world.clock.now())
    ids = [(await world.stores.create(StoreRequest(name=str(n)))).id for n in range(2)]
    left = VectorStore(id="vs_left", created_at=now, file_counts=counts_of({}))
    await world.store.objects.put(ObjectRecord(value=left))
    ids += [(await world.stores.create(StoreRequest(name=str(n)))).id for n in range(2)]
    for cursor in (Cursor(limit=3), Cursor(limit=3, before=ids[0])):
        page = await world.stores.list(cursor)
        wanted = ids[::-1][:3]
        assert [one.id for one in page.data] == wanted
    assert await world.store.objects.get("vector_store", "vs_left") is not None
    world.clock.jump(61)
    await world.stores.list(Cursor())
    assert await world.store.objects.get("vector_store", "vs_left") is None


async def test_a_list_of_files_is_full_though_some_have_expired(world: Shelves) -> None:
    files = world.service
    made = [
        await world.file(str(number), expires_after_s=3600 if number % 3 else None)
        for number in range(12)
    ]
    world.clock.jump(3600)
    living = made[::3][::-1]
    for limit, wanted, more in ((2, living[:2], True), (3, living[:3], True), (9, living, False)):
        page = await files.list(Cursor(limit=limit))
        assert [one.id for one in page.data] == wanted, limit
        assert page.has_more is more
    page = await files.list(Cursor(limit=2, before=living[3]))
    assert [one.id for one in page.data] == living[1:3]
    page = await files.list(Cursor(limit=2, order="asc", after=living[2]))
    assert [one.id for one in page.data] == [living[1], living[0]]


async def test_a_file_that_is_deleted_while_it_is_added_is_nowhere(world: Shelves) -> None:
    """Added after the stores were cleared and before the File was gone."""
    files = world.service
    store = await world.stores.create(StoreRequest())
    for delay in range(12):
        file_id = await world.file("rain")

        async def add(name: str, turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            try:
                await world.stores.files.add(store.id, NewEntry(file_id=name))
            except NotFound:
                return

        await asyncio.gather(add(file_id, delay), files.delete(file_id))
        await settled()
        assert (await world.stores.files.list(store.id, Cursor())).data == (), delay
        assert await world.search(store.id) == []


class Counted:
    """Something whose calls are counted."""

    def __init__(self, inner: Any, calls: list[str]) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        self._calls.append(name)
        return getattr(self._inner, name)


async def test_adding_many_costs_as_few_questions_as_adding_one(world: Shelves) -> None:
    """The Files are looked up, noted and added together."""
    calls: list[str] = []
    tables, objects = Counted(world.tables, calls), Counted(world.store.objects, calls)
    stores = memory_vector_stores(tables, objects, world.store.blobs, world.ids)  # pyright: ignore[reportArgumentType]
    ids = [await world.file(str(number)) for number in range(200)]
    store = await world.stores.create(StoreRequest())
    costs: list[int] = []
    for some in (ids[:1], ids[1:]):
        calls.clear()
        entries = tuple(NewEntry(file_id=one) for one in some)
        await stores.batches.create(store.id, BatchRequest(entries=entries))
        costs.append(len(calls))
    assert costs[0] == costs[1] <= 6


async def test_what_is_forgotten_while_a_search_asks_is_asked_again() -> None:
    """Searches of two stores, of which only one fits into memory."""
    async with shelves(files_in_memory=2) as world:
        ids = [await world.filled("rain", "rain too") for _ in range(2)]
        for _ in range(3):
            found = await asyncio.gather(*(world.search(ids[n % 2]) for n in range(6)))
            assert [len(one) for one in found] == [2] * 6
