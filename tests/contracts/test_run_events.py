"""The contract of `RunEvents`: a Run's log for followers elsewhere, and the call to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.redis import keys
from adapters.redis.connection import LONGEST_BLOCK_S
from adapters.redis.events import RedisRunEvents
from adapters.redis.threads_scripts import LOG_LENGTH
from core.assistants import RunStepDelta, StreamError, StreamEvent, Thread
from core.engine.records import Change, LoggedEvent, RunClaim
from core.errors import ClaimLost, InvalidRequest
from core.ids import RandomIds
from tests.contracts.engine_stores import (
    BACKENDS,
    RUN,
    THREAD,
    Stores,
    delta,
    engine_stores,
    message,
    redis_client,
    run,
    step,
    stores_on,
)
from tests.patience import PATIENCE_S
from tests.servers import Server

LONG_S = 600.0
"""A wait that only an event can end within the test's time."""


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


async def events_of(stores: Stores, after: str = "0") -> list[StreamEvent]:
    return [one.event for one in await stores.events.read(THREAD, RUN, after, 0)]


async def test_every_kind_of_event_comes_back(stores: Stores) -> None:
    await stores.begin()
    said = (
        StreamEvent("thread.created", Thread(id=THREAD, created_at=1)),
        StreamEvent("thread.run.created", run().run),
        StreamEvent("thread.run.step.created", step("s1")),
        StreamEvent("thread.message.created", message("m1", run_id=RUN)),
        delta("a"),
        StreamEvent("thread.run.step.delta", RunStepDelta(id="s1", delta={"step_details": {}})),
        StreamEvent("error", StreamError(message="broken", code="server_error")),
    )
    await stores.start(events=said)
    assert tuple(await events_of(stores)) == said


async def test_events_and_deltas_come_in_order(stores: Stores) -> None:
    await stores.begin()
    epoch = await stores.start(claim_as="w1", events=(delta("1"), delta("2")))
    claim = RunClaim(THREAD, RUN, epoch)
    await stores.events.publish(claim, [delta("3"), delta("4")])
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, events=(delta("5"),)))
    await stores.events.publish(claim, [])
    log = await stores.events.read(THREAD, RUN, "0", 0)
    assert [one.event for one in log] == [delta(text) for text in "12345"]
    assert await events_of(stores, log[2].sequence) == [delta("4"), delta("5")]
    assert await events_of(stores, log[-1].sequence) == []


async def test_deltas_of_a_lost_claim_are_refused(stores: Stores) -> None:
    await stores.begin()
    epoch = await stores.start(claim_as="w1")
    await stores.run_out()
    claim = await stores.claim("w2")
    with pytest.raises(ClaimLost):
        await stores.events.publish(RunClaim(THREAD, RUN, epoch), [delta("late")])
    await stores.events.publish(claim, [delta("new")])
    assert await events_of(stores) == [delta("new")]
    await stores.threads.commit(Change(thread_id=THREAD, run_id=RUN, deactivate=True))
    with pytest.raises(ClaimLost):
        await stores.events.publish(claim, [delta("after the end")])


async def test_a_reader_waits_for_the_first_event(stores: Stores) -> None:
    await stores.begin()
    reading = asyncio.create_task(stores.events.read(THREAD, RUN, "0", LONG_S))
    await asyncio.sleep(0.02)
    assert not reading.done()
    await stores.start(events=(delta("a"),))
    found = await asyncio.wait_for(reading, PATIENCE_S)
    assert [one.event for one in found] == [delta("a")]


async def test_a_reader_waits_no_longer_than_told(stores: Stores) -> None:
    await stores.begin()
    assert await stores.events.read(THREAD, RUN, "0", 0.02) == []
    assert await stores.events.read("thread_x", "run:x", "0", 0) == []


async def test_a_reader_that_gives_up_takes_nothing_along(stores: Stores) -> None:
    await stores.begin()
    reading = asyncio.create_task(stores.events.read(THREAD, RUN, "0", LONG_S))
    await asyncio.sleep(0.02)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await stores.start(events=(delta("a"),))
    assert await events_of(stores) == [delta("a")]


async def test_a_writer_hears_whether_anybody_waits_for_its_log(stores: Stores) -> None:
    """Looking without waiting is no following, and another Run's reader does not count."""
    await stores.begin()
    epoch = await stores.start(claim_as="w1")
    claim = RunClaim(THREAD, RUN, epoch)
    await stores.events.read(THREAD, RUN, "0", 0)
    await stores.events.read(THREAD, "run_other", "0", 0.01)
    assert await stores.events.publish(claim, [delta("1")]) is False
    await stores.events.read(THREAD, RUN, "0", LONG_S)
    assert await stores.events.publish(claim, [delta("2")]) is True
    assert await events_of(stores) == [delta("1"), delta("2")]


