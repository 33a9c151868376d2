"""The contract of `RunQueue`: each Run to one executor at a time, and none is forgotten."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.redis import keys, leases
from adapters.redis.claims import Claims
from adapters.redis.connection import Client, Script, connect
from adapters.redis.runs import RedisRunQueue
from core.clock import SystemClock
from core.engine.records import Change, RunClaim
from core.errors import StoreError
from tests.contracts.engine_stores import (
    BACKENDS,
    LEASE_MS,
    RUN,
    THREAD,
    Stores,
    engine_stores,
    redis_client,
)
from tests.patience import PATIENCE_S
from tests.servers import Server, redis_server

LONG_S = 600.0
"""A wait that only an event can end within the test's time."""


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


async def offer(stores: Stores, count: int) -> set[str]:
    """So many Threads with a Run that waits."""
    for number in range(count):
        await stores.begin(thread_id=f"thread_{number}")
        await stores.start(f"run_{number}", f"thread_{number}")
    return {f"run_{number}" for number in range(count)}


def ids(claims: list[RunClaim]) -> list[str]:
    return [claim.run_id for claim in claims]


async def test_an_empty_queue_has_nothing(stores: Stores) -> None:
    assert await stores.queue.claim("w1", 5) == []
    assert await stores.queue.renew([]) == []


async def test_runs_of_a_thread_come_in_the_order_of_their_offering(stores: Stores) -> None:
    await stores.begin()
    wanted = [f"run_{number}" for number in range(5)]
    for run_id in wanted:
        await stores.start(run_id)
    assert ids(await stores.queue.claim("w1", 2)) == wanted[:2]
    assert ids(await stores.queue.claim("w1", 9)) == wanted[2:]


async def test_a_claim_takes_no_more_than_asked(stores: Stores) -> None:
    offered = await offer(stores, 9)
    claims = await stores.queue.claim("w1", 4)
    assert len(claims) == 4
    assert await stores.queue.claim("w1", 0) == []
    claims += await stores.queue.claim("w1", 99)
    assert sorted(ids(claims)) == sorted(offered)


async def test_small_claims_reach_every_thread(stores: Stores) -> None:
    offered = await offer(stores, 9)
    found = [ids(await stores.queue.claim("w1", 1)) for _ in offered]
    assert set(itertools.chain(*found)) == offered


async def test_racing_claimers_never_hold_the_same_run(stores: Stores) -> None:
    offered = await offer(stores, 12)

    async def take(owner: str) -> list[str]:
        taken: list[str] = []
        while claims := await stores.queue.claim(owner, 2):
            taken += ids(claims)
        return taken

    found = await asyncio.gather(*(take(f"w{number}") for number in range(5)))
    everything = list(itertools.chain(*found))
    assert sorted(everything) == sorted(offered)


async def test_a_renewed_claim_is_kept_and_a_lost_one_is_told(stores: Stores) -> None:
    await offer(stores, 3)
    claims = await stores.queue.claim("w1", 3)
    assert await stores.queue.renew(claims) == [True, True, True]
    await stores.run_out()
    taken = await stores.queue.claim("w2", 3)
    assert await stores.queue.renew([*claims, *taken]) == [False] * 3 + [True] * 3


async def test_a_lease_that_ran_out_and_was_renewed_in_time_stays(stores: Stores) -> None:
    """An owner that was late, but not too late, goes on."""
    await offer(stores, 1)
    claims = await stores.queue.claim("w1", 1)
    await stores.run_out()
    assert await stores.queue.renew(claims) == [True]
    assert await stores.queue.claim("w2", 1) == []


async def test_a_hand_over_is_no_crash(stores: Stores) -> None:
    await stores.begin()
    await stores.start()
    first = await stores.claim("w1")
    await stores.queue.release(first, again=True)
    second = await stores.claim("w2")
    assert second.epoch > first.epoch
    assert second.takeovers == 0
    await stores.queue.release(first, again=True)
    assert await stores.queue.renew([second]) == [True]


