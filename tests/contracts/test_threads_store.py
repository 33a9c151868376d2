"""The contract of `ThreadStore`: one atomic change within one Thread, and lists in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.assistants import Thread
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Document,
    Epoch,
    Exists,
    NoActiveRun,
    RunAt,
    RunRecord,
    ThreadAt,
    ThreadRecord,
)
from tests.contracts.engine_stores import (
    BACKENDS,
    RUN,
    THREAD,
    Stores,
    delta,
    engine_stores,
    message,
    redis_client,
    run,
    step,
    stores_on,
)
from tests.servers import Server


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


async def names(stores: Stores, collection: Any = "messages", **cursor: Any) -> list[str]:
    """Ids of a list, oldest first unless told otherwise."""
    wanted: dict[str, Any] = {"order": "asc"} | cursor
    page = await stores.threads.page(THREAD, collection, Cursor(**wanted), run_id=RUN)
    return [name_of(document) for document in page.data]


def name_of(document: Document) -> str:
    match document:
        case RunRecord():
            return document.run.id
        case ThreadRecord():
            return document.thread.id
        case _:
            return document.id


# ------------------------------------------------------------------------------ documents


async def test_of_two_who_replace_a_thread_one_has_to_look_again(stores: Stores) -> None:
    await stores.begin()
    seen = await stores.threads.thread(THREAD)
    assert seen is not None

    def renamed(who: str) -> Change:
        thread = replace(seen.thread, metadata={"who": who})
        put = (replace(seen, thread=thread),)
        return Change(thread_id=THREAD, expect=(ThreadAt(seen.revision),), put=put)

    await stores.threads.commit(renamed("Ann"))
    with pytest.raises(Conflict) as refused:
        await stores.threads.commit(renamed("Bob"))
    assert refused.value.failed == ThreadAt(seen.revision)
    now = await stores.threads.thread(THREAD)
    assert now is not None
    assert (now.thread.metadata, now.revision) == ({"who": "Ann"}, seen.revision + 1)
    await stores.threads.commit(Change(thread_id=THREAD, put=(message("m1"),)))
    assert await stores.threads.thread(THREAD) == now, "a Message leaves the Thread as it is"


async def test_a_thread_is_created_once(stores: Stores) -> None:
    record = ThreadRecord(
        thread=Thread(id=THREAD, created_at=7, metadata={"who": "Ann"}), tenant="team a: b"
    )
    change = Change(thread_id=THREAD, expect=(Absent(),), put=(record,))
    assert await stores.threads.thread(THREAD) is None
    await stores.threads.commit(change)
    assert await stores.threads.thread(THREAD) == record

    with pytest.raises(Conflict) as refused:
        await stores.threads.commit(replace(change, put=(replace(record, tenant="other"),)))
    assert refused.value.failed == Absent()
    assert await stores.threads.thread(THREAD) == record


async def test_documents_come_back_as_they_were_put(stores: Stores) -> None:
    await stores.begin()
    put = (
        message("m1", role="assistant", assistant_id="asst_a", run_id=RUN, metadata={"a": "ü"}),
        run(RUN, revision=3, rounds=2, nested={"list": [1, None, "x y"]}),
        step("s1"),
    )
    await stores.threads.commit(Change(thread_id=THREAD, put=put))
    assert await stores.threads.get(THREAD, "messages", "m1") == [put[0]]
    assert await stores.threads.get(THREAD, "runs", RUN) == [put[1]]
    assert await stores.threads.get(THREAD, "steps", f"{RUN}/s1") == [put[2]]


async def test_what_is_not_there_is_none(stores: Stores) -> None:
    await stores.begin("m1")
    await stores.begin("m2", thread_id="thread_b")
    found = await stores.threads.get(THREAD, "messages", "m2", "m1", "m0", "x:y", "")
    assert found == [None, message("m1"), None, None, None]
    assert await stores.threads.get(THREAD, "steps", "s1", f"{RUN}/s1") == [None, None]
    assert await stores.threads.get("thread_x", "messages", "m1") == [None]
    assert await stores.threads.thread("ready") is None
    assert await stores.threads.thread("thread_a:messages") is None


async def test_a_put_adds_at_the_end_and_replaces_in_place(stores: Stores) -> None:
    await stores.begin("m1", "m2")
    changed = message("m1", metadata={"edited": "yes"})
    await stores.threads.commit(Change(thread_id=THREAD, put=(message("m3"), changed)))
    assert await names(stores) == ["m1", "m2", "m3"]
    assert await stores.threads.get(THREAD, "messages", "m1") == [changed]


async def test_removed_messages_are_gone_from_every_list(stores: Stores) -> None:
    await stores.begin("m1", "m2")
    put = (run(), message("m3", run_id=RUN), message("m4", run_id=RUN))
    await stores.threads.commit(Change(thread_id=THREAD, put=put))
    await stores.threads.commit(Change(thread_id=THREAD, remove_messages=("m1", "m3", "none")))
    assert await names(stores) == ["m2", "m4"]
    assert await names(stores, run_id=RUN) == ["m4"]
    assert await stores.threads.get(THREAD, "messages", "m1") == [None]


async def test_a_message_joins_its_runs_list_when_it_gets_a_run(stores: Stores) -> None:
    await stores.begin("m1", "m2")
    put = (run(), message("m1", run_id=RUN))
    await stores.threads.commit(Change(thread_id=THREAD, put=put))
    assert await names(stores, run_id=RUN) == ["m1"]
    await stores.threads.commit(Change(thread_id=THREAD, put=(message("m1"),)))
    assert await names(stores, run_id=RUN) == []


# --------------------------------------------------------------------------- expectations


async def test_expectations_that_hold(stores: Stores) -> None:
    await stores.begin("m1")
    epoch = await stores.start(
        expect=(NoActiveRun(), Exists(), Exists("m1"), Absent(run_id=RUN), Absent(message_id="m9")),
        claim_as="w1",
    )
    put = (run(revision=1),)
    expect = (RunAt(RUN, 0), Epoch(RUN, epoch))
    await stores.threads.commit(Change(thread_id=THREAD, expect=expect, put=put))
    assert await stores.threads.get(THREAD, "runs", RUN) == list(put)


@pytest.mark.parametrize(
    "failing",
    [
        NoActiveRun(),
        RunAt(RUN, 1),
        RunAt("run_b", 0),
        Epoch(RUN, 7),
        Epoch("run_b", 7),
        Exists("m9"),
        Absent(),
        Absent(run_id=RUN),
        Absent(message_id="m1"),
        Absent(run_id="run_b", message_id="m1"),
    ],
    ids=repr,
)
async def test_one_that_fails_changes_nothing(stores: Stores, failing: Any) -> None:
    await stores.begin("m1")
    await stores.start(claim_as="w1", expires_at=50)
    change = Change(
        thread_id=THREAD,
        expect=(Exists(), failing),
        put=(run(revision=1), message("m2")),
        remove_messages=("m1",),
        run_id=RUN,
        events=(delta("x"),),
        enqueue=True,
        deactivate=True,
    )
    with pytest.raises(Conflict) as refused:
        await stores.threads.commit(change)
    assert refused.value.failed == failing
    assert refused.value.active_run == (RUN if failing == NoActiveRun() else None)
    assert await names(stores) == ["m1"]
    assert await stores.threads.get(THREAD, "runs", RUN) == [run()]
    assert await stores.events.read(THREAD, RUN, "0", 0) == []
    assert await stores.queue.claim("w2", 1) == []
    assert await stores.queue.expired(50, 10) == [(THREAD, RUN)]


@pytest.mark.parametrize("expect", [(), (Exists(),), (NoActiveRun(),)], ids=repr)
async def test_nothing_is_put_into_a_thread_that_is_not_there(stores: Stores, expect: Any) -> None:
    with pytest.raises(Conflict) as refused:
        await stores.start(expect=expect)
    assert refused.value.active_run is None
    assert await stores.threads.get(THREAD, "runs", RUN) == [None]
    assert await stores.queue.claim("w1", 1) == []


async def test_of_two_who_start_a_run_one_wins(stores: Stores) -> None:
    await stores.begin()
    starts = [stores.start(f"run_{n}", expect=(NoActiveRun(),)) for n in range(8)]
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(lost) == 7
    (winner,) = await names(stores, "runs")
    assert {conflict.active_run for conflict in lost} == {winner}


async def test_a_new_run_may_start_when_the_last_has_ended(stores: Stores) -> None:
    await stores.begin()
    await stores.start("run_1", expect=(NoActiveRun(),))
    await stores.threads.commit(Change(thread_id=THREAD, run_id="run_1", deactivate=True))
    await stores.start("run_2", expect=(NoActiveRun(),))
    # The end of a Run that is not the active one leaves the active one alone.
    await stores.threads.commit(Change(thread_id=THREAD, run_id="run_1", deactivate=True))
    with pytest.raises(Conflict) as refused:
        await stores.start("run_3", expect=(NoActiveRun(),))
    assert refused.value.active_run == "run_2"


# --------------------------------------------------------------------------------- delete


async def test_a_deleted_thread_leaves_nothing(stores: Stores) -> None:
    await stores.begin("m1")
    await stores.begin("m1", thread_id="thread_b")
    await stores.start("run_1", expires_at=50, events=(delta("x"),))
    await stores.threads.commit(
        Change(
            thread_id=THREAD,
            put=(step("s1", "run_1"), message("m2", run_id="run_1")),
            run_id="run_1",
            deactivate=True,
        )
    )
    await stores.start("run_2", expires_at=50)
    assert await stores.threads.delete_thread(THREAD)
    assert not await stores.threads.delete_thread(THREAD)
    assert await stores.threads.thread(THREAD) is None
    assert await stores.threads.get(THREAD, "messages", "m1", "m2") == [None, None]
    assert await stores.threads.get(THREAD, "steps", "run_1/s1") == [None]
    assert await names(stores) == []
    assert await stores.queue.claim("w1", 10) == []
    assert await stores.queue.expired(99, 10) == []
    assert await stores.threads.get("thread_b", "messages", "m1") == [
        message("m1", thread_id="thread_b")
    ]
    await stores.begin()
    assert await names(stores) == []


async def test_an_executor_of_a_deleted_thread_may_not_write(stores: Stores) -> None:
    await stores.begin()
    epoch = await stores.start(claim_as="w1")
    await stores.threads.delete_thread(THREAD)
    with pytest.raises(Conflict):
        await stores.threads.commit(
            Change(thread_id=THREAD, expect=(Epoch(RUN, epoch),), put=(message("m1"),))
        )


# ---------------------------------------------------------------------------- Redis alone


@pytest.fixture
async def on_redis(chat_server: Server) -> AsyncIterator[Stores]:
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client) as stores:
        yield stores


async def test_half_a_surrogate_pair_is_replaced(on_redis: Stores) -> None:
    """A model can break off within a character; what it said is kept all the same."""
    await on_redis.begin()
    broken = message("m1", metadata={"a": "x\ud83d", "b": "\ud83d\ude00"})
    await on_redis.threads.commit(Change(thread_id=THREAD, put=(broken,)))
    (found,) = await on_redis.threads.get(THREAD, "messages", "m1")
    assert found == message("m1", metadata={"a": "x\ufffd", "b": "😀"})


async def test_a_deleted_thread_takes_its_logs_along(on_redis: Stores) -> None:
    await on_redis.begin()
    await on_redis.start(events=(delta("x"),))
    await on_redis.threads.delete_thread(THREAD)
    assert await on_redis.events.read(THREAD, RUN, "0", 0) == []
