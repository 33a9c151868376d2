"""Vector stores of a process: their tables in Redis, the operations, and the indexing of files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

from adapters.redis.objects import RedisObjectStore
from adapters.redis.vector_places import RedisFilePlaces, RedisPreparedIndex
from adapters.redis.vector_queue import RedisIndexQueue
from adapters.redis.vector_stores import RedisVectorStores
from bots.wiring.store import Store
from core.clock import Clock
from core.engine.ports import Blobs
from core.engine.searching import Chunking, Library, Passage, Prepared, Question, Retrieval
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.indexing import Indexer
from core.engine.vectors.parts import VectorParts
from core.errors import ConfigurationError
from core.ids import Ids


def vector_stores(
    store: Store, blobs: Blobs, retrieval: Retrieval, clock: Clock, ids: Ids
) -> VectorStores:
    """The operations on vector stores."""
    tables = RedisVectorStores(store.client, store.partitions)
    return VectorStores(
        VectorParts(
            stores=tables,
            entries=tables,
            batches=tables,
            places=RedisFilePlaces(store.client, store.partitions),
            objects=RedisObjectStore(store.client, store.partitions),
            blobs=blobs,
            retrieval=retrieval,
            clock=clock,
            ids=ids,
        )
    )


@asynccontextmanager
async def indexing(
    store: Store,
    blobs: Blobs,
    retrieval: Retrieval,
    clock: Clock,
    *,
    owner: str,
    owner_is_gone: Callable[[str], bool],
    lease_s: float,
) -> AsyncIterator[None]:
    """Index files of vector stores until the block ends; then hand over what is not finished."""
    queue = RedisIndexQueue(store.client, store.partitions, lease_ms=round(lease_s * 1000))
    try:
        await queue.recover(owner_is_gone)
        async with Indexer(
            owner=owner,
            queue=queue,
            objects=RedisObjectStore(store.client, store.partitions),
            blobs=blobs,
            prepared=RedisPreparedIndex(store.client, store.partitions),
            retrieval=retrieval,
            clock=clock,
            lease_s=lease_s,
        ):
            yield
    finally:
        await queue.aclose()


class NoRetrieval:
    """`Retrieval` of a process that neither indexes nor searches: a command of an operator."""

    recipe = "none"

    async def prepare(self, filename: str, data: bytes, chunking: Chunking) -> Prepared:
        del filename, data, chunking
        _refuse()

    def passages(self, data: bytes) -> list[str]:
        del data
        _refuse()

    async def search(self, libraries: Sequence[Library], question: Question) -> list[Passage]:
        del libraries, question
        _refuse()


def _refuse() -> NoReturn:
    raise ConfigurationError("this command cannot search files: `bobbin run` and `bobbin api` can")
