"""Files of vector stores, one by one and in batches: add, read, list, change, take out."""

from __future__ import annotations

import asyncio

from core import ids as prefixes
from core.assistants import FilesBatch, VectorStoreFile
from core.engine.records import Cursor, Page
from core.engine.searching import Attributes
from core.engine.validation import check_id, check_limit
from core.engine.vectors.checks import check_attributes, check_batch, check_entry
from core.engine.vectors.parts import VectorParts, entry_not_found
from core.engine.vectors.records import EntryRecord, FileStatus, NewEntry
from core.engine.vectors.requests import BatchRequest
from core.errors import InvalidRequest, NotFound


class StoreFiles:
    """Operations on the files of a vector store. A `tenant` sees its own objects only."""

    def __init__(self, parts: VectorParts) -> None:
        self._parts = parts

    async def add(self, store_id: str, entry: NewEntry, *, tenant: str = "") -> VectorStoreFile:
        """Add a File; whichever process is free indexes it.

        A File that is there stays, with the attributes that are given; with other chunking, or
        after it failed or was cancelled, it is indexed anew.

        Raises:
            InvalidRequest: outside the limits, or the store has expired or is full.
            NotFound: no such store, or no such File.
        """
        check_entry(entry)
        parts = self._parts
        await parts.living_and_files(store_id, (entry.file_id,), tenant)
        await parts.add(store_id, (entry,), tenant)
        return (await self._entry(store_id, entry.file_id)).file

    async def get(self, store_id: str, file_id: str, *, tenant: str = "") -> VectorStoreFile:
        """The file of the store. Raises NotFound."""
        return (await self._owned(store_id, file_id, tenant)).file

    async def list(
        self,
        store_id: str,
        cursor: Cursor,
        *,
        status: FileStatus | None = None,
        tenant: str = "",
    ) -> Page[VectorStoreFile]:
        """A part of the list, newest first unless the cursor says otherwise. Raises NotFound."""
        check_limit(cursor.limit)
        _, page = await asyncio.gather(
            self._parts.record(store_id, tenant),
            self._parts.entries.page(store_id, cursor, status=status),
        )
        return files_of(page)

    async def update(
        self, store_id: str, file_id: str, attributes: Attributes | None, *, tenant: str = ""
    ) -> VectorStoreFile:
        """Replace the attributes.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such store, or it has no such file.
        """
        check_attributes(attributes)
        await self._owned(store_id, file_id, tenant)
        await self._parts.entries.set_attributes(store_id, file_id, attributes)
        return (await self._entry(store_id, file_id)).file

    async def delete(self, store_id: str, file_id: str, *, tenant: str = "") -> None:
        """Take it out of the store; the File stays. Raises NotFound."""
        await self._owned(store_id, file_id, tenant)
        if not await self._parts.entries.remove(store_id, file_id):
            raise entry_not_found(store_id, file_id)
        await self._parts.places.forget(store_id, (file_id,), tenant=tenant)

    async def content(self, store_id: str, file_id: str, *, tenant: str = "") -> list[str]:
        """What can be searched of it: its passages in order, which overlap as they were cut.

        Raises:
            InvalidRequest: it is not completed.
            NotFound: no such store, or it has no such file.
        """
        entry = await self._owned(store_id, file_id, tenant)
        if entry.blob is None:
            raise InvalidRequest(
                f"File '{file_id}' has no content in vector store '{store_id}': its status is "
                f"'{entry.file.status}'."
            )
        return self._parts.retrieval.passages(await self._parts.blobs.get(entry.blob))

    async def remove_everywhere(self, file_id: str, *, tenant: str = "") -> None:
        """Take a File that is being deleted out of all vector stores."""
        parts = self._parts
        for store_id in await parts.places.stores_of(file_id, tenant=tenant):
            await parts.entries.remove(store_id, file_id)
            await parts.places.forget(store_id, (file_id,), tenant=tenant)

    async def _owned(self, store_id: str, file_id: str, tenant: str) -> EntryRecord:
        check_id("file_id", file_id, "file")
        _, entry = await asyncio.gather(
            self._parts.record(store_id, tenant),
            self._parts.entries.files(store_id, file_id),
        )
        if entry[0] is None:
            raise entry_not_found(store_id, file_id)
        return entry[0]

    async def _entry(self, store_id: str, file_id: str) -> EntryRecord:
        (entry,) = await self._parts.entries.files(store_id, file_id)
        if entry is None:
            raise entry_not_found(store_id, file_id)
        return entry


class FileBatches:
    """Operations on files that are added together. A `tenant` sees its own objects only."""

    def __init__(self, parts: VectorParts) -> None:
        self._parts = parts

    async def create(self, store_id: str, request: BatchRequest, *, tenant: str = "") -> FilesBatch:
        """Add Files; a File that is named twice counts once, as it is named last.

        Raises:
            InvalidRequest: outside the limits, or the store has expired or is full.
            NotFound: no such store, or one of the Files is not there.
        """
        check_batch(request)
        parts = self._parts
        entries = {entry.file_id: entry for entry in request.entries}
        param = "files" if request.param == "files" else "file_ids"
        await parts.living_and_files(store_id, tuple(entries), tenant, param=param)
        batch_id = parts.ids.new(prefixes.BATCH)
        await parts.add(store_id, tuple(entries.values()), tenant, batch_id=batch_id)
        return await self._batch(store_id, batch_id)

    async def get(self, store_id: str, batch_id: str, *, tenant: str = "") -> FilesBatch:
        """The batch, for a week after it was made. Raises NotFound."""
        check_id("batch_id", batch_id, "vsfb")
        await self._parts.record(store_id, tenant)
        return await self._batch(store_id, batch_id)

    async def cancel(self, store_id: str, batch_id: str, *, tenant: str = "") -> FilesBatch:
        """Cancel it: what is completed stays, what is in progress is cancelled.

        Raises:
            InvalidRequest: it is not in progress.
            NotFound: no such store, or no such batch.
        """
        batch = await self.get(store_id, batch_id, tenant=tenant)
        if batch.status != "in_progress":
            raise InvalidRequest(f"Cannot cancel file batch with status '{batch.status}'.")
        await self._parts.batches.cancel_batch(store_id, batch_id)
        return await self._batch(store_id, batch_id)

    async def files(
        self,
        store_id: str,
        batch_id: str,
        cursor: Cursor,
        *,
        status: FileStatus | None = None,
        tenant: str = "",
    ) -> Page[VectorStoreFile]:
        """A part of its list, newest first unless the cursor says otherwise. Raises NotFound."""
        check_limit(cursor.limit)
        await self.get(store_id, batch_id, tenant=tenant)
        return files_of(
            await self._parts.entries.page(store_id, cursor, status=status, batch_id=batch_id)
        )

    async def _batch(self, store_id: str, batch_id: str) -> FilesBatch:
        batch = await self._parts.batches.batch(store_id, batch_id)
        if batch is None:
            raise NotFound.object("file batch", batch_id)
        return batch


def files_of(page: Page[EntryRecord]) -> Page[VectorStoreFile]:
    """The API's objects of a page."""
    return Page(tuple(entry.file for entry in page.data), page.has_more)
