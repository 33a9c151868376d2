"""The contract of `ThreadStore`: how a change moves the claim of its Run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.engine.records import Change, Conflict, Epoch, NoActiveRun
from tests.contracts.engine_stores import (
    BACKENDS,
    RUN,
    THREAD,
    Stores,
    engine_stores,
    message,
)


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


async def test_an_enqueued_run_waits_for_one_executor(stores: Stores) -> None:
    await stores.begin()
    assert await stores.start() == 0
    claim = await stores.claim()
    assert (claim.thread_id, claim.run_id, claim.takeovers) == (THREAD, RUN, 0)
    assert await stores.queue.claim("w2", 1) == []


async def test_a_run_is_claimed_as_it_is_created(stores: Stores) -> None:
    await stores.begin()
    epoch = await stores.start(claim_as="w1")
    assert epoch > 0
    assert await stores.queue.claim("w2", 1) == []
    await stores.threads.commit(Change(thread_id=THREAD, expect=(Epoch(RUN, epoch),)))


async def test_the_write_of_an_owner_whose_lease_ran_out_is_refused(stores: Stores) -> None:
    await stores.begin()
    old = await stores.start(claim_as="w1")
    await stores.run_out()
    claim = await stores.claim("w2")
    assert claim.epoch > old
    assert claim.takeovers == 1
    late = Change(thread_id=THREAD, expect=(Epoch(RUN, old),), put=(message("m1"),))
    with pytest.raises(Conflict):
        await stores.threads.commit(late)
    await stores.threads.commit(replace(late, expect=(Epoch(RUN, claim.epoch),)))
    assert await stores.threads.get(THREAD, "messages", "m1") == [message("m1")]


async def test_who_holds_a_run_that_is_enqueued_anew_has_lost_it(stores: Stores) -> None:
    """An answer to a required action may come before the executor has let the Run go."""
    await stores.begin()
    await stores.start()
    first = await stores.claim("w1")
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, enqueue=True))
    assert await stores.queue.renew([first]) == [False]
    await stores.queue.release(first, again=False)
    second = await stores.claim("w2")
    assert second.epoch > first.epoch
    assert second.takeovers == 0

    third = await stores.threads.commit(
        Change(thread_id=THREAD, run_id=RUN, enqueue=True, claim_as="w3")
    )
    assert third > second.epoch
    assert await stores.queue.renew([second]) == [False]
    assert await stores.queue.claim("w4", 1) == []


async def test_a_run_that_waits_is_enqueued_only_once(stores: Stores) -> None:
    await stores.begin()
    await stores.start()
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, enqueue=True))
    assert len(await stores.queue.claim("w1", 10)) == 1

    await stores.start("run_b")
    await stores.threads.commit(
        Change(thread_id=THREAD, run_id="run_b", enqueue=True, claim_as="w1")
    )
    assert await stores.queue.claim("w1", 10) == []


async def test_a_parked_run_is_active_and_unclaimed(stores: Stores) -> None:
    await stores.begin()
    epoch = await stores.start(claim_as="w1", expires_at=50)
    park = Change(thread_id=THREAD, expect=(Epoch(RUN, epoch),), run_id=RUN, park=True)
    await stores.threads.commit(park)
    with pytest.raises(Conflict):
        await stores.threads.commit(park)
    await stores.run_out()
    assert await stores.queue.claim("w2", 1) == []
    assert await stores.queue.expired(50, 10) == [(THREAD, RUN)]
    with pytest.raises(Conflict):
        await stores.start("run_b", expect=(NoActiveRun(),))
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, enqueue=True))
    assert (await stores.claim()).takeovers == 0


@pytest.mark.parametrize("claimed", [True, False])
async def test_the_end_of_a_run_ends_its_claim(stores: Stores, claimed: bool) -> None:
    await stores.begin()
    await stores.start(claim_as="w1" if claimed else None, expires_at=50)
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, deactivate=True))
    await stores.run_out()
    assert await stores.queue.claim("w2", 1) == []
    assert await stores.queue.expired(50, 10) == []
