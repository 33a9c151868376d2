"""Files: keep, read, list, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from core import ids as prefixes
from core.assistants import File
from core.clock import Clock
from core.engine.ports import Blobs, ObjectStore
from core.engine.records import Cursor, ObjectRecord, Page
from core.engine.requests import FileOnDisk, FileRequest
from core.engine.service.access import file_record, kept_page, living_file
from core.engine.service.store_files import StoreFiles
from core.errors import NotFound
from core.ids import Ids


class Files:
    """Operations on Files. A `tenant` sees its own objects only.

    The bytes are stored before anything names them, so a File always has its bytes; a blob that a
    crash left without a File is swept by age.
    """

    def __init__(
        self, *, objects: ObjectStore, blobs: Blobs, shelved: StoreFiles, clock: Clock, ids: Ids
    ) -> None:
        self._objects = objects
        self._blobs = blobs
        self._shelved = shelved
        self._clock = clock
        self._ids = ids

    async def create(self, request: FileRequest, *, tenant: str = "") -> File:
        """Keep the bytes under a new id."""
        data = request.data
        size = data.size if isinstance(data, FileOnDisk) else len(data)
        blob = await self._blobs.put(data.file if isinstance(data, FileOnDisk) else data)
        now = int(self._clock.now())
        after_s = request.expires_after_s
        file = File(
            id=self._ids.new(prefixes.FILE),
            bytes=size,
            created_at=now,
            expires_at=None if after_s is None else now + after_s,
            filename=request.filename,
            purpose=request.purpose,
        )
        await self._objects.put(ObjectRecord(value=file, tenant=tenant, state={"blob": blob}))
        return file

    async def get(self, file_id: str, *, tenant: str = "") -> File:
        """What is known of it. Raises NotFound."""
        return (await file_record(self._objects, file_id, tenant, self._clock.now()))[1]

    async def content(self, file_id: str, *, tenant: str = "") -> bytes:
        """Its bytes. Raises NotFound."""
        record, _ = await file_record(self._objects, file_id, tenant, self._clock.now())
        return await self._blobs.get(record.state["blob"])

    async def stream(self, file_id: str, *, tenant: str = "") -> tuple[File, AsyncIterator[bytes]]:
        """What is known of it, and its bytes a piece at a time. Raises NotFound."""
        record, file = await file_record(self._objects, file_id, tenant, self._clock.now())
        return file, self._blobs.parts(record.state["blob"])

    async def list(self, cursor: Cursor, *, tenant: str = "") -> Page[File]:
        """A part of the list, newest first unless the cursor says otherwise."""
        now = self._clock.now()

        async def there(records: Sequence[ObjectRecord]) -> Sequence[File | None]:
            return [living_file(record, now) for record in records]

        return await kept_page(self._objects, "file", cursor, tenant, there)

    async def delete(self, file_id: str, *, tenant: str = "") -> None:
        """Remove it, also from every vector store; `tool_resources` are read without it. Its bytes
        go with the sweep of blobs, if no other File has the same.

        Raises:
            NotFound: there is no such File.
        """
        await file_record(self._objects, file_id, tenant, self._clock.now())
        await self._shelved.remove_everywhere(file_id, tenant=tenant)
        if not await self._objects.delete("file", file_id, tenant=tenant):
            raise NotFound.object("file", file_id)
        # Again: it may have been added while it was still there.
        await self._shelved.remove_everywhere(file_id, tenant=tenant)
