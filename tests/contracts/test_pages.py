"""Pages of a list: the API's four query parameters, against a plain list.

Semantics: the Assistants API reference, v2, query parameters of the list operations.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from adapters.redis.threads import RedisThreadStore
from core.assistants import Assistant, Message, Thread
from core.engine.records import Absent, Change, Cursor, ObjectRecord, ThreadRecord
from core.ids import RandomIds
from tests.contracts.engine_stores import (
    BACKENDS,
    RUN,
    THREAD,
    Stores,
    engine_stores,
    message,
    redis_client,
    run,
    step,
)
from tests.servers import Server


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


async def listed(stores: Stores, **cursor: Any) -> tuple[list[str], bool]:
    """Ids of the page, and whether there is more."""
    page = await stores.threads.page(THREAD, "messages", Cursor(**cursor))
    return [one.id for one in page.data if isinstance(one, Message)], page.has_more


PARTS: list[tuple[dict[str, Any], tuple[list[str], bool]]] = [
    ({}, (["m3", "m2", "m1"], False)),
    ({"order": "asc"}, (["m1", "m2", "m3"], False)),
    ({"limit": 2}, (["m3", "m2"], True)),
    ({"limit": 3}, (["m3", "m2", "m1"], False)),
    ({"limit": 1, "after": "m3"}, (["m2"], True)),
    ({"after": "m3"}, (["m2", "m1"], False)),
    ({"after": "m1"}, ([], False)),
    ({"after": "m1", "order": "asc"}, (["m2", "m3"], False)),
    ({"before": "m2"}, (["m3"], False)),
    ({"before": "m1"}, (["m3", "m2"], False)),
    ({"before": "m3"}, ([], False)),
    ({"before": "m3", "order": "asc"}, (["m1", "m2"], False)),
    # The previous page is the one next to the cursor, in the list's order.
    ({"before": "m1", "limit": 1}, (["m2"], True)),
    ({"before": "m2", "limit": 1}, (["m3"], False)),
    ({"after": "m3", "before": "m1"}, (["m2"], False)),
    ({"after": "m2", "before": "m3"}, ([], False)),
    ({"after": "m9"}, ([], False)),
    ({"before": "m9"}, ([], False)),
    ({"after": "m9", "before": "m1"}, ([], False)),
]


@pytest.mark.parametrize(("cursor", "expected"), PARTS, ids=repr)
async def test_parts_of_a_list(stores: Stores, cursor: Any, expected: Any) -> None:
    await stores.begin("m1", "m2", "m3")
    assert await listed(stores, **cursor) == expected


async def test_walking_to_the_end_and_back_meets_everything_once(stores: Stores) -> None:
    wanted = [f"m{n}" for n in range(7)]
    await stores.begin(*wanted)
    there, more = await listed(stores, order="asc", limit=3)
    while more:
        found, more = await listed(stores, order="asc", limit=3, after=there[-1])
        there += found
    assert there == wanted

    back, more = [wanted[-1]], True
    while more:
        found, more = await listed(stores, order="asc", limit=3, before=back[0])
        back = found + back
    assert back == wanted


async def test_the_messages_of_a_run(stores: Stores) -> None:
    await stores.begin("m1")
    put = (
        run(),
        message("m2", run_id=RUN),
        message("m3", run_id="run_b"),
        message("m4", run_id=RUN),
        message("m5", run_id=RUN),
    )
    await stores.threads.commit(Change(thread_id=THREAD, put=put))
    assert await listed(stores, run_id=RUN) == (["m5", "m4", "m2"], False)
    assert await listed(stores, run_id=RUN, limit=1) == (["m5"], True)
    assert await listed(stores, run_id=RUN, after="m5", limit=1) == (["m4"], True)
    assert await listed(stores, run_id=RUN, after="m4") == (["m2"], False)
    assert await listed(stores, run_id=RUN, before="m2", limit=1) == (["m4"], True)
    assert await listed(stores, run_id=RUN, before="m4", order="asc") == (["m2"], False)
    assert await listed(stores, run_id="run_c") == ([], False)


async def test_steps_are_listed_by_run(stores: Stores) -> None:
    await stores.begin()
    put = (run(), run("run_b"), step("s1"), step("s2", "run_b"), step("s3"))
    await stores.threads.commit(Change(thread_id=THREAD, put=put))
    page = await stores.threads.page(THREAD, "steps", Cursor(limit=1), run_id=RUN)
    assert (page.data, page.has_more) == ((step("s3"),), True)
    page = await stores.threads.page(THREAD, "steps", Cursor(after="s3"), run_id=RUN)
    assert (page.data, page.has_more) == ((step("s1"),), False)
    runs = await stores.threads.page(THREAD, "runs", Cursor(order="asc"))
    assert runs.data == (run(), run("run_b"))


async def test_whoever_deletes_what_a_page_lists_comes_to_the_end(stores: Stores) -> None:
    await stores.begin(*(f"m{n}" for n in range(5)))
    met: list[str] = []
    page, more = await listed(stores, limit=2)
    while page:
        met += page
        await stores.threads.commit(Change(thread_id=THREAD, remove_messages=tuple(page)))
        page, more = await listed(stores, limit=2, after=page[-1])
    assert (met, more) == (["m4", "m3", "m2", "m1", "m0"], False)
    for n in range(3):
        value = Assistant(id=f"asst_{n}", created_at=1, model="offline")
        await stores.objects.put(ObjectRecord(value=value, tenant="t"))
    assert await stores.objects.delete("assistant", "asst_1", tenant="t")
    assert not await stores.objects.delete("assistant", "asst_1", tenant="t")
    for cursor, left in (
        (Cursor(after="asst_1", order="asc"), "asst_2"),
        (Cursor(after="asst_1"), "asst_0"),
        (Cursor(before="asst_1"), "asst_2"),
    ):
        rest = await stores.objects.page("assistant", cursor, tenant="t")
        assert [one.value.id for one in rest.data] == [left]


async def test_a_list_that_is_not_there_is_empty(stores: Stores) -> None:
    page = await stores.threads.page("thread_x", "messages", Cursor())
    assert (page.data, page.has_more) == ((), False)


# ---------------------------------------------------------------------- against a plain list

GONE = "gone"

LISTED = st.sampled_from([f"m{n}" for n in range(12)])
RUNS = st.sampled_from([None, "run_a", "run_b"])


def part_of(entries: list[tuple[str, str | None]], cursor: Cursor) -> tuple[list[str], bool]:
    """What the API's parameters mean, said with a list."""
    entries = entries if cursor.order == "asc" else entries[::-1]
    ids = [name for name, _ in entries]
    if {cursor.after, cursor.before} - {None, *ids}:
        return [], False
    start = 0 if cursor.after is None else ids.index(cursor.after) + 1
    end = len(ids) if cursor.before is None else ids.index(cursor.before)
    there = [(name, of) for name, of in entries[start:end] if of != GONE]
    inside = [name for name, of in there if cursor.run_id in (None, of)]
    if cursor.before is not None and cursor.after is None:
        return inside[-cursor.limit :], len(inside) > cursor.limit
    return inside[: cursor.limit], len(inside) > cursor.limit


