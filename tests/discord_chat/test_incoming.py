"""Commands and edits that come while the store is away for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.discord.api import DiscordApi
from adapters.discord.backfill import Backfill
from adapters.discord.events import Me
from adapters.discord.house import HouseRules
from adapters.discord.incoming import Incoming
from adapters.discord.programs import Programs
from adapters.discord.rooms import Rooms
from adapters.discord.rules import Rules
from core.chat.customs import LocalCustoms
from core.chat.messages import Edit, Event, Inbound
from core.clock import SystemClock
from core.errors import StoreUnavailable
from tests.fakes.customs import FakeCustoms
from tests.fakes.discord.looks import APP, BOT, Json, direct, user
from tests.fakes.hearing import FakeHearing, FakeHomes, FakeLoops
from tests.fakes.places import FakePlaces

ANN = "300000000000000002"
DM = direct("500000000000000001", user(ANN, "Ann"))
EAR = f"discord:{APP}:0/1"


class Intake:
    """Takes events in, but for the first one that it is asked to take."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._failed = False

    async def take(self, event: Event) -> object:
        if not self._failed:
            self._failed = True
            raise StoreUnavailable("the store is away")
        self.events.append(event)
        return "stored"


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
async def incoming(intake: Intake) -> AsyncIterator[Incoming]:
    clock, hearing = SystemClock(), FakeHearing()
    api = DiscordApi("token", "http://127.0.0.1:9", clock)
    house = HouseRules(LocalCustoms(FakeCustoms(), clock, f"discord:{APP}"), Rules())
    rooms = Rooms(api)
    rooms.learn(DM)
    await hearing.reach(EAR, clock.now())
    await hearing.met(EAR, DM["id"], 1.0)
    yield Incoming(
        api,
        Me(application=APP, user=BOT, rules=house.at),
        rooms,
        house,
        Programs(api, FakeLoops()),
        FakeHomes(),
        hearing,
        FakePlaces(),
        Backfill(api, hearing, clock, ear=EAR),
        intake.take,
        clock,
        ear=EAR,
    )
    await api.aclose()


def message(text: str, **values: str) -> Json:
    """A direct message of Ann's."""
    body = {"id": "1180000000000000001", "channel_id": DM["id"], "content": text, "type": 0}
    return {**body, "author": user(ANN, "Ann"), "mentions": [], **values}


async def test_a_command_is_tried_again_and_carried_out_once(
    incoming: Incoming, intake: Intake
) -> None:
    with pytest.raises(StoreUnavailable):
        await incoming.message(message("!new"))
    for _ in range(2):
        await incoming.message(message("!new"))
    (event,) = intake.events
    assert isinstance(event, Inbound)
    assert event.text == "!new"


async def test_an_edit_is_tried_again_and_taken_once(incoming: Incoming, intake: Intake) -> None:
    changed = message("what is 2 + 3?", edited_timestamp="2026-01-01T00:00:00+00:00")
    with pytest.raises(StoreUnavailable):
        await incoming.edited(changed)
    for _ in range(2):
        await incoming.edited(changed)
    (event,) = intake.events
    assert isinstance(event, Edit)