async def test_requests_to_stop_reach_every_listener(stores: Stores) -> None:
    listeners = [stores.events.cancel_requests() for _ in range(2)]

    async def first(listener: AsyncIterator[str]) -> str:
        return await anext(listener)

    heard = [asyncio.create_task(first(listener)) for listener in listeners]
    while not all(one.done() for one in heard):  # what is asked before it listens is not heard
        await stores.events.request_cancel(THREAD, RUN)
        await asyncio.wait(heard, timeout=0.02)
    assert [one.result() for one in heard] == [RUN, RUN]


# ---------------------------------------------------------------------------- Redis alone


async def test_many_readers_leave_connections_to_others(chat_server: Server) -> None:
    """Two wait where two may block; forty more are served all the same, and other commands too."""
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client, blocking=2) as stores:
        await stores.begin()

        def follow(run_id: str, after: str = "0") -> asyncio.Task[list[LoggedEvent]]:
            return asyncio.create_task(stores.events.read(THREAD, run_id, after, LONG_S))

        silent = [follow("run_silent") for _ in range(2)]
        commands: Any = client
        while (await commands.info("clients"))["blocked_clients"] < 2:
            await asyncio.sleep(0.01)
        claim = RunClaim(THREAD, RUN, await stores.start(claim_as="w1"))
        after = "0"
        for attempt in range(5):  # a machine that stands still proves nothing: another time
            begun = time.monotonic()
            readers = [follow(RUN, after) for _ in range(40)]
            await stores.events.publish(claim, [delta(str(attempt))])
            for found in await asyncio.gather(*readers):
                assert [one.event for one in found] == [delta(str(attempt))]
                after = found[-1].sequence
            # Before one of the two is through with its first blocking read.
            if time.monotonic() - begun < LONGEST_BLOCK_S - 1:
                break
        else:
            pytest.fail("readers were served only when others were through with waiting")
        for one in silent:
            one.cancel()
        await asyncio.gather(*silent, return_exceptions=True)


async def test_sequences_show_what_a_log_has_dropped(stores: Stores) -> None:
    """They count without a gap, so a follower whose next one is missing knows."""
    await stores.begin()
    epoch = await stores.start(claim_as="w1")
    claim = RunClaim(THREAD, RUN, epoch)
    many = [delta(str(number)) for number in range(500)]
    for _ in range(LOG_LENGTH // 500 + 2):
        await stores.events.publish(claim, many)
    first = (await stores.events.read(THREAD, RUN, "0", 0))[0]
    assert int(first.sequence) > 500
    last = await read_to_the_end(stores, first)
    assert int(last.sequence) == LOG_LENGTH + 1000


async def read_to_the_end(stores: Stores, first: LoggedEvent) -> LoggedEvent:
    last = first
    while found := await stores.events.read(THREAD, RUN, last.sequence, 0):
        numbers = [int(one.sequence) for one in found]
        assert numbers == list(range(int(last.sequence) + 1, numbers[-1] + 1))
        last = found[-1]
    return last


async def test_a_reader_s_mark_lasts_half_a_minute(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client) as stores:
        mark = f"{keys.base('t', 0)}thread:{THREAD}:reader:{RUN}"
        await stores.begin()
        await stores.events.read(THREAD, RUN, "0", 0.01)
        commands: Any = client
        assert 20 < await commands.ttl(mark) <= 30


async def test_a_log_goes_an_hour_after_the_end(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    async with redis_client(chat_server.url) as client, stores_on(client) as stores:
        log = f"{keys.base('t', 0)}thread:{THREAD}:log:{RUN}"
        await stores.begin()
        await stores.start(events=(delta("a"),))
        commands: Any = client
        assert 3600 < await commands.ttl(log) <= 24 * 3600
        await stores.threads.commit(
            Change(thread_id=THREAD, run_id=RUN, events=(delta("b"),), deactivate=True)
        )
        assert 0 < await commands.ttl(log) <= 3600


async def test_what_is_no_sequence_is_refused(chat_server: Server) -> None:
    async with redis_client(chat_server.url) as client:
        events = RedisRunEvents(client, 1, RandomIds())
        for wrong in ("", "$", "-1", "1-0", "x"):
            with pytest.raises(InvalidRequest):
                await events.read(THREAD, RUN, wrong, 0)
