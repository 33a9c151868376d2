"""What is away when a process starts is waited for; what is set wrong ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bots.wiring.reaching import Reaching
from core.errors import (
    BobbinError,
    ConfigurationError,
    PlatformRateLimited,
    PlatformUnavailable,
    StoreUnavailable,
)
from tests.fakes.clock import ManualClock


class Thing:
    """Fails as it is told, then is there."""

    def __init__(self, *failures: BobbinError) -> None:
        self.failures = list(failures)
        self.tries = 0
        self.open = False
        self.told: list[str] = []

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[str]:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.open = True
        try:
            yield "there"
        finally:
            self.open = False


def reaching(thing: Thing, clock: ManualClock) -> Reaching[str]:
    return Reaching("Thing", thing.enter, clock, then=thing.told.append)


async def test_what_is_there_is_entered_at_once_and_left_at_the_end() -> None:
    thing = Thing()
    one = reaching(thing, ManualClock())
    async with one.running():
        await one.first()
        assert (one.value, one.reason, thing.open, thing.told) == ("there", "", True, ["there"])
    assert not thing.open


async def test_what_is_away_is_tried_less_and_less_often() -> None:
    clock = ManualClock()
    thing = Thing(*(PlatformUnavailable("no route") for _ in range(9)))
    one = reaching(thing, clock)
    async with one.running():
        await one.first()
        assert one.reason == "Thing cannot be reached"
        waiting = asyncio.create_task(one.reached())
        tries: list[int] = []
        for _ in range(5):
            await clock.advance(60)
            tries.append(thing.tries)
        assert tries == [6, 7, 8, 9, 10]
        assert await waiting == "there"
        assert one.reason == ""
    assert not thing.open


async def test_the_patience_that_is_asked_for_is_given() -> None:
    clock = ManualClock()
    thing = Thing(PlatformRateLimited("wait", retry_after_s=500))
    one = reaching(thing, clock)
    async with one.running():
        await one.first()
        await clock.advance(499)
        assert one.value is None
        await clock.advance(1)
        assert one.value == "there"


@pytest.mark.parametrize("error", [ConfigurationError("TOKEN is wrong"), StoreUnavailable("down")])
async def test_what_waiting_does_not_mend_ends_the_start(error: BobbinError) -> None:
    thing = Thing(error)
    one = reaching(thing, ManualClock())
    async with one.running():
        with pytest.raises(type(error)):
            await one.first()
    assert thing.tries == 1


async def test_what_is_found_wrong_later_ends_nothing_and_is_named() -> None:
    clock = ManualClock()
    thing = Thing(PlatformUnavailable("no route"), ConfigurationError("TOKEN is wrong"))
    one = reaching(thing, clock)
    async with one.running():
        await one.first()
        await clock.advance(1)
        assert one.reason == "TOKEN is wrong"
        await clock.advance(59)
        assert thing.tries == 2
        await clock.advance(1)
        assert one.value == "there"


async def test_leaving_while_it_is_away_waits_for_nothing() -> None:
    thing = Thing(PlatformUnavailable("no route"))
    one = reaching(thing, ManualClock())
    async with one.running():
        await one.first()
    assert thing.tries == 1
