"""What the operations on vector stores work with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.assistants import File, VectorStore
from core.clock import Clock
from core.engine.ports import Blobs, ObjectStore
from core.engine.searching import Retrieval
from core.engine.validation import check_id
from core.engine.vectors.ports import BatchTable, EntryTable, FilePlaces, StoreTable
from core.engine.vectors.records import (
    FILES_OF_STORE,
    NewEntry,
    StoreFull,
    StoreGone,
    StoreRecord,
    shown,
)
from core.errors import InvalidRequest, NotFound
from core.ids import Ids

_AT_ONCE = 250
"""Files that are added in one step: it keeps the store from others for some ten milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorParts:
    """Stores, retrieval, clock and ids, and what every operation begins with."""

    stores: StoreTable
    entries: EntryTable
    batches: BatchTable
    places: FilePlaces
    objects: ObjectStore
    blobs: Blobs
    retrieval: Retrieval
    clock: Clock
    ids: Ids

    async def record(self, store_id: str, tenant: str) -> StoreRecord:
        """The store. Raises NotFound."""
        check_id("vector_store_id", store_id, "vs")
        (record,) = await self.stores.get(store_id)
        if record is None or record.tenant != tenant:
            raise store_not_found(store_id)
        return record

    async def store(self, store_id: str, tenant: str) -> VectorStore:
        """The store as callers see it. Raises NotFound."""
        return shown((await self.record(store_id, tenant)).store, self.clock.now())

    async def living(self, store_id: str, tenant: str) -> VectorStore:
        """The store, which has to be in use still. Raises NotFound, InvalidRequest."""
        store = await self.store(store_id, tenant)
        if store.status == "expired":
            raise has_expired(store_id)
        return store

    async def living_and_files(
        self, store_id: str, file_ids: Sequence[str], tenant: str, *, param: str = "file_id"
    ) -> None:
        """Refuse a store that is not there or has expired, then Files that are not there."""
        for problem in await asyncio.gather(
            self.living(store_id, tenant),
            self.check_files(file_ids, tenant, param=param),
            return_exceptions=True,
        ):
            if isinstance(problem, BaseException):
                raise problem

    async def check_files(
        self, file_ids: Sequence[str], tenant: str, *, param: str = "file_id"
    ) -> None:
        """Refuse ids of Files that are not there, by one look. Raises NotFound."""
        for file_id in file_ids:
            check_id(param, file_id, "file")
        now = self.clock.now()
        records = await self.objects.get_many("file", file_ids, tenant=tenant)
        for file_id, record in zip(file_ids, records, strict=True):
            file = record.value if record else None
            if not isinstance(file, File) or (file.expires_at or now + 1) <= now:
                raise NotFound.object("file", file_id)

    async def add(
        self,
        store_id: str,
        entries: Sequence[NewEntry],
        tenant: str,
        *,
        batch_id: str | None = None,
    ) -> None:
        """Put files that are there into a store that is there.

        Raises:
            NotFound: the store was deleted meanwhile.
            InvalidRequest: they are too many.
        """
        # Noted first: a File that is deleted has to be found in every store that has it.
        await self.places.note(store_id, [entry.file_id for entry in entries], tenant=tenant)
        now = int(self.clock.now())
        try:
            await self._check_room(store_id, entries)
            for start in range(0, len(entries), _AT_ONCE):
                some = entries[start : start + _AT_ONCE]
                await self.entries.add(store_id, some, now=now, batch_id=batch_id)
        except StoreGone as error:
            raise store_not_found(store_id) from error
        except StoreFull as error:
            raise InvalidRequest(
                f"Vector store '{store_id}' would have more than {FILES_OF_STORE} files.",
                code="vector_store_full",
            ) from error

    async def _check_room(self, store_id: str, entries: Sequence[NewEntry]) -> None:
        """Refuse what would end half-way: each step alone is whole. Raises StoreFull, StoreGone."""
        if len(entries) <= _AT_ONCE:
            return
        (record,) = await self.stores.get(store_id)
        if record is None:
            raise StoreGone(store_id)
        there = record.store.file_counts["total"]
        if there + len(entries) > FILES_OF_STORE:
            known = await self.entries.files(store_id, *(entry.file_id for entry in entries))
            if there + sum(one is None for one in known) > FILES_OF_STORE:
                raise StoreFull(store_id)


def store_not_found(store_id: str) -> NotFound:
    """The API's sentence."""
    return NotFound.object("vector store", store_id)


def entry_not_found(store_id: str, file_id: str) -> NotFound:
    """The API's sentence."""
    return NotFound(f"No file found with id '{file_id}' in vector store '{store_id}'.")


def has_expired(store_id: str) -> InvalidRequest:
    """The store is kept, and no longer used."""
    return InvalidRequest(
        f"Vector store '{store_id}' has expired. Its files are still listed: add them to a new "
        "one.",
        param="vector_store_id",
        code="vector_store_expired",
    )