class Lists(RuleBasedStateMachine):
    """Messages come, change their Run and go, and every page is that of a plain list."""

    numbers = count()

    def __init__(self, url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.context = redis_client(url)
        client = self.runner.run(self.context.__aenter__())
        self.store = RedisThreadStore(client, 4, RandomIds(), lease_ms=1000)
        self.thread_id = f"thread_{next(self.numbers)}"
        self.entries: list[tuple[str, str | None]] = []
        self.commit(
            expect=(Absent(),),
            put=(ThreadRecord(thread=Thread(id=self.thread_id, created_at=1)),),
        )

    def commit(self, **change: Any) -> None:
        self.runner.run(self.store.commit(Change(thread_id=self.thread_id, **change)))

    def teardown(self) -> None:
        self.runner.run(self.store.delete_thread(self.thread_id))
        self.runner.run(self.context.__aexit__(None, None, None))
        self.runner.close()

    @rule(names=st.lists(LISTED, max_size=4), run_id=RUNS)
    def put(self, names: list[str], run_id: str | None) -> None:
        self.commit(put=tuple(message(name, run_id=run_id) for name in names))
        for name in names:
            places = [at for at, (known, _) in enumerate(self.entries) if known == name]
            if places and self.entries[places[0]][1] == GONE:
                del self.entries[places[0]]
                places = []
            if places:
                self.entries[places[0]] = (name, run_id)
            else:
                self.entries.append((name, run_id))

    @rule(name=LISTED)
    def remove(self, name: str) -> None:
        self.commit(remove_messages=(name,))
        self.entries = [(one, GONE if one == name else of) for one, of in self.entries]

    @rule(
        limit=st.integers(1, 6),
        order=st.sampled_from(["asc", "desc"]),
        after=st.none() | LISTED,
        before=st.none() | LISTED,
        run_id=RUNS,
    )
    def page(
        self,
        limit: int,
        order: Literal["asc", "desc"],
        after: str | None,
        before: str | None,
        run_id: str | None,
    ) -> None:
        cursor = Cursor(limit=limit, order=order, after=after, before=before, run_id=run_id)
        page = self.runner.run(self.store.page(self.thread_id, "messages", cursor))
        found = [one.id for one in page.data if isinstance(one, Message)]
        assert (found, page.has_more) == part_of(self.entries, cursor)


def test_every_page_is_that_of_a_plain_list(chat_server: Server) -> None:
    class Here(Lists):
        def __init__(self) -> None:
            super().__init__(chat_server.url)

    run_state_machine_as_test(
        Here,
        settings=settings(max_examples=40, stateful_step_count=25, deadline=None, database=None),
    )


# ------------------------------------------------------------------------ the other store


async def test_objects_have_the_same_pages(stores: Stores) -> None:
    for n in range(4):
        value = Assistant(id=f"asst_{n}", created_at=1, model="offline")
        await stores.objects.put(ObjectRecord(value=value, tenant="t"))

    async def found(**cursor: Any) -> tuple[list[str], bool]:
        page = await stores.objects.page("assistant", Cursor(**cursor), tenant="t")
        return [one.value.id for one in page.data], page.has_more

    assert await found(limit=3) == (["asst_3", "asst_2", "asst_1"], True)
    assert await found(after="asst_1") == (["asst_0"], False)
    assert await found(before="asst_0", limit=2) == (["asst_2", "asst_1"], True)
