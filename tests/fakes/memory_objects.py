"""Assistants, Files and blobs in memory, for tests."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from core.assistants import Assistant, File, VectorStore, from_wire, to_wire
from core.engine.ports import ObjectKind
from core.engine.records import Cursor, ObjectRecord, Page
from core.engine.requests import Readable
from core.errors import NotFound
from tests.fakes.memory_codec import cut_page, paged

_KINDS: dict[ObjectKind, type[Assistant | File | VectorStore]] = {
    "assistant": Assistant,
    "file": File,
    "vector_store": VectorStore,
}


class MemoryObjects:
    """`ObjectStore`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    async def put(self, record: ObjectRecord) -> None:
        await asyncio.sleep(0)
        text = json.dumps({"value": to_wire(record.value), "state": record.state})
        rows = self._rows[record.value.object, record.tenant]
        if not rows.get(record.value.id):
            rows.pop(record.value.id, None)
        rows[record.value.id] = text

    async def get(
        self, kind: ObjectKind, object_id: str, *, tenant: str = ""
    ) -> ObjectRecord | None:
        await asyncio.sleep(0)
        text = self._rows[kind, tenant].get(object_id)
        return self._record(kind, tenant, text) if text else None

    async def get_many(
        self, kind: ObjectKind, object_ids: Sequence[str], *, tenant: str = ""
    ) -> list[ObjectRecord | None]:
        return [await self.get(kind, object_id, tenant=tenant) for object_id in object_ids]

    async def page(
        self, kind: ObjectKind, cursor: Cursor, *, tenant: str = ""
    ) -> Page[ObjectRecord]:
        await asyncio.sleep(0)
        rows = self._rows[kind, tenant]
        there = [i for i in paged(list(rows), cursor) if rows[i]]
        ids, more = cut_page(there, cursor)
        return Page(tuple(self._record(kind, tenant, rows[i]) for i in ids), more)

    async def delete(self, kind: ObjectKind, object_id: str, *, tenant: str = "") -> bool:
        await asyncio.sleep(0)
        rows = self._rows[kind, tenant]
        there = bool(rows.get(object_id))
        if there:
            rows[object_id] = ""  # its place stays
        return there

    def _record(self, kind: ObjectKind, tenant: str, text: str) -> ObjectRecord:
        body = json.loads(text)
        value = from_wire(_KINDS[kind], body["value"])
        return ObjectRecord(value=value, tenant=tenant, state=body["state"])


class MemoryBlobs:
    """`Blobs`."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    async def put(self, data: bytes | Readable) -> str:
        await asyncio.sleep(0)
        if not isinstance(data, bytes):
            data.seek(0)
            data = data.read()
        name = hashlib.sha256(data).hexdigest()
        self.data[name] = data
        return name

    async def get(self, name: str) -> bytes:
        await asyncio.sleep(0)
        try:
            return self.data[name]
        except KeyError:
            raise NotFound(f"There is no blob {name}.") from None

    async def parts(self, name: str) -> AsyncIterator[bytes]:
        data = await self.get(name)
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    async def delete(self, name: str) -> None:
        await asyncio.sleep(0)
        self.data.pop(name, None)
