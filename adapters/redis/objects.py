"""Assistants, Files and the list of vector stores in Redis: a hash and a list of each kind for each
tenant.

All of a tenant's objects lie in one partition, so that an object and its place in the list change
in one step. They are few beside Messages: the bytes of Files are blobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from adapters.redis import keys
from adapters.redis.codec import decode_object, encode_object, plain
from adapters.redis.connection import Client, Script, translate
from adapters.redis.threads import fetch_page
from adapters.redis.threads_scripts import GONE_S
from core.engine.ports import ObjectKind
from core.engine.records import Cursor, ObjectRecord, Page

_PUT = Script(
    """
-- ARGV: documents, id, document. A new id goes to the end of the list.
local documents = KEYS[1] .. ARGV[1]
if redis.call('HSET', documents, ARGV[2], ARGV[3]) == 1 then
  redis.call('ZADD', documents .. ':order', redis.call('INCR', KEYS[1] .. 'seq'), ARGV[2])
end
return 1
"""
)

_DELETE = Script(
    """
-- ARGV: documents, id, how long its place is remembered (s). Answers whether it was there.
local order = KEYS[1] .. ARGV[1] .. ':order'
local place = redis.call('ZSCORE', order, ARGV[2])
if place then redis.call('SET', order .. ':gone:' .. ARGV[2], place, 'EX', ARGV[3]) end
redis.call('ZREM', order, ARGV[2])
return redis.call('HDEL', KEYS[1] .. ARGV[1], ARGV[2])
"""
)


class RedisObjectStore:
    """`ObjectStore` on the Redis protocol.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def put(self, record: ObjectRecord) -> None:
        base, documents = self._place(cast("ObjectKind", record.value.object), record.tenant)
        await _PUT(self._client, [base], [documents, record.value.id, encode_object(record)])

    async def get(
        self, kind: ObjectKind, object_id: str, *, tenant: str = ""
    ) -> ObjectRecord | None:
        base, documents = self._place(kind, tenant)
        with translate():
            value = await self._client.hget(base + documents, object_id)
        return None if value is None else decode_object(kind, tenant, cast("bytes", value))

    async def get_many(
        self, kind: ObjectKind, object_ids: Sequence[str], *, tenant: str = ""
    ) -> list[ObjectRecord | None]:
        if not object_ids:
            return []
        base, documents = self._place(kind, tenant)
        with translate():
            values = await self._client.hmget(base + documents, list(object_ids))
        return [
            None if value is None else decode_object(kind, tenant, value)
            for value in cast("list[bytes | None]", values)
        ]

    async def page(
        self, kind: ObjectKind, cursor: Cursor, *, tenant: str = ""
    ) -> Page[ObjectRecord]:
        """A part of a tenant's list, with cursors as in `RedisThreadStore.page`.

        `limit` may be up to 10,000 here (the API's for Files).
        """
        base, documents = self._place(kind, tenant)
        more, *values = await fetch_page(
            self._client, base, documents, f"{documents}:order", cursor
        )
        found = (decode_object(kind, tenant, value) for value in values)
        return Page(tuple(found), has_more=more == 1)

    async def delete(self, kind: ObjectKind, object_id: str, *, tenant: str = "") -> bool:
        base, documents = self._place(kind, tenant)
        return await _DELETE(self._client, [base], [documents, object_id, GONE_S]) == 1

    def _place(self, kind: ObjectKind, tenant: str) -> tuple[str, str]:
        base = keys.base("o", keys.partition(tenant, self._partitions))
        return base, f"{kind}:{plain(tenant)}"
