"""In which vector stores a File is, and which blob has what its bytes gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.redis import keys
from adapters.redis.codec import is_id, plain
from adapters.redis.connection import Client, Script, decode, translate
from core.engine.vectors.records import PreparedBlob

PREPARED_TTL_S: Final = 30 * 24 * 3600

_NOTE = Script(
    """
-- ARGV: what the keys of the tenant's files begin with, command, store, files.
for i = 4, #ARGV do redis.call(ARGV[2], KEYS[1] .. ARGV[1] .. ARGV[i], ARGV[3]) end
return 1
"""
)


class RedisFilePlaces:
    """`FilePlaces` on the Redis protocol: in the partition of the tenant's Files.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._commands: Any = client  # whose types are partly unknown
        self._partitions = partitions

    async def note(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        await self._move("SADD", store_id, file_ids, tenant)

    async def forget(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        await self._move("SREM", store_id, file_ids, tenant)

    async def stores_of(self, file_id: str, *, tenant: str = "") -> list[str]:
        if not is_id(file_id):
            return []
        with translate():
            found: set[bytes] = await self._commands.smembers(
                f"{self._base(tenant)}{_prefix(tenant)}{file_id}"
            )
        return sorted(map(decode, found))

    async def _move(
        self, command: str, store_id: str, file_ids: Sequence[str], tenant: str
    ) -> None:
        some = list(filter(is_id, file_ids))
        if some:
            args = [_prefix(tenant), command, store_id, *some]
            await _NOTE(self._client, [self._base(tenant)], args)

    def _base(self, tenant: str) -> str:
        return keys.base("o", keys.partition(tenant, self._partitions))


class RedisPreparedIndex:
    """`PreparedIndex` on the Redis protocol.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._commands: Any = client  # whose types are partly unknown
        self._partitions = partitions

    async def find(self, key: str) -> PreparedBlob | None:
        with translate():
            value: bytes | None = await self._commands.getex(self._key(key), ex=PREPARED_TTL_S)
        if value is None:
            return None
        blob, _, size = decode(value).partition(" ")
        return PreparedBlob(blob, int(size))

    async def remember(self, key: str, prepared: PreparedBlob) -> None:
        value = f"{prepared.blob} {prepared.size}"
        with translate():
            await self._commands.set(self._key(key), value, ex=PREPARED_TTL_S)

    def _key(self, key: str) -> str:
        return f"{keys.base('v', keys.partition(key, self._partitions))}prepared:{key}"


def _prefix(tenant: str) -> str:
    return f"shelved:{plain(tenant)}:"
