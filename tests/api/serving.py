"""A whole server for the API's tests: engine, real Redis, scripted model, uvicorn, real client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI
from starlette.applications import Starlette

from adapters.blobs.local import LocalBlobs
from adapters.http.app import Mounted, create_app
from adapters.http.reading import Limits
from adapters.redis.connection import Client, connect
from adapters.redis.events import RedisRunEvents
from adapters.redis.objects import RedisObjectStore
from adapters.redis.runs import RedisRunQueue
from adapters.redis.threads import RedisThreadStore
from adapters.redis.vector_places import RedisFilePlaces, RedisPreparedIndex
from adapters.redis.vector_queue import RedisIndexQueue
from adapters.redis.vector_stores import RedisVectorStores
from bots.wiring.serve import serving
from core.clock import Clock, SystemClock
from core.engine.executor import Executor
from core.engine.live import Live
from core.engine.models import Catalogue, Endpoint, Slots
from core.engine.service.engine import Engine
from core.engine.service.file_search import StoresForRuns
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.indexing import Indexer
from core.engine.vectors.parts import VectorParts
from core.engine.worker import Worker
from core.ids import RandomIds
from tests.api.page import Asked
from tests.api.schema import Schema
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.retrieval import MemoryRetrieval
from tests.fakes.scripted_model import ScriptedModel

ASKED: list[Asked] = []
"""Every request of the two clients since the current test began."""

BETA = {"OpenAI-Beta": "assistants=v2"}
KEY = "sk-test"

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}


def wire(value: Any) -> Any:
    """What the official client was sent, of one of its objects."""
    return value.to_dict()


@dataclass
class Served:
    """A server that runs, and two clients of it."""

    url: str
    app: Starlette
    engine: Engine
    model: ScriptedModel
    interpreter: ScriptedInterpreter
    retrieval: MemoryRetrieval
    store: Client
    client: AsyncOpenAI
    """The official client. It refuses answers that are not as its types have them."""
    http: httpx2.AsyncClient
    """A plain one, with `/v1` and the beta header."""

    async def assistant(self, **values: Any) -> str:
        """The id of a new Assistant."""
        given: dict[str, Any] = {"model": "m-1", "instructions": "Be brief."} | values
        made = await self.client.beta.assistants.create(**given)
        return made.id

    async def thread(self, *texts: str) -> str:
        """The id of a new Thread in which a user said this."""
        made = await self.client.beta.threads.create(
            messages=[{"role": "user", "content": text} for text in texts]
        )
        return made.id


@asynccontextmanager
async def engine_on(
    client: Client,
    folder: Path,
    model: ScriptedModel,
    interpreter: ScriptedInterpreter,
    *,
    retrieval: MemoryRetrieval | None = None,
    executes: bool = True,
    run_ttl_s: int = 600,
) -> AsyncIterator[Engine]:
    """The engine of one process on a store; without `executes`, one that only serves."""
    clock, ids = SystemClock(), RandomIds()
    async with AsyncExitStack() as stack:
        threads = RedisThreadStore(client, 1, ids, lease_ms=60_000)
        objects = RedisObjectStore(client, 1)
        events = RedisRunEvents(client, 1, ids)
        stack.push_async_callback(events.aclose)
        queue = RedisRunQueue(client, 1, lease_ms=60_000)
        stack.push_async_callback(queue.aclose)
        blobs = LocalBlobs(folder / "blobs", clock, ids)
        live, slots = Live(), Slots(8)
        catalogue = Catalogue(
            endpoint="here", default="m-1", facts=(), aliases=(), clock=clock, served=("m-1",),
            window=100_000,
        )  # fmt: skip
        retrieval = retrieval or MemoryRetrieval(blobs)
        vectors = RedisVectorStores(client, 1)
        stores = VectorStores(
            VectorParts(
                stores=vectors, entries=vectors, batches=vectors,
                places=RedisFilePlaces(client, 1), objects=objects, blobs=blobs,
                retrieval=retrieval, clock=clock, ids=ids,
            )
        )  # fmt: skip
        worker: Worker | None = None
        if executes:
            indexing = RedisIndexQueue(client, 1, lease_ms=60_000)
            stack.push_async_callback(indexing.aclose)
            await stack.enter_async_context(
                Indexer(
                    owner="w1", queue=indexing, objects=objects, blobs=blobs,
                    prepared=RedisPreparedIndex(client, 1), retrieval=retrieval, clock=clock,
                    lease_s=60,
                )
            )  # fmt: skip
            executor = Executor(
                threads=threads, objects=objects, blobs=blobs, events=events, queue=queue,
                endpoints={"here": Endpoint(model, slots)}, catalogue=catalogue,
                interpreter=interpreter, search=StoresForRuns(stores, clock), live=live,
                clock=clock, ids=ids,
            )  # fmt: skip
            worker = await stack.enter_async_context(
                Worker(
                    owner="w1", executor=executor, threads=threads, events=events, queue=queue,
                    slots=(slots,), clock=clock, lease_s=60, grace_s=0,
                )
            )  # fmt: skip
        yield Engine(
            threads=threads, objects=objects, blobs=blobs, events=events, live=live, clock=clock,
            ids=ids, executors=worker, interpreter=interpreter, run_ttl_s=run_ttl_s,
            vector_stores=stores,
        )  # fmt: skip


@asynccontextmanager
async def served(
    redis_url: str,
    folder: Path,
    *,
    keys: tuple[str, ...] = (),
    apart: bool = False,
    clock: Clock | None = None,
    mounts: Sequence[Mounted] = (),
    limits: Limits | None = None,
    schema: Schema | None = None,
    ready: Any = None,
    model: ScriptedModel | None = None,
    **engine_options: Any,
) -> AsyncIterator[Served]:
    """A server on loopback, over the real network stack."""
    model, interpreter = model or ScriptedModel(), ScriptedInterpreter()
    retrieval = MemoryRetrieval(LocalBlobs(folder / "blobs", SystemClock(), RandomIds()))
    async with AsyncExitStack() as stack:
        store = await connect(redis_url, SystemClock())
        stack.push_async_callback(store.aclose)
        engine = await stack.enter_async_context(
            engine_on(store, folder, model, interpreter, retrieval=retrieval, **engine_options)
        )
        app = create_app(
            engine,
            keys=keys,
            apart=apart,
            clock=clock or SystemClock(),
            ids=RandomIds(),
            ready=ready,
            mounts=mounts,
            limits=limits,
        )
        url = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        # Nothing here is encrypted, and reading all authorities takes a twentieth of a second.
        hooks: dict[str, list[Any]] = {"response": [_note, *([schema.check] if schema else [])]}
        inner = await stack.enter_async_context(httpx2.AsyncClient(event_hooks=hooks, verify=False))
        client = AsyncOpenAI(
            base_url=f"{url}/v1",
            api_key=keys[0] if keys else KEY,
            http_client=inner,
            max_retries=0,
            _strict_response_validation=True,
        )
        http = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=f"{url}/v1", headers=BETA, event_hooks=hooks, verify=False)
        )
        yield Served(url, app, engine, model, interpreter, retrieval, store, client, http)


async def _note(response: httpx2.Response) -> None:
    url = response.request.url
    ASKED.append(Asked(response.request.method, url.path, url.query.decode(), response.status_code))
