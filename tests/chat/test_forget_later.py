"""What could not be forgotten at once is gone on with, in the same process, until it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.chat.erasing import Erasing
from core.chat.forgetting import SWEEP_S, Forgetting
from core.chat.messages import ConversationKey
from core.chat.people import Parting, Wish
from core.errors import ModelUnavailable
from tests.chat.flow import ANN, World, place
from tests.fakes.assistants import FakeAssistants
from tests.fakes.clock import ManualClock
from tests.fakes.people import FakeAccounts, FakePartings
from tests.fakes.platform import FakePlatform
from tests.patience import until


class Away(FakeAssistants):
    """A service that removes nothing while it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0
        self.away = True

    async def delete_thread(self, thread_id: str) -> None:
        self.tries += 1
        if self.away:
            raise ModelUnavailable("The service is away.")
        await super().delete_thread(thread_id)


@pytest.fixture
async def service() -> AsyncIterator[Away]:
    made = Away()
    yield made
    await made.aclose()


async def test_a_service_that_was_away_is_asked_again_and_trouble_is_told_once(
    world: World, service: Away
) -> None:
    clock, places = ManualClock(), dict[str, set[ConversationKey]]()
    partings = FakePartings(places)
    world.assistants = service
    platform = FakePlatform()
    async with world.process() as bot:
        await bot.says("my secret", where=place())
        await bot.is_idle(where=place())
        stores = bot.chat.stores
        forgetting = Forgetting(
            FakeAccounts(places),
            partings,
            Erasing(stores.traces, stores.control, stores.sessions, service, clock),
            {"fake": platform},
            clock,
        )
        parting = Parting(
            name="m1",
            person="fake:ann",
            author=ANN,
            shared=False,
            conversations=(place(),),
            reply_to=place(),
            at=clock.now(),
        )
        await partings.ask("fake:ann", Wish(conversation=place(), shared=False))
        await partings.begin(parting)
        forgetting.start()
        for tries in (1, 2, 3):
            await until(lambda tries=tries: service.tries == tries)
            await until(lambda: platform.texts(place()))
            await clock.until_asleep()
            await clock.advance(SWEEP_S * 2 ** (tries - 1))
        (told,) = platform.texts(place())
        service.away = False
        await clock.advance(SWEEP_S * 8)
        await until(lambda: len(platform.texts(place())) == 2)
        await forgetting.aclose()
    assert "could not forget everything yet: The service is away." in told
    assert platform.texts(place())[-1].startswith("Forgotten")
    assert service.threads == {}
    assert await partings.begun() == []
