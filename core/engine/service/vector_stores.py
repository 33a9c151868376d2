"""Vector stores: create, read, change, delete; with their files, batches and search.

    vector_stores.files   vector_stores.batches   vector_stores.searching

Which stores a tenant has is a list in the partition of its objects; everything else of a store
lies in the store's own. It is listed first and made then; deleted there first and taken off the
list then. So what a crash leaves is a line without a store, which listing takes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from core import ids as prefixes
from core.assistants import VectorStore
from core.engine.records import Cursor, ObjectRecord, Page
from core.engine.requests import Unset
from core.engine.service.access import kept_page
from core.engine.service.store_files import FileBatches, StoreFiles
from core.engine.service.store_search import FILES_IN_MEMORY, StoreSearch
from core.engine.validation import check_limit, merged_metadata
from core.engine.vectors.checks import FILES_OF_REQUEST, check_store, check_update
from core.engine.vectors.parts import VectorParts, has_expired, store_not_found
from core.engine.vectors.records import NewEntry, StoreRecord, counts_of, shown
from core.engine.vectors.requests import StoreRequest, StoreUpdate
from core.errors import InvalidRequest

_CHANGEABLE: Final = ("name", "description", "metadata", "expires_after")
_BEING_MADE_S: Final = 60.0
"""A listed store that is not there is a leftover when it is older than this."""


class VectorStores:
    """Operations on vector stores. A `tenant` sees its own objects only."""

    def __init__(self, parts: VectorParts, *, files_in_memory: int = FILES_IN_MEMORY) -> None:
        """`files_in_memory`: of how many files searches remember what they need."""
        self._parts = parts
        self.files = StoreFiles(parts)
        self.batches = FileBatches(parts)
        self.searching = StoreSearch(parts, files_in_memory=files_in_memory)

    async def create(
        self, request: StoreRequest, *, tenant: str = "", most_files: int = FILES_OF_REQUEST
    ) -> VectorStore:
        """A new vector store, its files in progress.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: one of the Files is not there.
        """
        check_store(request, most_files=most_files)
        parts = self._parts
        file_ids = tuple(dict.fromkeys(request.file_ids))
        await parts.check_files(file_ids, tenant, param="file_ids")
        now = int(parts.clock.now())
        store = VectorStore(
            id=parts.ids.new(prefixes.VECTOR_STORE),
            created_at=now,
            name=request.name or "",
            description=request.description,
            file_counts=counts_of({}),
            expires_after=request.expires_after,
            last_active_at=now,
            metadata=dict(request.metadata),
        )
        await parts.objects.put(ObjectRecord(value=store, tenant=tenant))
        await parts.stores.create(StoreRecord(store=store, tenant=tenant))
        if not file_ids:
            return shown(store, now)
        entries = [NewEntry(file_id=file_id, chunking=request.chunking) for file_id in file_ids]
        await parts.add(store.id, entries, tenant)
        return await parts.store(store.id, tenant)

    async def take_in(
        self, store: VectorStore, *, tenant: str = "", replaces: bool = False
    ) -> Literal["added", "replaced", "unchanged"]:
        """Keep a store of another service under its own id, without files, as if used just now.

        Raises:
            InvalidRequest: another tenant has a store with that id.
        """
        parts = self._parts
        (known,) = await parts.stores.get(store.id)
        store = replace(store, last_active_at=int(parts.clock.now()))
        if known is None:
            await parts.objects.put(ObjectRecord(value=store, tenant=tenant))
            await parts.stores.create(StoreRecord(store=store, tenant=tenant))
            return "added"
        if known.tenant != tenant:
            raise InvalidRequest(f"{store.id} belongs to another key; nothing of it was taken")
        same = all(getattr(known.store, name) == getattr(store, name) for name in _CHANGEABLE)
        if same or not replaces:
            return "unchanged"
        await parts.stores.update(store)
        return "replaced"

    async def get(self, store_id: str, *, tenant: str = "") -> VectorStore:
        """The vector store. Raises NotFound."""
        return await self._parts.store(store_id, tenant)

    async def list(self, cursor: Cursor, *, tenant: str = "") -> Page[VectorStore]:
        """A part of the list, newest first unless the cursor says otherwise."""
        check_limit(cursor.limit)
        return await kept_page(self._parts.objects, "vector_store", cursor, tenant, self._there)

    async def update(self, store_id: str, request: StoreUpdate, *, tenant: str = "") -> VectorStore:
        """Change what the request names, which makes the store active. One that has expired can be
        renamed and does not come back.

        Raises:
            InvalidRequest: outside the limits, or another end for a store that has expired.
            NotFound: no such vector store.
        """
        check_update(request)
        parts = self._parts
        now = parts.clock.now()
        store = await parts.store(store_id, tenant)
        values: dict[str, Any] = {}
        if not isinstance(request.name, Unset):
            values["name"] = request.name or ""
        if not isinstance(request.metadata, Unset):
            values["metadata"] = merged_metadata(store.metadata, request.metadata)
        if not isinstance(request.expires_after, Unset):
            if store.status == "expired":
                raise has_expired(store_id)
            values["expires_after"] = request.expires_after
        if store.status != "expired":
            values["last_active_at"] = int(now)
        changed = replace(store, **values)
        if not await parts.stores.update(changed):
            raise store_not_found(store_id)
        return shown(changed, now)

    async def delete(self, store_id: str, *, tenant: str = "") -> None:
        """Remove it; its Files stay. Raises NotFound."""
        parts = self._parts
        await parts.record(store_id, tenant)
        file_ids = await parts.stores.delete(store_id)
        if file_ids is None:
            raise store_not_found(store_id)
        await parts.objects.delete("vector_store", store_id, tenant=tenant)
        await parts.places.forget(store_id, file_ids, tenant=tenant)

    async def add_all(
        self, store_id: str, entries: Sequence[NewEntry], *, tenant: str = ""
    ) -> None:
        """Add Files without making a batch of them. Raises NotFound, InvalidRequest."""
        await self._parts.check_files([entry.file_id for entry in entries], tenant)
        await self._parts.add(store_id, entries, tenant)

    async def _there(self, records: Sequence[ObjectRecord]) -> Sequence[VectorStore | None]:
        """The stores of lines of the list; lines without a store are taken away."""
        now = self._parts.clock.now()
        found = await self._parts.stores.get(*(record.value.id for record in records))
        for line, record in zip(records, found, strict=True):
            if record is None and line.value.created_at < now - _BEING_MADE_S:
                await self._parts.objects.delete("vector_store", line.value.id, tenant=line.tenant)
        return [None if record is None else shown(record.store, now) for record in found]
