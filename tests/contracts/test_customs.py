"""What moderators set, and how every process learns of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from adapters.redis.connection import connect
from adapters.redis.customs import RedisCustoms
from core.chat.customs import EVERY_S, MOST, Changed, Customs, LocalCustoms
from core.clock import SystemClock
from core.errors import InvalidRequest
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.clock import ManualClock, settled
from tests.fakes.customs import FakeCustoms
from tests.servers import Server

BOT, OTHER = "discord:1", "discord:2"


@pytest.fixture(params=["fake", "redis"])
async def customs(request: pytest.FixtureRequest, chat_server: Server) -> AsyncIterator[Customs]:
    if request.param == "fake":
        yield FakeCustoms()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisCustoms(client, 1)
    await assert_no_leaks(client)
    await client.aclose()


async def test_what_is_set_is_told_to_who_asks_for_changes(customs: Customs) -> None:
    assert await customs.since(BOT, 0, 10) == (0, [])
    await customs.put(BOT, "G1", "", {"mode": "reply", "follow": "never"})
    await customs.put(BOT, "G1", "C1", {"mode": "user"})
    values = {"": {"mode": "reply", "follow": "never"}, "C1": {"mode": "user"}}
    assert await customs.since(BOT, 0, 10) == (2, [Changed("G1", 2, values)])
    assert await customs.since(BOT, 2, 10) == (2, [])
    assert await customs.since(OTHER, 0, 10) == (0, [])


async def test_what_is_taken_back_is_told_too(customs: Customs) -> None:
    await customs.put(BOT, "G1", "C1", {"mode": "user", "follow": "never"})
    await customs.put(BOT, "G1", "C1", {"mode": None})
    assert await customs.since(BOT, 1, 10) == (2, [Changed("G1", 2, {"C1": {"follow": "never"}})])
    await customs.put(BOT, "G1", "C1", {"follow": None})
    assert await customs.since(BOT, 2, 10) == (3, [Changed("G1", 3, {})])


async def test_changes_come_in_pages_the_oldest_first(customs: Customs) -> None:
    for home in ("G1", "G2", "G3"):
        await customs.put(BOT, home, "", {"mode": "reply"})
    await customs.put(BOT, "G1", "", {"mode": "user"})
    newest, first = await customs.since(BOT, 0, 2)
    assert newest == 4
    assert [one.home for one in first] == ["G2", "G3"]
    _, rest = await customs.since(BOT, first[-1].revision, 2)
    assert [(one.home, one.revision) for one in rest] == [("G1", 4)]


async def test_a_home_has_so_many_settings_and_no_more(customs: Customs) -> None:
    for start in range(0, MOST, 500):
        values = {f"name {number}": "x" for number in range(start, start + 500)}
        await customs.put(BOT, "G1", "C1", values)
    with pytest.raises(InvalidRequest):
        await customs.put(BOT, "G1", "C2", {"mode": "reply"})
    await customs.put(BOT, "G1", "C1", {"name 7": "y"})
    await customs.put(BOT, "G1", "C1", {"name 8": None})
    await customs.put(BOT, "G1", "C2", {"mode": "reply"})
    _, (found,) = await customs.since(BOT, 0, 10)
    assert found.values["C2"] == {"mode": "reply"}
    assert found.values["C1"]["name 7"] == "y"


async def test_a_copy_says_what_holds_and_why(customs: Customs) -> None:
    local = LocalCustoms(customs, SystemClock(), BOT)
    assert local.value("G1", "C1", "mode") is None
    await local.put("G1", "", {"mode": "reply"})
    assert local.value("G1", "C1", "mode") == ("reply", "home")
    await local.put("G1", "C1", {"mode": "user"})
    assert local.value("G1", "C1", "mode") == ("user", "place")
    assert local.value("G1", "C2", "mode") == ("reply", "home")
    assert local.value("G2", "C1", "mode") is None
    assert sorted(local.everywhere("mode")) == ["reply", "user"]


async def test_a_copy_is_looked_after(customs: Customs) -> None:
    clock = ManualClock()
    await customs.put(BOT, "G1", "", {"mode": "reply"})
    local = LocalCustoms(customs, clock, BOT)
    async with local.kept_fresh():
        assert local.everywhere("mode") == ["reply"]
        await customs.put(BOT, "G2", "", {"mode": "user"})
        await clock.until_asleep()
        await clock.advance(EVERY_S)
        await clock.until_asleep()
        assert local.everywhere("mode") == ["reply", "user"]


async def test_a_copy_learns_what_others_set(customs: Customs) -> None:
    here, there = (LocalCustoms(customs, SystemClock(), BOT) for _ in range(2))
    for number in range(450):
        await customs.put(BOT, f"G{number}", "", {"mode": "reply"})
    await here.refresh()
    assert len(here.everywhere("mode")) == 450
    await there.put("G7", "", {"mode": None})
    await here.refresh()
    assert here.value("G7", "", "mode") is None


class Restored:
    """A store that falls back to an older state of itself: to nothing."""

    def __init__(self, customs: Customs) -> None:
        self.now = customs

    async def put(
        self, account: str, home: str, place: str, values: Mapping[str, str | None]
    ) -> None:
        await self.now.put(account, home, place, values)

    async def since(self, account: str, revision: int, limit: int) -> tuple[int, list[Changed]]:
        return await self.now.since(account, revision, limit)


async def test_a_copy_of_another_store_is_thrown_away(customs: Customs) -> None:
    store = Restored(customs)
    local = LocalCustoms(store, SystemClock(), BOT)
    await local.put("G1", "", {"mode": "reply"})
    await local.put("G1", "", {"follow": "never"})
    store.now = FakeCustoms()
    await store.put(BOT, "G2", "", {"mode": "user"})
    await local.refresh()
    assert local.everywhere("mode") == ["user"]


class Slow:
    """A store whose answer to the first look comes late."""

    def __init__(self, customs: Customs) -> None:
        self._customs = customs
        self.late = asyncio.Event()
        self._looks = 0

    async def put(
        self, account: str, home: str, place: str, values: Mapping[str, str | None]
    ) -> None:
        await self._customs.put(account, home, place, values)

    async def since(self, account: str, revision: int, limit: int) -> tuple[int, list[Changed]]:
        self._looks += 1
        first = self._looks == 1
        found = await self._customs.since(account, revision, limit)
        if first:
            await self.late.wait()
        return found


async def test_an_answer_that_comes_late_does_not_bring_back_what_was(customs: Customs) -> None:
    await customs.put(BOT, "G1", "", {"mode": "reply"})
    store = Slow(customs)
    local = LocalCustoms(store, SystemClock(), BOT)
    looking = asyncio.create_task(local.refresh())
    await settled()
    setting = asyncio.create_task(local.put("G1", "", {"mode": "user"}))
    while (await customs.since(BOT, 0, 1))[0] < 2:
        await settled()
    store.late.set()
    await asyncio.gather(looking, setting)
    assert local.value("G1", "", "mode") == ("user", "home")
