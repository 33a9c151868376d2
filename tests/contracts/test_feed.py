"""The feed: whatever process answers appends, the one with the screen reads."""

from __future__ import annotations

import asyncio

import pytest

from adapters.redis.feed import FeedLimits
from tests.contracts.chat import Chat, chat_on, place
from tests.patience import PATIENCE_S
from tests.servers import Server

HERE = place("C1")


async def test_entries_are_read_in_order_from_where_one_was(chat: Chat) -> None:
    bodies = [{"n": number, "text": 'ü "\n'} for number in range(3)]
    sequences = [await chat.feed.append(HERE, body) for body in bodies]
    entries = await chat.feed.read(HERE, "0", 0)
    assert [entry.body for entry in entries] == bodies
    assert [entry.sequence for entry in entries] == sequences
    behind = await chat.feed.read(HERE, sequences[0], 0)
    assert [entry.sequence for entry in behind] == sequences[1:]
    assert await chat.feed.read(HERE, sequences[-1], 0) == []
    assert await chat.feed.read(place("C2"), "0", 0) == []


async def test_what_has_a_name_is_added_once(chat: Chat) -> None:
    assert await chat.feed.find(HERE, "part:1") is None
    first = await chat.feed.append(HERE, {"n": 1}, once="part:1")
    assert await chat.feed.append(HERE, {"n": 2}, once="part:1") == first
    assert await chat.feed.find(HERE, "part:1") == first
    assert await chat.feed.append(HERE, {"n": 3}, once="part:2") != first
    await chat.feed.append(place("C2"), {"n": 4}, once="part:1")
    assert [entry.body["n"] for entry in await chat.feed.read(HERE, "0", 0)] == [1, 3]


async def test_a_reader_waits_for_the_first_entry(chat: Chat, chat_url: str) -> None:
    async with chat_on(chat_url, chat.partitions) as writer, asyncio.timeout(PATIENCE_S):
        for number in range(3):  # the first one may still find the subscription on its way
            last = await chat.feed.append(HERE, {"n": number})
            reading = asyncio.create_task(chat.feed.read(HERE, last, 600))
            await asyncio.sleep(0.02)
            assert not reading.done()
            await writer.feed.append(place("C2"), {"n": "elsewhere"})
            await writer.feed.append(HERE, {"n": "here"})
            assert [entry.body["n"] for entry in await reading] == ["here"]


async def test_many_readers_share_one_connection(chat: Chat) -> None:
    async with asyncio.timeout(PATIENCE_S):
        readers = [
            asyncio.create_task(chat.feed.read(place(f"C{number}"), "0", 600))
            for number in range(300)
        ]
        await asyncio.sleep(0)
        for number in range(300):
            await chat.feed.append(place(f"C{number}"), {"n": number})
        found = await asyncio.gather(*readers)
    assert [entries[0].body["n"] for entries in found] == list(range(300))


async def test_a_reader_misses_nothing_when_its_subscription_breaks(
    chat_server: Server,
) -> None:
    chat_server.ask("FLUSHALL")
    never = FeedLimits(look_s=3600)
    async with chat_on(chat_server.url, 1, feed=never) as chat, asyncio.timeout(PATIENCE_S):
        reading = asyncio.create_task(chat.feed.read(HERE, "0", 600))
        while chat_server.ask("PUBSUB NUMPAT") == ":0\r\n":
            await asyncio.sleep(0.01)
        chat_server.ask("CLIENT KILL TYPE pubsub")
        await chat.feed.append(HERE, {"n": 1})
        assert [entry.body["n"] for entry in await reading] == [1]


async def test_a_reader_gives_up_after_its_time(chat: Chat) -> None:
    assert await chat.feed.read(HERE, "0", 0.01) == []


async def test_a_reader_that_leaves_disturbs_nobody(chat: Chat) -> None:
    leaving, staying = (asyncio.create_task(chat.feed.read(HERE, "0", 600)) for _ in range(2))
    await asyncio.sleep(0.02)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    async with asyncio.timeout(PATIENCE_S):
        await chat.feed.append(HERE, {"n": 1})
        assert [entry.body["n"] for entry in await staying] == [1]


async def test_how_far_a_person_was_shown_is_kept_and_never_goes_back(chat: Chat) -> None:
    assert await chat.feed.seen(HERE) == "0"
    first, second = [await chat.feed.append(HERE, {"n": number}) for number in range(2)]
    for mark in (first, second, first, "0"):
        await chat.feed.mark_seen(HERE, mark)
    assert await chat.feed.seen(HERE) == second
    assert await chat.feed.seen(place("C2")) == "0"


@pytest.mark.parametrize(("lower", "higher"), [("9-5", "10-0"), ("10-9", "10-10"), ("0", "0-1")])
async def test_sequences_are_compared_as_numbers(chat: Chat, lower: str, higher: str) -> None:
    await chat.feed.mark_seen(HERE, higher)
    await chat.feed.mark_seen(HERE, lower)
    assert await chat.feed.seen(HERE) == higher


async def test_a_feed_is_capped(chat_url: str) -> None:
    async with chat_on(chat_url, 1, feed=FeedLimits(entries=100, read=150)) as chat:
        last = ""
        for number in range(450):
            last = await chat.feed.append(HERE, {"n": number})
        entries: list[int] = []
        after = "0"
        while found := await chat.feed.read(HERE, after, 0):
            assert len(found) <= 150
            entries += [entry.body["n"] for entry in found]
            after = found[-1].sequence
        assert after == last
        assert 100 <= len(entries) <= 250
        assert entries == list(range(450 - len(entries), 450))
        await chat.check_keys()
