"""Contract of `RunQueue` and `ThreadStore`: a Run is kept for its Thread's home, not for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.redis.runs import RedisRunQueue
from core.engine.records import SESSION_S, Change, Epoch, NoActiveRun, RunClaim
from tests.contracts.engine_stores import (
    BACKENDS,
    LEASE_MS,
    RUN,
    THREAD,
    Stores,
    engine_stores,
    redis_client,
    stores_on,
)
from tests.servers import Server

LONG_S = 30.0
"""A wait that only an event can end within the test's time."""


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


@pytest.fixture(params=BACKENDS)
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A store that keeps a Run for a twentieth of a second only."""
    async with engine_stores(request, kept_ms=50) as opened:
        yield opened


@pytest.fixture(params=BACKENDS)
async def homeless(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A store that keeps nothing for anybody."""
    async with engine_stores(request, kept_ms=0) as opened:
        yield opened


async def settle(stores: Stores, owner: str = "home", thread_id: str = THREAD) -> None:
    """A Thread whose first Run ran code at `owner`, and is over."""
    await stores.begin(thread_id=thread_id)
    first = f"{thread_id}_first"
    epoch = await stores.start(first, thread_id, claim_as=owner)
    fence = Epoch(first, epoch)
    await stores.threads.commit(
        Change(thread_id=thread_id, expect=(fence,), run_id=first, home=True)
    )
    await stores.threads.commit(
        Change(thread_id=thread_id, expect=(fence,), run_id=first, deactivate=True)
    )


async def listening(stores: Stores, owner: str) -> None:
    """Return when the owner has claimed all that there is, and its doorbell is connected."""
    quiet = False
    while not quiet:
        assert await stores.queue.claim(owner, 5) == []
        waiting = asyncio.create_task(stores.queue.wait(LONG_S, owner=owner))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        waiting.cancel()
        quiet = not done


async def taken(stores: Stores, owner: str) -> RunClaim:
    """The Run that becomes this owner's when nobody else wants it."""
    async with asyncio.timeout(LONG_S):
        while not (claims := await stores.queue.claim(owner, 5)):
            await stores.queue.wait(LONG_S, owner=owner)
    (claim,) = claims
    return claim


async def test_whoever_ran_the_code_gets_the_next_run(stores: Stores) -> None:
    await settle(stores)
    assert await stores.start(claim_as="other") == 0
    assert await stores.queue.claim("other", 5) == []
    (claim,) = await stores.queue.claim("home", 5)
    assert (claim.thread_id, claim.run_id, claim.takeovers) == (THREAD, RUN, 0)
    assert await stores.queue.renew([claim]) == [True]
    assert await stores.queue.claim("home", 5) == []


async def test_the_home_claims_its_own_at_once(stores: Stores) -> None:
    await settle(stores)
    assert await stores.start(claim_as="home") > 0
    assert await stores.queue.claim("home", 5) == []


async def test_a_run_that_nobody_claimed_is_kept_as_well(stores: Stores) -> None:
    await settle(stores)
    await stores.start()
    assert await stores.queue.claim("other", 5) == []
    assert len(await stores.queue.claim("home", 5)) == 1


async def test_without_code_there_is_no_home(stores: Stores) -> None:
    await stores.begin()
    first = await stores.start("run_first", claim_as="home")
    end = Change(
        thread_id=THREAD, expect=(Epoch("run_first", first),), run_id="run_first", deactivate=True
    )
    await stores.threads.commit(end)
    assert await stores.start(claim_as="other") > 0


async def test_what_is_kept_comes_before_what_waits(stores: Stores) -> None:
    await stores.begin(thread_id="thread_b")
    await stores.start("run_b", "thread_b")
    await settle(stores)
    await stores.start(claim_as="other")
    assert [claim.run_id for claim in await stores.queue.claim("home", 1)] == [RUN]


async def test_what_the_home_has_no_place_for_is_everybodys(stores: Stores) -> None:
    await listening(stores, "home")
    for number in range(3):
        await settle(stores, thread_id=f"thread_{number}")
        await stores.start(f"run_{number}", f"thread_{number}", claim_as="other")
    await stores.queue.wait(LONG_S, owner="home", kept_only=True)
    mine = await stores.queue.claim("home", 1)
    passed: list[RunClaim] = []
    async with asyncio.timeout(LONG_S):
        while len(passed) < 2:
            passed += await stores.queue.claim("home", 0)
            passed += await stores.queue.claim("other", 5)
    assert sorted(claim.run_id for claim in (*mine, *passed)) == ["run_0", "run_1", "run_2"]
    assert len(mine) == 1
    for claim in passed:
        change = Change(
            thread_id=claim.thread_id,
            expect=(Epoch(claim.run_id, claim.epoch),),
            run_id=claim.run_id,
            deactivate=True,
        )
        await stores.threads.commit(change)
        assert await stores.start("next", claim.thread_id, claim_as="other") == 0, "still at home"


