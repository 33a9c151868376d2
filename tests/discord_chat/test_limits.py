"""What Discord lets a bot and an address ask for, however many processes ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.limits import MOST_REFUSED, PAUSE_S
from core.chat.pacing import Pace
from core.errors import PlatformRateLimited, TooEarly
from tests.discord_chat.world import MATHS
from tests.fakes.clock import ManualClock
from tests.fakes.discord.people import FakeDiscord
from tests.fakes.pacer import FakePacer

TYPING = f"/channels/{MATHS}/typing"
CALLBACK = "/interactions/1/token/callback"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def discord(clock: ManualClock) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running(most_a_second=50, clock=clock.monotonic) as made:
        made.add_channel(MATHS, "maths")
        yield made


@pytest.fixture
async def apis(discord: FakeDiscord, clock: ManualClock) -> AsyncIterator[list[DiscordApi]]:
    """Two processes with one token and one store."""
    pacer = FakePacer(clock)
    async with AsyncExitStack() as stack:
        made = [DiscordApi(discord.token, discord.url, clock, pacer=pacer) for _ in range(2)]
        for api in made:
            stack.push_async_callback(api.aclose)
        yield made


async def _pass(clock: ManualClock, seconds: float) -> None:
    """Time passes, and what was sent arrives meanwhile."""
    for _ in range(round(seconds / 0.05)):
        for _ in range(10):
            await asyncio.sleep(0.001)
        await clock.advance(0.05)


async def test_two_processes_stay_below_what_discord_allows_a_second(
    discord: FakeDiscord, apis: list[DiscordApi], clock: ManualClock
) -> None:
    calls = [asyncio.create_task(api.write("POST", TYPING)) for api in apis for _ in range(80)]
    await _pass(clock, 1)
    with pytest.raises(TooEarly):  # what can wait for better times does not push in
        await apis[0].write("POST", TYPING, patient=False)
    with pytest.raises(DiscordRefused, match="10062"):  # and an acknowledgement does not wait
        await apis[0].write("POST", CALLBACK, {"type": 5}, as_bot=False)
    assert not all(call.done() for call in calls)
    while not all(call.done() for call in calls):
        await _pass(clock, 0.5)
    await asyncio.gather(*calls)
    assert len(discord.called("POST", "/typing$")) == 160
    assert discord.limited == 0


async def test_without_a_store_discord_says_when_to_wait(
    discord: FakeDiscord, clock: ManualClock
) -> None:
    api = DiscordApi(discord.token, discord.url, clock)
    calls = [api.write("POST", TYPING) for _ in range(60)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, PlatformRateLimited) for one in done) == 10
    with pytest.raises(PlatformRateLimited, match="silent"):
        await api.write("POST", TYPING)
    await clock.advance(2)
    assert (await api.read(f"/channels/{MATHS}"))["id"] == MATHS
    await api.aclose()


class Used:
    """A store in which all processes together have been refused too often already."""

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        return None if name.endswith(":refused") else 0


async def test_refusals_of_other_processes_count_as_well(
    discord: FakeDiscord, clock: ManualClock
) -> None:
    api = DiscordApi(discord.token, discord.url, clock, pacer=Used())
    discord.fail("GET", "/channels/", 403, code=50001)
    with pytest.raises(DiscordRefused):
        await api.read(f"/channels/{MATHS}")
    await clock.advance(0)
    with pytest.raises(PlatformRateLimited, match="silent") as told:
        await api.read(f"/channels/{MATHS}", limit="1")
    assert told.value.retry_after_s <= PAUSE_S
    await clock.advance(PAUSE_S)
    assert await api.read(f"/channels/{MATHS}")
    await api.aclose()


async def test_all_processes_together_are_refused_less_often_than_gets_an_address_banned(
    clock: ManualClock,
) -> None:
    pacer, granted = FakePacer(clock), 0
    for _ in range(600):
        for _ in range(40):
            granted += await pacer.reserve("refused", Pace(150, 4_000), 0) is not None
        clock.jump(1)
    assert MOST_REFUSED < granted < 10_000