async def test_lost_owners_are_counted(stores: Stores) -> None:
    await stores.begin()
    await stores.start()
    for lost in range(3):
        claim = await stores.claim(f"w{lost}")
        assert claim.takeovers == lost
        await stores.run_out()
    claim = await stores.claim()
    await stores.queue.release(claim, again=True)
    assert (await stores.claim()).takeovers == 3


async def test_a_run_let_go_for_good_is_nobodys(stores: Stores) -> None:
    await stores.begin()
    await stores.start()
    claim = await stores.claim()
    await stores.queue.release(claim, again=False)
    await stores.queue.release(claim, again=False)
    await stores.run_out()
    assert await stores.queue.claim("w2", 1) == []
    assert await stores.queue.renew([claim]) == [False]


async def test_expired_runs_are_found_oldest_first(stores: Stores) -> None:
    for number, expires_at in enumerate((30, 10, 40, 20, 90, 80, 95, 85)):
        await stores.begin(thread_id=f"thread_{number}")
        await stores.start(f"run_{number}", f"thread_{number}", expires_at=expires_at)
    assert await stores.queue.expired(5, 10) == []
    assert await stores.queue.expired(35, 2) == [("thread_1", "run_1"), ("thread_3", "run_3")]
    await stores.threads.commit(Change(thread_id="thread_1", run_id="run_1", expires_at=92))
    found = await stores.queue.expired(50, 10)
    assert [run_id for _, run_id in found] == ["run_3", "run_0", "run_2"]
    found = await stores.queue.expired(99, 10)
    assert [int(run_id[4:]) for _, run_id in found] == [3, 0, 2, 5, 7, 4, 1, 6]


async def test_waiting_ends_when_a_run_is_offered(stores: Stores) -> None:
    await stores.begin()
    while not await _waits(stores):
        assert await stores.queue.claim("w1", 1) == []
    waiting = asyncio.create_task(stores.queue.wait(LONG_S))
    await stores.start()
    await asyncio.wait_for(waiting, PATIENCE_S)
    assert (await stores.claim()).run_id == RUN


async def test_waiting_ends_when_a_run_is_handed_over(stores: Stores) -> None:
    await stores.begin()
    await stores.start()
    claim = await stores.claim()
    while not await _waits(stores):
        assert await stores.queue.claim("w1", 1) == []
    waiting = asyncio.create_task(stores.queue.wait(LONG_S))
    await stores.queue.release(claim, again=True)
    await asyncio.wait_for(waiting, PATIENCE_S)


async def test_waiting_ends_at_its_time(stores: Stores) -> None:
    await stores.queue.wait(0.01)
    await stores.queue.wait(0.01)


async def test_what_was_offered_before_waiting_ends_it(stores: Stores) -> None:
    """Between a claim that found nothing and the waiting there is no gap to fall into."""
    await stores.begin()
    while not await _waits(stores):
        assert await stores.queue.claim("w1", 1) == []
    await stores.start()
    await asyncio.wait_for(stores.queue.wait(LONG_S), PATIENCE_S)


async def _waits(stores: Stores) -> bool:
    """Whether the doorbell is connected and nothing has rung."""
    waiting = asyncio.create_task(stores.queue.wait(LONG_S))
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    return not done


# ---------------------------------------------------------------------------- Redis alone


