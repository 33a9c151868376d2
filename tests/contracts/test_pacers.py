"""The moments at which a platform may be called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.pacing import RedisPacer
from core.chat.pacing import KEPT_S, Limit, Pace, Pacer, Shared
from core.clock import SystemClock
from core.errors import PlatformRateLimited
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.clock import ManualClock, settled
from tests.fakes.pacer import FakePacer
from tests.servers import Server

SLOW = Pace(60_000)


@pytest.fixture(params=["fake", "redis"])
async def pacer(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Pacer]:
    if request.param == "fake":
        yield FakePacer(SystemClock())
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisPacer(client, 1)
    await assert_no_leaks(client)
    await client.aclose()


async def test_the_first_call_goes_at_once_and_the_next_waits(pacer: Pacer) -> None:
    assert await pacer.reserve("post:C1", SLOW, 0) == 0
    wait = await pacer.reserve("post:C1", SLOW, 90_000)
    assert wait is not None
    assert 50_000 < wait <= 60_000


async def test_who_has_no_patience_reserves_nothing(pacer: Pacer) -> None:
    await pacer.reserve("post:C1", SLOW, 0)
    for _ in range(5):
        assert await pacer.reserve("post:C1", SLOW, 100) is None
    wait = await pacer.reserve("post:C1", SLOW, 90_000)
    assert wait is not None
    assert wait <= 60_000


async def test_a_burst_goes_at_once_and_no_more(pacer: Pacer) -> None:
    pace = Pace(60_000, 3)
    assert [await pacer.reserve("update", pace, 0) for _ in range(4)] == [0, 0, 0, None]


async def test_names_do_not_hold_each_other_up(pacer: Pacer) -> None:
    assert await pacer.reserve("post:C1", SLOW, 0) == 0
    assert await pacer.reserve("post:C2", SLOW, 0) == 0


async def test_time_gives_places_back(pacer: Pacer) -> None:
    pace = Pace(20)
    assert await pacer.reserve("post:C1", pace, 0) == 0
    wait = await pacer.reserve("post:C1", pace, 1000)
    assert wait is not None
    while await pacer.reserve("post:C1", pace, 0) is None:
        await SystemClock().sleep(0.005)


LIMIT = Limit(per_second=40, burst=10, block=5)


class Counted:
    """A pacer of which a test knows how often it was asked; `held`, it does not answer."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.asked = 0
        self.free = asyncio.Event()
        self.free.set()

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        self.asked += 1
        await self.free.wait()
        return await self._pacer.reserve(name, pace, patience_ms)


async def _calls(shared: Shared, clock: ManualClock, times: list[float], count: int) -> None:
    async def call() -> None:
        await shared.wait()
        times.append(clock.monotonic())

    await asyncio.gather(*(call() for _ in range(count)))


async def test_all_processes_together_stay_below_the_limit() -> None:
    clock = ManualClock()
    pacer = FakePacer(clock)
    processes = [Shared(pacer, clock, "all", LIMIT) for _ in range(3)]
    times: list[float] = []
    calling = asyncio.gather(*(_calls(one, clock, times, 70) for one in processes))
    for _ in range(700):
        await clock.advance(0.01)
    await calling
    assert len(times) == 210
    for start in times:
        within = [at for at in times if start <= at < start + 1]
        # What each of them may have once without asking comes on top.
        assert len(within) <= LIMIT.per_second + LIMIT.burst + len(processes)
    assert times[-1] - times[0] < 210 / LIMIT.per_second + 1


async def test_the_first_call_after_a_pause_waits_for_no_store() -> None:
    clock = ManualClock()
    pacer = Counted(FakePacer(clock))
    shared = Shared(pacer, clock, "all", LIMIT)
    for _ in range(3):
        pacer.free.clear()
        await asyncio.wait_for(shared.wait(), 60)
        assert not shared.at_once()
        pacer.free.set()
        await settled()
        asked = pacer.asked
        for _ in range(2):  # of the block, minus the one that went ahead
            assert shared.at_once()
        assert pacer.asked == asked
        await clock.advance(2 * KEPT_S)
    await shared.aclose()


async def test_calls_find_their_places_asked_for_ahead_of_time() -> None:
    clock = ManualClock()
    pacer = Counted(FakePacer(clock))
    shared = Shared(pacer, clock, "all", LIMIT)
    for _ in range(200):  # 20 a second
        assert shared.at_once()
        await clock.advance(0.05)
    assert pacer.asked <= 200 / LIMIT.block + 2
    await shared.aclose()


async def test_who_would_wait_too_long_is_told() -> None:
    clock = ManualClock()
    shared = Shared(FakePacer(clock), clock, "all", Limit(per_second=1, burst=10, block=10))
    calling = [asyncio.create_task(shared.wait()) for _ in range(60)]
    await settled()
    over = [task for task in calling if task.done() and task.exception()]
    assert 0 < len(over) < 30
    assert all(isinstance(task.exception(), PlatformRateLimited) for task in over)
    await clock.advance(120)
    await asyncio.gather(*(task for task in calling if task not in over))
    await shared.aclose()


async def test_a_store_that_gives_no_place_in_time_is_told() -> None:
    clock = ManualClock()
    pacer = FakePacer(clock)
    limit = Limit(per_second=1, burst=10, block=10)
    for _ in range(4):
        await pacer.reserve("all", limit.pace, 60_000)
    shared = Shared(pacer, clock, "all", limit)
    await shared.wait()
    with pytest.raises(PlatformRateLimited):
        await shared.wait()
    await shared.aclose()


async def test_two_processes_share_a_limit_in_any_store(pacer: Pacer) -> None:
    clock = ManualClock()  # of the processes; the store has its own
    limit = Limit(per_second=1, burst=20, block=10)
    one, other = (Shared(pacer, clock, "all", limit) for _ in range(2))
    for _ in range(20):
        await one.wait()
    assert other.at_once()  # what each of them may have without asking
    waiting, waited_s = asyncio.create_task(other.wait()), 0
    while not waiting.done():
        await asyncio.sleep(0.005)
        await clock.advance(1)
        waited_s += 1
    await waiting
    assert waited_s > 10
    await one.aclose()
    await other.aclose()
