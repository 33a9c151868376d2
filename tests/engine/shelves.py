"""Vector stores of one process on tables in memory, with an indexer, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core.engine.requests import FileRequest
from core.engine.searching import SearchResult
from core.engine.service.files import Files
from core.engine.service.store_search import FILES_IN_MEMORY
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.indexing import Indexer
from core.engine.vectors.requests import SearchRequest, StoreRequest
from core.ids import RandomIds
from tests.fakes.clock import ManualClock, settled
from tests.fakes.memory_store import MemoryStore
from tests.fakes.memory_vectors import MemoryVectors, memory_vector_stores
from tests.fakes.retrieval import MemoryRetrieval


@dataclass
class Shelves:
    """The services, and what lies below them."""

    clock: ManualClock
    ids: RandomIds
    store: MemoryStore
    tables: MemoryVectors
    retrieval: MemoryRetrieval
    stores: VectorStores
    service: Files
    files: list[str] = field(default_factory=list[str])
    """Ids of the Files of the last `filled`."""
    made: int = 0

    async def file(
        self,
        text: str | bytes,
        *,
        name: str | None = None,
        tenant: str = "",
        expires_after_s: int | None = None,
    ) -> str:
        """The id of a new File; its name counts up."""
        data = text.encode() if isinstance(text, str) else text
        filename = name or f"{self.made}.txt"
        self.made += 1
        request = FileRequest(
            filename=filename, purpose="assistants", data=data, expires_after_s=expires_after_s
        )
        return (await self.service.create(request, tenant=tenant)).id

    async def filled(self, *texts: str, **options: Any) -> str:
        """The id of a store whose files have these texts, indexed."""
        self.files = [
            await self.file(text, name=f"{number}.txt") for number, text in enumerate(texts)
        ]
        request = StoreRequest(file_ids=tuple(self.files), **options)
        store = await self.stores.create(request)
        await settled()
        assert (await self.stores.get(store.id)).status == "completed"
        return store.id

    async def search(self, store_id: str, **options: Any) -> list[SearchResult]:
        """What has `rain` in it."""
        request = SearchRequest(queries=("rain",), **options)
        return await self.stores.searching.search(store_id, request)

    def indexer(self, owner: str = "w1", **options: Any) -> Indexer:
        """Another process's indexer on the same tables."""
        return Indexer(
            owner=owner,
            queue=self.tables,
            objects=self.store.objects,
            blobs=self.store.blobs,
            prepared=self.tables,
            retrieval=self.retrieval,
            clock=self.clock,
            lease_s=self.tables.lease_s,
            **options,
        )


@asynccontextmanager
async def shelves(
    *, indexes: bool = True, files_in_memory: int = FILES_IN_MEMORY
) -> AsyncIterator[Shelves]:
    """One process; without `indexes`, one that only serves."""
    clock, ids = ManualClock(), RandomIds()
    store = MemoryStore(clock)
    retrieval = MemoryRetrieval(store.blobs)
    stores = memory_vector_stores(
        store.vectors, store.objects, store.blobs, ids, retrieval, files_in_memory=files_in_memory
    )
    files = Files(
        objects=store.objects, blobs=store.blobs, shelved=stores.files, clock=clock, ids=ids
    )
    made = Shelves(clock, ids, store, store.vectors, retrieval, stores, files)
    if not indexes:
        yield made
        return
    async with made.indexer():
        yield made
