"""`Kinds` on the Redis protocol: one hash an ear."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.redis import keys
from adapters.redis.connection import Client, Script

_DAY_MS = 86_400_000

_HEARD = Script(
    f"""
-- ARGV: ear, then kind and second of each.
local heard = KEYS[1] .. 'heard:' .. ARGV[1]
for place = 2, #ARGV, 2 do redis.call('HSET', heard, ARGV[place], ARGV[place + 1]) end
redis.call('PEXPIRE', heard, {30 * _DAY_MS})
return 1
"""
)

_KINDS = Script("return redis.call('HGETALL', KEYS[1] .. 'heard:' .. ARGV[1])")


class RedisKinds:
    """Which kinds of events came last when.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def heard(self, ear: str, kinds: Mapping[str, float]) -> None:
        pairs = [part for kind, at in kinds.items() for part in (kind, int(at))]
        await _HEARD(self._client, [self._base(ear)], [ear, *pairs])

    async def kinds(self, ear: str) -> dict[str, float]:
        found = await _KINDS(self._client, [self._base(ear)], [ear])
        pairs = zip(found[::2], found[1::2], strict=True)
        return {kind.decode(): float(at) for kind, at in pairs}

    def _base(self, ear: str) -> str:
        return keys.base("c", keys.partition(ear, self._partitions))