async def test_a_home_that_does_not_answer_is_waited_for_once(stores: Stores) -> None:
    await settle(stores, "dead")
    assert await stores.start(claim_as="other") == 0
    assert await stores.queue.claim("other", 5) == []
    await stores.let_go()
    claim = await stores.claim("other")
    assert (claim.run_id, claim.takeovers) == (RUN, 0)
    fence = Epoch(RUN, claim.epoch)
    await stores.threads.commit(
        Change(thread_id=THREAD, expect=(fence,), run_id=RUN, deactivate=True)
    )
    assert await stores.start("run_next", claim_as="other") > 0


async def test_who_waits_looks_again_when_the_time_is_over(hasty: Stores) -> None:
    """Whoever made the Run may be gone; the waiting one was told how long it is kept."""
    await settle(hasty, "dead")
    await listening(hasty, "third")
    waiting = asyncio.create_task(taken(hasty, "third"))
    await hasty.start()
    assert (await waiting).run_id == RUN


async def test_where_nobody_is_waited_for_nothing_is_kept(homeless: Stores) -> None:
    await settle(homeless)
    assert await homeless.start(claim_as="other") > 0


async def test_waiting_ends_when_a_run_is_kept_for_the_owner(stores: Stores) -> None:
    await settle(stores)
    await listening(stores, "home")
    waiting = asyncio.create_task(stores.queue.wait(LONG_S, owner="home", kept_only=True))
    await stores.begin(thread_id="thread_b")
    await stores.start("run_b", "thread_b")
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done, "what is everybody's does not count"
    await stores.start(claim_as="other")
    await asyncio.wait_for(waiting, LONG_S / 2)


async def test_code_elsewhere_moves_the_home(stores: Stores) -> None:
    await settle(stores, "first")
    epoch = await stores.start(claim_as="first")
    await stores.queue.release(RunClaim(THREAD, RUN, epoch), again=True)
    claim = await stores.claim("second")
    fence = Epoch(RUN, claim.epoch)
    await stores.threads.commit(
        Change(thread_id=THREAD, expect=(fence,), run_id=RUN, home=True, deactivate=True)
    )
    assert await stores.start("run_b", claim_as="first") == 0
    assert len(await stores.queue.claim("second", 5)) == 1


async def test_outputs_bring_a_run_home(stores: Stores) -> None:
    """Also when they come before the executor has let the Run go."""
    await settle(stores)
    claim = RunClaim(THREAD, RUN, await stores.start(claim_as="home"))
    again = Change(thread_id=THREAD, run_id=RUN, enqueue=True, claim_as="other")
    assert await stores.threads.commit(again) == 0
    assert await stores.threads.commit(again) == 0, "it is kept already"
    assert await stores.queue.renew([claim]) == [False]
    (second,) = await stores.queue.claim("home", 5)
    assert second.epoch > claim.epoch
    assert second.takeovers == 0


async def test_a_run_that_is_kept_is_taken_by_the_home_that_enqueues_it(stores: Stores) -> None:
    await settle(stores)
    await stores.start(claim_as="other")
    again = Change(thread_id=THREAD, run_id=RUN, enqueue=True, claim_as="home")
    assert await stores.threads.commit(again) > 0
    assert await stores.queue.claim("home", 5) == []


@pytest.mark.parametrize("how", ["ended", "deleted"])
async def test_a_run_that_ends_while_it_is_kept_is_nobodys(stores: Stores, how: str) -> None:
    await settle(stores)
    await stores.start(claim_as="other", expect=(NoActiveRun(),), expires_at=50)
    if how == "deleted":
        assert await stores.threads.delete_thread(THREAD)
    else:
        await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, deactivate=True))
    assert await stores.queue.claim("home", 5) == []
    assert await stores.queue.expired(50, 5) == []


# ---------------------------------------------------------------------------- Redis alone


async def test_a_home_ends_with_its_session(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client) as stores:
        await settle(stores)
        key = f"bobbin:{{t:0}}:thread:{THREAD}:home"
        assert await client.get(key) == b"home"
        assert SESSION_S - 5 <= await client.ttl(key) <= SESSION_S
        await stores.threads.delete_thread(THREAD)
        assert await client.get(key) is None


async def test_a_home_that_is_known_to_be_gone_is_not_waited_for(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client, 4) as plain:
        queue = RedisRunQueue(client, 4, lease_ms=LEASE_MS, is_gone=lambda name: name == "dead")
        stores = replace(plain, queue=queue)
        try:
            await listening(stores, "other")
            for number in range(3):
                await settle(stores, "dead", f"thread_{number}")
                assert await stores.start(f"run_{number}", f"thread_{number}") == 0
                assert (await taken(stores, "other")).run_id == f"run_{number}"
            await settle(stores, "lives", "thread_lives")
            await stores.start("run_lives", "thread_lives", claim_as="other")
            assert await queue.claim("other", 5) == []
            assert len(await queue.claim("lives", 5)) == 1
        finally:
            await queue.aclose()


async def test_a_full_process_asks_nobody_about_nothing(chat_server: Server) -> None:
    """A claim with no place at all costs no round trip unless something is kept."""
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client:
        queue = RedisRunQueue(client, 4, lease_ms=LEASE_MS)
        before = await scripts(client)
        for _ in range(5):
            assert await queue.claim("w1", 0) == []
        assert await scripts(client) == before
        await queue.aclose()


async def scripts(client: Any) -> int:
    """How many scripts the server has run."""
    commands = await client.info("commandstats")
    return sum(commands.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))
