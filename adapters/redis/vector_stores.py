"""Vector stores in Redis: each change one script call, each page one, each look one.

Where several stores are read, there is one call a partition. Ids that cannot be ids are as good as
absent: keys are built of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

from adapters.redis import keys
from adapters.redis import vector_codec as codec
from adapters.redis import vector_scripts as scripts
from adapters.redis.codec import is_id, plain
from adapters.redis.connection import Client, Script, decode, translate
from adapters.redis.threads_scripts import PAGE
from core.assistants import FilesBatch, VectorStore
from core.engine.records import Cursor, Page
from core.engine.searching import Attributes
from core.engine.vectors.records import (
    FILES_OF_STORE,
    STATUSES,
    EntryRecord,
    FileStatus,
    Look,
    NewEntry,
    Shelved,
    StoreFull,
    StoreGone,
    StoreRecord,
    batch_of,
)

_CREATE = Script(scripts.CREATE)
_READ = Script(scripts.READ)
_UPDATE = Script(scripts.UPDATE)
_DELETE = Script(scripts.DELETE)
_LOOK = Script(scripts.LOOK)
_ADD = Script(scripts.ADD)
_ATTRIBUTES = Script(scripts.ATTRIBUTES)
_REMOVE = Script(scripts.REMOVE)
_CANCEL = Script(scripts.CANCEL)
_PAGE = Script(PAGE)

_AS_THEY_ARE: Final = "-"
_TENANT: Final = 1
"""Its place in a store's fields."""


class RedisVectorStores:
    """`StoreTable`, `EntryTable` and `BatchTable` on the Redis protocol.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._commands: Any = client  # whose types are partly unknown
        self._partitions = partitions

    # ---------------------------------------------------------------- stores

    async def create(self, record: StoreRecord) -> None:
        store = record.store
        document, active, days = codec.encode_store(store)
        args = [store.id, document, plain(record.tenant), active, days]
        await _CREATE(self._client, [self._base(store.id)], args)

    async def get(self, *store_ids: str) -> list[StoreRecord | None]:
        found: dict[str, StoreRecord] = {}
        parts: dict[str, list[str]] = {}
        for store_id in filter(is_id, store_ids):
            parts.setdefault(self._base(store_id), []).append(store_id)

        async def read(base: str, some: list[str]) -> None:
            rows: list[list[bytes | None]] = await _READ(self._client, [base], some)
            for store_id, row in zip(some, rows, strict=True):
                if row[0] is not None:
                    found[store_id] = _record(row)

        await asyncio.gather(*(read(base, some) for base, some in parts.items()))
        return [found.get(store_id) for store_id in store_ids]

    async def update(self, store: VectorStore) -> bool:
        document, active, days = codec.encode_store(store)
        args = [store.id, document, active, days]
        return await _UPDATE(self._client, [self._base(store.id)], args) == 1

    async def delete(self, store_id: str) -> list[str] | None:
        if not is_id(store_id):
            return None
        answer: Any = await _DELETE(self._client, [self._base(store_id)], [store_id])
        return None if answer == 0 else [decode(file_id) for file_id in answer]

    async def look(self, store_id: str, known: int, now: int, *, tenant: str = "") -> Look | None:
        if not is_id(store_id):
            return None
        answer: list[Any] = await _LOOK(
            self._client, [self._base(store_id)], [store_id, known, now, plain(tenant)]
        )
        if not answer:
            return None
        row, version, whole, *values = answer
        changed: dict[str, Shelved | None] = {
            decode(values[at]): codec.decode_shelved(values[at + 1])
            for at in range(0, len(values), 2)
        }
        return Look(record=_record(row), version=int(version), whole=whole == 1, changed=changed)

    # ---------------------------------------------------------------- files

    async def add(
        self,
        store_id: str,
        entries: Sequence[NewEntry],
        *,
        now: int,
        batch_id: str | None = None,
    ) -> None:
        if not is_id(store_id):
            raise StoreGone(store_id)
        args: list[str | int | bytes] = [store_id, now, batch_id or "", FILES_OF_STORE]
        for entry in entries:
            given = entry.attributes
            attributes = _AS_THEY_ARE if given is None else codec.encode_attributes(given)
            args += [entry.file_id, codec.encode_cut(entry.chunking), attributes]
        answer = decode(await _ADD(self._client, [self._base(store_id)], args))
        if answer == "gone":
            raise StoreGone(store_id)
        if answer == "full":
            raise StoreFull(store_id)

    async def files(self, store_id: str, *file_ids: str) -> list[EntryRecord | None]:
        if not is_id(store_id) or not file_ids:
            return [None] * len(file_ids)
        with translate():
            values: list[bytes | None] = await self._commands.hmget(
                f"{self._head(store_id)}:files", file_ids
            )
        return [None if value is None else codec.decode_entry(store_id, value) for value in values]

    async def page(
        self,
        store_id: str,
        cursor: Cursor,
        *,
        status: FileStatus | None = None,
        batch_id: str | None = None,
    ) -> Page[EntryRecord]:
        """A part of a list, with cursors as in `RedisThreadStore.page`."""
        if not is_id(store_id) or not is_id(batch_id or "-"):
            return Page((), has_more=False)
        files = f"store:{store_id}:files"
        lists = files if batch_id is None else f"store:{store_id}:batch:{batch_id}"
        more, *values = await _PAGE(
            self._client,
            [self._base(store_id)],
            [
                files,
                f"{lists}:order",
                cursor.order,
                cursor.limit,
                cursor.after or "",
                cursor.before or "",
                f"{lists}:of",
                status or "",
            ],
        )
        found = [codec.decode_entry(store_id, value) for value in values]
        return Page(tuple(found), has_more=more == 1)

    async def set_attributes(
        self, store_id: str, file_id: str, attributes: Attributes | None
    ) -> bool:
        if not is_id(store_id):
            return False
        args = [store_id, file_id, codec.encode_attributes(attributes)]
        return await _ATTRIBUTES(self._client, [self._base(store_id)], args) == 1

    async def remove(self, store_id: str, file_id: str) -> bool:
        if not is_id(store_id):
            return False
        return await _REMOVE(self._client, [self._base(store_id)], [store_id, file_id]) == 1

    # ---------------------------------------------------------------- batches

    async def batch(self, store_id: str, batch_id: str) -> FilesBatch | None:
        if not is_id(store_id) or not is_id(batch_id):
            return None
        key = f"{self._head(store_id)}:batch:{batch_id}"
        with translate():
            row: list[bytes | None] = await self._commands.hmget(
                key, ["created", "stopped", *STATUSES]
            )
        created, stopped, *counts = row
        if created is None:
            return None
        numbers = {status: int(count or 0) for status, count in zip(STATUSES, counts, strict=True)}
        return batch_of(batch_id, store_id, int(created), numbers, cancelled=stopped is not None)

    async def cancel_batch(self, store_id: str, batch_id: str) -> None:
        if is_id(store_id) and is_id(batch_id):
            await _CANCEL(self._client, [self._base(store_id)], [store_id, batch_id])

    def _base(self, store_id: str) -> str:
        return keys.base("v", keys.partition(store_id, self._partitions))

    def _head(self, store_id: str) -> str:
        return f"{self._base(store_id)}store:{store_id}"


def _record(row: Sequence[bytes | None]) -> StoreRecord:
    return codec.decode_store(row, unquote(decode(row[_TENANT] or b"")))
