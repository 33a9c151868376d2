"""What may be told several times and is carried out once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.redis.connection import connect
from adapters.redis.turnstile import RedisTurnstile
from core.chat.messages import ConversationKey
from core.chat.once import Once, Turnstile
from core.clock import SystemClock
from core.errors import PlatformUnavailable, StoreUnavailable
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.clock import ManualClock
from tests.fakes.turnstile import FakeTurnstile
from tests.servers import Server

HERE, THERE = ConversationKey("slack", ("T1", "C1")), ConversationKey("slack", ("T1", "C2"))


@pytest.fixture(params=["fake", "redis"])
async def turnstile(
    request: pytest.FixtureRequest, chat_server: Server
) -> AsyncIterator[Turnstile]:
    if request.param == "fake":
        yield FakeTurnstile()
        return
    chat_server.ask("FLUSHALL")
    client = await connect(chat_server.url, SystemClock())
    yield RedisTurnstile(client, 4)
    await assert_no_leaks(client)
    await client.aclose()


async def test_what_was_done_is_done(turnstile: Turnstile) -> None:
    assert await turnstile.enter(HERE, "a") == "first"
    assert await turnstile.enter(HERE, "a") == "busy"
    assert await turnstile.enter(HERE, "b") == "first"
    assert await turnstile.enter(THERE, "a") == "first"
    await turnstile.leave(HERE, "a", done=True)
    assert await turnstile.enter(HERE, "a") == "done"


async def test_what_failed_is_begun_again(turnstile: Turnstile) -> None:
    assert await turnstile.enter(HERE, "a") == "first"
    await turnstile.leave(HERE, "a", done=False)
    assert await turnstile.enter(HERE, "a") == "first"


async def test_of_many_who_are_told_one_does_it(turnstile: Turnstile) -> None:
    once, done = Once(turnstile, SystemClock()), list[int]()

    async def work(number: int) -> int:
        await asyncio.sleep(0.01)
        done.append(number)
        return number

    async def told(number: int) -> tuple[int] | None:
        return await once.carry_out(HERE, "a", lambda: work(number))

    given = await asyncio.gather(*(told(number) for number in range(5)))
    assert len(done) == 1
    assert [one for one in given if one is not None] == [(done[0],)]


async def test_a_failure_is_told_and_leaves_it_to_whoever_comes_next(turnstile: Turnstile) -> None:
    once = Once(turnstile, SystemClock())

    async def fails() -> str:
        raise PlatformUnavailable("no")

    async def works() -> str:
        return "done"

    with pytest.raises(PlatformUnavailable):
        await once.carry_out(HERE, "a", fails)
    assert await once.carry_out(HERE, "a", works) == ("done",)
    assert await once.carry_out(HERE, "a", works) is None


async def test_whoever_waits_too_long_is_to_ask_again(turnstile: Turnstile) -> None:
    clock = ManualClock()
    assert await turnstile.enter(HERE, "a") == "first"

    async def works() -> str:
        return "done"

    async def waits() -> None:
        with pytest.raises(StoreUnavailable):
            await Once(turnstile, clock).carry_out(HERE, "a", works)

    waiting = asyncio.create_task(waits())
    while not waiting.done():
        await clock.advance(0.1)
        await asyncio.sleep(0.001)
    await waiting
