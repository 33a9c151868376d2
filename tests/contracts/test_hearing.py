"""How far ears have heard, and what they keep for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from adapters.redis.connection import connect
from adapters.redis.hearing import RedisHearing, RedisHomes, RedisKeeping, RedisLoops
from core.chat.hearing import Hearing, Homes, Keeping, Loops
from core.chat.messages import ConversationKey
from core.clock import SystemClock
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.hearing import FakeHearing, FakeHomes, FakeKeeping, FakeLoops
from tests.servers import Server

EAR, OTHER = "discord:1:0", "discord:1:1"


@dataclass(frozen=True)
class Ports:
    """What ears keep."""

    hearing: Hearing
    keeping: Keeping
    homes: Homes
    loops: Loops


@pytest.fixture(params=["fake", "redis"])
async def ports(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Ports]:
    if request.param == "fake":
        yield Ports(FakeHearing(), FakeKeeping(), FakeHomes(), FakeLoops())
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield Ports(
        RedisHearing(client, 1),
        RedisKeeping(client, 1),
        RedisHomes(client, 1),
        RedisLoops(client, 1),
    )
    await assert_no_leaks(client)
    await client.aclose()


@pytest.fixture
def hearing(ports: Ports) -> Hearing:
    return ports.hearing


@pytest.fixture
def keeping(ports: Ports) -> Keeping:
    return ports.keeping


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


async def test_a_place_is_new_once(hearing: Hearing) -> None:
    assert await hearing.met(EAR, "a", 10.0)
    assert await hearing.met(EAR, "a", 10.0)
    assert not await hearing.met(EAR, "a", 20.0)
    assert not await hearing.met(EAR, "a", 10.0)
    assert await hearing.met(EAR, "b", 5.0)
    assert await hearing.met(OTHER, "a", 30.0)


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


async def test_a_post_is_of_the_conversation_that_was_told(ports: Ports) -> None:
    here = ConversationKey("discord", ("G1", "C1", "by", "ann"))
    await ports.homes.put("discord:1", "77", here)
    assert await ports.homes.of("discord:1", "77") == here
    assert await ports.homes.of("discord:2", "77") is None
    assert await ports.homes.of("discord:1", "78") is None


async def test_turns_of_programs_are_counted_once_each(ports: Ports) -> None:
    told = [await ports.loops.turn("C1", f"post {n}", 10.0 + n, 0.0, 3) for n in range(6)]
    assert told == [1, 2, 3, 4, 5, 5]
    assert await ports.loops.turn("C1", "post 1", 11.0, 0.0, 3) == 2
    assert await ports.loops.turn("C2", "post 7", 17.0, 0.0, 3) == 1


async def test_a_person_ends_the_row_if_they_wrote_after_the_last_turn(ports: Ports) -> None:
    for number in range(3):
        await ports.loops.turn("C1", f"post {number}", 10.0 + number, 5.0, 3)
    assert await ports.loops.turn("C1", "post 3", 13.0, 11.5, 3) == 4
    assert await ports.loops.turn("C1", "post 4", 15.0, 14.0, 3) == 1
    assert await ports.loops.turn("C1", "post 5", 16.0, 14.0, 3) == 2
