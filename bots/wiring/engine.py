"""The engine side of a process: stores, interpreter, executor, worker, and the services."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.redis.events import RedisRunEvents
from adapters.redis.objects import RedisObjectStore
from adapters.redis.runs import RedisRunQueue
from adapters.redis.same_store import ensure_same_store
from adapters.redis.threads import RedisThreadStore
from adapters.sandbox.interpreter import SandboxedInterpreter
from bots.wiring.blobs import blob_store
from bots.wiring.search import open_search
from bots.wiring.store import Store
from bots.wiring.sweeping import sweeping
from bots.wiring.vectors import NoRetrieval, indexing, vector_stores
from config.settings import ROOT, Settings
from core.budgets import RunCeiling
from core.clock import Clock
from core.engine.executor import Executor, ExecutorOptions
from core.engine.live import Live
from core.engine.models import Catalogue, Endpoint
from core.engine.ports import Interpreter
from core.engine.service.engine import Engine
from core.engine.service.file_search import StoresForRuns
from core.engine.worker import Worker
from core.errors import StoreUnavailable
from core.ids import Ids

if TYPE_CHECKING:
    from bots.wiring.blobs import BlobStore


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSide:
    """What the engine side offers to the rest of the process."""

    engine: Engine
    interpreter: Interpreter
    ready: Callable[[], Awaitable[None]]
    """Returns if store and blobs can be used; raises what is wrong with them."""


@asynccontextmanager
async def open_engine(
    store: Store,
    settings: Settings,
    catalogue: Catalogue,
    endpoint: Endpoint,
    clock: Clock,
    ids: Ids,
    *,
    owner: str,
    owner_is_gone: Callable[[str], bool],
    interpreter: Interpreter | None = None,
) -> AsyncIterator[EngineSide]:
    """Execute Runs until the block ends; then hand over what is not finished.

    `interpreter` stands in for the sandbox.
    """
    lease_ms = round(settings.bobbin_lease_s * 1000)
    async with AsyncExitStack() as stack:
        threads = RedisThreadStore(
            store.client,
            store.partitions,
            ids,
            lease_ms=lease_ms,
            kept_ms=round(settings.bobbin_home_s * 1000),
        )
        objects = RedisObjectStore(store.client, store.partitions)
        events = RedisRunEvents(store.client, store.partitions, ids)
        stack.push_async_callback(events.aclose)
        queue = RedisRunQueue(
            store.client, store.partitions, lease_ms=lease_ms, is_gone=owner_is_gone
        )
        stack.push_async_callback(queue.aclose)
        blobs = blob_store(settings, clock, ids)
        await ensure_same_store(store.client, await blobs.store_id())
        await stack.enter_async_context(sweeping(store.client, blobs, clock, ids))
        if interpreter is None:
            interpreter = await stack.enter_async_context(
                SandboxedInterpreter(
                    state_dir=settings.bobbin_data_dir / "sandbox",
                    python=Path(sys.executable),
                    clock=clock,
                    hidden=(settings.bobbin_data_dir, ROOT / ".env"),
                )
            )
        retrieval = await stack.enter_async_context(
            open_search(settings, interpreter, blobs, clock)
        )
        await stack.enter_async_context(
            indexing(
                store,
                blobs,
                retrieval,
                clock,
                owner=owner,
                owner_is_gone=owner_is_gone,
                lease_s=settings.bobbin_lease_s,
            )
        )
        stores = vector_stores(store, blobs, retrieval, clock, ids)
        live = Live()
        executor = Executor(
            threads=threads,
            objects=objects,
            blobs=blobs,
            events=events,
            queue=queue,
            endpoints={ENDPOINT: endpoint},
            catalogue=catalogue,
            interpreter=interpreter,
            search=StoresForRuns(stores, clock),
            live=live,
            clock=clock,
            ids=ids,
            options=ExecutorOptions(
                ceiling=RunCeiling(
                    tokens=settings.bobbin_run_tokens,
                    rounds=settings.bobbin_run_rounds,
                    seconds=settings.bobbin_run_seconds,
                ),
                history_tokens=settings.bobbin_history_tokens,
                model_attempts=MODEL_ATTEMPTS,
            ),
        )
        await queue.recover(owner_is_gone)
        worker = await stack.enter_async_context(
            Worker(
                owner=owner,
                executor=executor,
                threads=threads,
                events=events,
                queue=queue,
                slots=(endpoint.slots,),
                clock=clock,
                lease_s=settings.bobbin_lease_s,
                grace_s=5.0,
            )
        )
        engine = Engine(
            threads=threads,
            objects=objects,
            blobs=blobs,
            events=events,
            live=live,
            vector_stores=stores,
            clock=clock,
            ids=ids,
            executors=worker,
            interpreter=interpreter,
            run_ttl_s=settings.bobbin_run_ttl_s,
            models=catalogue,
        )
        yield EngineSide(
            engine=engine, interpreter=interpreter, ready=partial(_ready, store, blobs)
        )


async def _ready(store: Store, blobs: BlobStore) -> None:
    """The store takes a write and knows the blobs that lie here.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused, ConfigurationError: it takes no writes, or the blobs are others.
    """
    try:
        async with asyncio.timeout(READY_S):
            await ensure_same_store(store.client, await blobs.store_id())
    except TimeoutError as error:
        raise StoreUnavailable("the store does not answer") from error


@asynccontextmanager
async def open_services(
    store: Store, settings: Settings, clock: Clock, ids: Ids
) -> AsyncIterator[Engine]:
    """The services alone: no Run is executed by this process."""
    lease_ms = round(settings.bobbin_lease_s * 1000)
    events = RedisRunEvents(store.client, store.partitions, ids)
    blobs = blob_store(settings, clock, ids)
    try:
        yield Engine(
            threads=RedisThreadStore(
                store.client,
                store.partitions,
                ids,
                lease_ms=lease_ms,
                kept_ms=round(settings.bobbin_home_s * 1000),
            ),
            objects=RedisObjectStore(store.client, store.partitions),
            blobs=blobs,
            events=events,
            live=Live(),
            vector_stores=vector_stores(store, blobs, NoRetrieval(), clock, ids),
            clock=clock,
            ids=ids,
            run_ttl_s=settings.bobbin_run_ttl_s,
        )
    finally:
        await events.aclose()


ENDPOINT = "model"
"""The name of the one model endpoint, in catalogue and executor."""

READY_S = 2.0
"""How long the store may take to answer before this process counts as not ready."""

MODEL_ATTEMPTS = 2
"""Tries of one model round, each of which repeats what did not connect: a person shall hear within
seconds that the endpoint is away; the turn goes on trying after that."""
