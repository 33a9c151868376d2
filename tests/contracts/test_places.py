"""What is known of places that several people share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.places import RedisPlaces
from core.chat.manners import Place, Places
from core.chat.messages import ConversationKey
from core.clock import SystemClock
from tests.contracts.chat import place
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.places import FakePlaces
from tests.servers import Server

HERE, THERE = place("C1"), place("C2")


@pytest.fixture(params=["fake", "redis"])
async def places(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Places]:
    if request.param == "fake":
        yield FakePlaces()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisPlaces(client, 1)
    await assert_no_leaks(client)
    await client.aclose()


async def test_what_is_said_where_nobody_called_us_leaves_nothing_behind(places: Places) -> None:
    assert await places.heard(HERE, "ann", addressed=False) is None
    assert await places.heard(HERE, "bob", addressed=True) == Place(1)


async def test_writers_are_counted_once_each(places: Places) -> None:
    assert await places.heard(HERE, "ann", addressed=True) == Place(1)
    assert await places.heard(HERE, "ann", addressed=False) == Place(1)
    assert await places.heard(HERE, "bob", addressed=False) == Place(2)
    assert await places.heard(THERE, "bob", addressed=False) is None


async def test_many_writers_stay_many(places: Places) -> None:
    await places.heard(HERE, "first", addressed=True)
    for number in range(30):
        await places.heard(HERE, f"writer {number}", addressed=False)
    found = await places.heard(HERE, "first", addressed=False)
    assert found is not None
    assert found.writers > 1


async def test_quiet_is_kept_until_it_is_taken_back(places: Places) -> None:
    await places.heard(HERE, "ann", addressed=True)
    await places.set_quiet(HERE, quiet=True)
    assert await places.heard(HERE, "ann", addressed=True) == Place(1, quiet=True)
    await places.set_quiet(HERE, quiet=False)
    assert await places.heard(HERE, "ann", addressed=False) == Place(1)


async def test_a_first_time_is_only_once(places: Places) -> None:
    assert await places.first_time("notice:C1", "turn 1")
    assert not await places.first_time("notice:C1", "turn 2")
    assert await places.first_time("notice:C2", "turn 2")


async def test_whoever_was_first_stays_so(places: Places) -> None:
    assert await places.first_time("notice:C1", "turn 1")
    assert await places.first_time("notice:C1", "turn 1")


async def test_a_channel_that_is_left_is_left_as_a_whole(places: Places) -> None:
    thread = ConversationKey(HERE.platform, (*HERE.parts, "thread"))
    await places.heard(thread, "ann", addressed=True)
    assert not await places.is_away(HERE)
    await places.set_away(HERE, away=True)
    assert await places.is_away(thread)
    assert not await places.is_away(THERE)
    assert await places.heard(thread, "bob", addressed=True) == Place(0, away=True)
    assert await places.heard(THERE, "bob", addressed=True) == Place(1)
    await places.set_away(thread, away=False)
    assert await places.heard(thread, "ann", addressed=False) == Place(1)
