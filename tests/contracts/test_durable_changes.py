"""What a change is worth when things break: once, and for good."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.engine.records import Absent, Change, Conflict, Epoch, NoActiveRun, RunClaim
from core.errors import StoreError
from tests.contracts.engine_stores import (
    RUN,
    THREAD,
    delta,
    message,
    redis_client,
    run,
    stores_on,
)
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.losing_link import losing_link
from tests.servers import Server, redis_server


async def test_a_change_whose_answer_was_lost_counts_once(chat_server: Server) -> None:
    """The client cannot know whether it arrived and sends it again: no Conflict with itself."""
    chat_server.ask("FLUSHALL")
    assert isinstance(chat_server.address, str)
    async with (
        losing_link(chat_server.address) as link,
        redis_client(link.url) as client,
        stores_on(client) as stores,
    ):
        await stores.begin(thread_id="thread_first")  # from here on the server knows the script
        link.lose_answer_of(b"EVALSHA")
        await stores.begin("m1")
        link.lose_answer_of(b"EVALSHA")
        start = (NoActiveRun(), Absent(run_id=RUN))
        epoch = await stores.start(expect=start, claim_as="w1", events=(delta("a"),))
        link.lose_answer_of(b"EVALSHA")
        end = Change(
            thread_id=THREAD,
            expect=(Epoch(RUN, epoch),),
            put=(run(revision=1),),
            run_id=RUN,
            events=(delta("b"),),
            deactivate=True,
        )
        await stores.threads.commit(end)
        assert link.lost == 3
        log = await stores.events.read(THREAD, RUN, "0", 0)
        assert [one.event for one in log] == [delta("a"), delta("b")]
        with pytest.raises(Conflict):
            await stores.threads.commit(end)


async def test_deltas_whose_answer_was_lost_come_once(chat_server: Server) -> None:
    chat_server.ask("FLUSHALL")
    assert isinstance(chat_server.address, str)
    async with (
        losing_link(chat_server.address) as link,
        redis_client(link.url) as client,
        stores_on(client) as stores,
    ):
        await stores.begin()
        claim = RunClaim(THREAD, RUN, await stores.start(claim_as="w1"))
        await stores.events.publish(claim, [delta("a")])
        link.lose_answer_of(b"EVALSHA")
        await stores.events.publish(claim, [delta("b"), delta("c")])
        await stores.events.publish(claim, [delta("d")])
        assert link.lost == 1
        log = await stores.events.read(THREAD, RUN, "0", 0)
        assert [one.event for one in log] == [delta(text) for text in "abcd"]


async def test_kill_9_of_the_server_loses_no_acknowledged_change(tmp_path: Path) -> None:
    with redis_server(tmp_path, fsync="always") as server:
        async with redis_client(server.url) as client, stores_on(client, partitions=4) as stores:
            acknowledged: dict[str, list[str]] = {}

            async def write(thread_id: str) -> None:
                acknowledged[thread_id] = []
                await stores.begin(thread_id=thread_id)
                for number in range(10_000):
                    name = f"m{number}"
                    put = (message(name, thread_id=thread_id),)
                    await stores.threads.commit(Change(thread_id=thread_id, put=put))
                    acknowledged[thread_id].append(name)

            writers = [asyncio.create_task(write(f"thread_{number}")) for number in range(8)]
            while sum(map(len, acknowledged.values())) < 300:
                await asyncio.sleep(0.01)
            server.kill()
            for writer in writers:
                writer.cancel()
            outcomes = await asyncio.gather(*writers, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError | StoreError) for one in outcomes)
            server.start()
            for thread_id, names in acknowledged.items():
                found = await stores.threads.get(thread_id, "messages", *names)
                assert None not in found
            await assert_no_leaks(client)
