"""The moments at which a platform may be called."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.pacing import RedisPacer
from core.chat.pacing import Pace, Pacer
from core.clock import SystemClock
from tests.contracts.key_leaks import assert_no_leaks
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
