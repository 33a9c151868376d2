"""What the contract tests of the engine's stores share: the ports on one store, and objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.redis import keys
from adapters.redis.connection import Client, connect
from adapters.redis.events import RedisRunEvents
from adapters.redis.objects import RedisObjectStore
from adapters.redis.runs import RedisRunQueue
from adapters.redis.threads import RedisThreadStore
from core.assistants import (
    Message,
    MessageDelta,
    Run,
    RunStep,
    StreamEvent,
    Thread,
    text_part,
)
from core.clock import SystemClock
from core.engine.ports import ObjectStore, RunEvents, RunQueue, ThreadStore
from core.engine.records import Absent, Change, RunClaim, RunRecord, ThreadRecord
from core.ids import RandomIds
from tests.contracts.key_leaks import assert_no_leaks
from tests.fakes.memory_store import MemoryStore

LEASE_MS = 60_000
"""Longer than any test: what shall run out is made to."""

THREAD = "thread_a"
RUN = "run_a"

KEPT_MS = 60_000
"""Longer than any test as well."""


@dataclass
class Stores:
    """The engine's storage ports on one empty store."""

    threads: ThreadStore
    objects: ObjectStore
    queue: RunQueue
    events: RunEvents
    run_out: Callable[[], Awaitable[Any]]
    """Lets every lease run out now; no clock is waited for."""
    let_go: Callable[[], Awaitable[Any]]
    """Whatever is kept for somebody is everybody's now."""

    async def begin(self, *messages: str, thread_id: str = THREAD) -> None:
        """A Thread with these Messages."""
        put = tuple(message(name, thread_id=thread_id) for name in messages)
        await self.threads.commit(
            Change(
                thread_id=thread_id,
                expect=(Absent(),),
                put=(ThreadRecord(thread=Thread(id=thread_id, created_at=1)), *put),
            )
        )

    async def start(self, run_id: str = RUN, thread_id: str = THREAD, **changes: Any) -> int:
        """An active Run that is offered to executors (or claimed, with `claim_as`)."""
        values: dict[str, Any] = {
            "thread_id": thread_id,
            "put": (run(run_id, thread_id=thread_id),),
            "run_id": run_id,
            "activate": True,
            "enqueue": True,
        }
        return await self.threads.commit(Change(**(values | changes)))

    async def claim(self, owner: str = "w1") -> RunClaim:
        """The only Run that waits."""
        (claim,) = await self.queue.claim(owner, 10)
        return claim


BACKENDS = ("standalone", "cluster", "memory")


@asynccontextmanager
async def engine_stores(
    request: pytest.FixtureRequest, *, kept_ms: int = KEPT_MS
) -> AsyncIterator[Stores]:
    """The ports on the backend that `request.param` names, whose keys are checked at the end."""
    if request.param == "memory":
        yield in_memory(kept_ms=kept_ms)
        return
    async with redis_client(redis_url(request)) as client:
        async with stores_on(client, partitions=4, kept_ms=kept_ms) as stores:
            yield stores
        await assert_no_leaks(client)


@asynccontextmanager
async def stores_on(
    client: Client, partitions: int = 1, *, kept_ms: int = KEPT_MS, **events: Any
) -> AsyncIterator[Stores]:
    """The ports on Redis."""
    queue = RedisRunQueue(client, partitions, lease_ms=LEASE_MS)
    log = RedisRunEvents(client, partitions, RandomIds(), **events)
    try:
        yield Stores(
            RedisThreadStore(client, partitions, RandomIds(), lease_ms=LEASE_MS, kept_ms=kept_ms),
            RedisObjectStore(client, partitions),
            queue,
            log,
            lambda: queue.recover(lambda _: True),
            lambda: _let_go(client, partitions),
        )
    finally:
        await queue.aclose()
        await log.aclose()


async def _let_go(client: Client, partitions: int) -> None:
    commands: Any = client
    for number in range(partitions):
        key = f"{keys.base('t', number)}kept"
        for item in await commands.zrange(key, 0, -1):
            await commands.zadd(key, {item: 0})


def in_memory(*, kept_ms: int = KEPT_MS) -> Stores:
    """The ports on the fake that the engine's own tests run on."""
    store = MemoryStore(SystemClock(), lease_s=LEASE_MS / 1000, kept_s=kept_ms / 1000)

    async def run_out() -> None:
        for lease in store.leases.values():
            lease.deadline = 0.0

    async def let_go() -> None:
        for lease in store.leases.values():
            if lease.state == "kept":
                lease.deadline = 0.0

    return Stores(store.threads, store.objects, store.queue, store.events, run_out, let_go)


def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty store of the kind that `request.param` names."""
    if request.param == "cluster":
        cluster = request.getfixturevalue("chat_cluster")
        cluster.flush()
        return cluster.url
    server = request.getfixturevalue("chat_server")
    server.ask("FLUSHALL")
    return server.url


@asynccontextmanager
async def redis_client(url: str) -> AsyncIterator[Client]:
    """A client of its own."""
    client = await connect(url, SystemClock())
    try:
        yield client
    finally:
        await client.aclose()


def message(name: str, *, thread_id: str = THREAD, **changes: Any) -> Message:
    """A Message of the id `name`."""
    values: dict[str, Any] = {
        "id": name,
        "created_at": 1,
        "thread_id": thread_id,
        "role": "user",
        "content": (text_part(f"text of {name}"),),
    }
    return Message(**(values | changes))


def run(
    run_id: str = RUN, *, thread_id: str = THREAD, revision: int = 0, **state: Any
) -> RunRecord:
    """A Run's record."""
    body = Run(id=run_id, created_at=1, thread_id=thread_id, assistant_id="asst_a", model="offline")
    return RunRecord(run=body, revision=revision, state=state)


def step(name: str, run_id: str = RUN, thread_id: str = THREAD) -> RunStep:
    """A Run Step of the id `name`."""
    return RunStep(
        id=name,
        created_at=1,
        assistant_id="asst_a",
        thread_id=thread_id,
        run_id=run_id,
        type="message_creation",
        step_details={"type": "message_creation", "message_creation": {"message_id": "m"}},
    )


def delta(text: str) -> StreamEvent:
    """An event that is told apart by its text."""
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    return StreamEvent("thread.message.delta", MessageDelta(id="m", delta={"content": content}))