async def test_leases_of_dead_owners_run_out_at_once(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    claims = Claims(client, "t", 4, lease_ms=LEASE_MS)
    queue = RedisRunQueue(client, 4, lease_ms=LEASE_MS)
    try:
        for number in range(6):
            base = claims.base(f"thread_{number}")
            await client.rpush(f"{base}ready", f"thread_{number}/run_{number}")
        gone = await queue.claim("host/1", 3)
        lives = await queue.claim("host/2", 3)
        assert await queue.recover(lambda owner: owner == "host/1") == 3
        again = await queue.claim("host/3", 9)
        assert sorted(ids(again)) == sorted(ids(gone))
        assert await queue.renew(lives) == [True, True, True]
    finally:
        await queue.aclose()
        await claims.aclose()
        await client.aclose()


async def test_the_doorbell_outlives_the_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After a restart whoever waits looks again, and later bells ring as before."""
    with redis_server(tmp_path_factory.mktemp("bell")) as server:
        client = await connect(server.url, SystemClock())
        claims = Claims(client, "t", 2, lease_ms=LEASE_MS)
        try:
            await claims.wait(0)
            assert await claims.claim("w1", 1) == []
            server.kill()
            server.start()
            await asyncio.wait_for(claims.wait(LONG_S), PATIENCE_S)
            while True:
                assert await claims.claim("w1", 1) == []
                waiting = asyncio.create_task(claims.wait(LONG_S))
                done, _ = await asyncio.wait([waiting], timeout=0.05)
                if not done:
                    break
            commands: Any = client
            await commands.publish(f"{keys.base('t', 1)}bell", "")
            await asyncio.wait_for(waiting, PATIENCE_S)
        finally:
            await claims.aclose()
            await client.aclose()


async def test_a_busy_partition_does_not_starve_a_silent_one(chat_server: Server) -> None:
    """Its bell may be lost: it is looked at in its turn, which comes within as many claims."""
    async with claims_of(chat_server, 8) as (client, claims):
        await claims.claim("w1", 1)
        for number in range(20):
            await client.rpush(f"{keys.base('t', 2)}ready", f"thread/{number}")
        await client.rpush(f"{keys.base('t', 5)}ready", "thread/silent")
        found = [one.item for _ in range(8) for one in await claims.claim("w1", 1)]
        assert len(found) == 8
        assert "thread/silent" in found


AWAY = Script(
    leases.PRELUDE
    + """
if redis.call('EXISTS', base .. 'away') == 1 then
  redis.call('INCR', base .. 'away')
  return redis.error_reply('ERR away')
end
local item, epoch, lost = pop(ARGV[1], tonumber(ARGV[2]))
if not item then return {} end
return {item, whole(epoch), lost}
"""
)
"""Claims one item, except in partitions with a key `away`, which counts."""


async def test_a_partition_that_is_away_holds_up_no_other(chat_server: Server) -> None:
    async with claims_of(chat_server, 8) as (client, claims):
        away = f"{keys.base('t', 3)}away"
        assert await claims.claim("w1", 1) == []
        await client.set(away, 0)
        for number in range(8):
            await client.rpush(f"{keys.base('t', number)}ready", f"thread/{number}")

        async def take() -> list[str]:
            return [one.item for one in await claims.claim("w1", 99, script=AWAY)]

        assert await take() == ["thread/1", "thread/2"]  # 3 could not be asked
        assert await take() == ["thread/4", "thread/5", "thread/6", "thread/7", "thread/0"]
        assert await client.get(away) == b"1"
        with pytest.raises(StoreError):
            await take()
        await client.delete(away)
        assert await take() == ["thread/3"]


@asynccontextmanager
async def claims_of(server: Server, partitions: int) -> AsyncIterator[tuple[Client, Claims]]:
    server.ask("FLUSHALL")
    async with redis_client(server.url) as client:
        claims = Claims(client, "t", partitions, lease_ms=LEASE_MS)
        try:
            yield client, claims
        finally:
            await claims.aclose()


async def test_a_store_that_is_gone_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    with redis_server(tmp_path_factory.mktemp("gone")) as server:
        client = await connect(server.url, SystemClock())
        queue = RedisRunQueue(client, 8, lease_ms=LEASE_MS)
        server.kill()
        claim = queue.claim("w1", 1)
        renew = queue.renew([RunClaim(THREAD, RUN, 1)])
        outcomes = await asyncio.gather(claim, renew, return_exceptions=True)
        assert all(isinstance(outcome, StoreError) for outcome in outcomes)
        await queue.aclose()
        await client.aclose()
