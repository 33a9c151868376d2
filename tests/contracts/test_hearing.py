"""How far ears have heard, and what they keep for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.hearing import RedisHearing, RedisKeeping
from core.chat.hearing import Hearing, Keeping
from core.clock import SystemClock
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.hearing import FakeHearing, FakeKeeping
from tests.servers import Server

EAR, OTHER = "discord:1:0", "discord:1:1"


@pytest.fixture(params=["fake", "redis"])
async def both(
    request: pytest.FixtureRequest, chat_server: Server
) -> AsyncIterator[tuple[Hearing, Keeping]]:
    if request.param == "fake":
        yield FakeHearing(), FakeKeeping()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisHearing(client, 1), RedisKeeping(client, 1)
    await assert_no_leaks(client)
    await client.aclose()


@pytest.fixture
def hearing(both: tuple[Hearing, Keeping]) -> Hearing:
    return both[0]


@pytest.fixture
def keeping(both: tuple[Hearing, Keeping]) -> Keeping:
    return both[1]


async def test_how_far_never_goes_back(hearing: Hearing) -> None:
    assert await hearing.reached(EAR) is None
    await hearing.reach(EAR, 1_800_000_000.25)
    await hearing.reach(EAR, 1_700_000_000.0)
    assert await hearing.reached(EAR) == 1_800_000_000.25
    assert await hearing.reached(OTHER) is None


async def test_places_come_with_the_newest_first(hearing: Hearing) -> None:
    for place, at in (("a", 10.0), ("b", 30.0), ("c", 20.0), ("b", 5.0)):
        await hearing.met(EAR, place, at)
    assert await hearing.places(EAR, 0.0, 10) == ["b", "c", "a"]
    assert await hearing.places(EAR, 15.0, 10) == ["b", "c"]
    assert await hearing.places(EAR, 0.0, 1) == ["b"]
    assert await hearing.places(OTHER, 0.0, 10) == []


async def test_what_comes_twice_is_taken_once(hearing: Hearing) -> None:
    assert [await hearing.first("press:1") for _ in range(3)] == [True, False, False]
    assert await hearing.first("press:2")


async def test_what_is_kept_stays_until_it_is_done(keeping: Keeping) -> None:
    assert await keeping.keep(EAR, "1", {"text": "why?"})
    assert not await keeping.keep(EAR, "1", {"text": "again"})
    assert await keeping.kept(EAR) == {"1": {"text": "why?"}}
    assert await keeping.kept(OTHER) == {}
    await keeping.done(EAR, "1")
    assert await keeping.kept(EAR) == {}
    assert not await keeping.keep(EAR, "1", {"text": "delivered again"})


async def test_what_is_lent_is_there_for_a_while(keeping: Keeping) -> None:
    assert await keeping.lent("token:1") is None
    await keeping.lend("token:1", "aW50")
    assert await keeping.lent("token:1") == "aW50"
