"""`Customs` on the Redis protocol: a hash a home, and the homes of an account by revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.customs import MOST, Changed
from core.errors import InvalidRequest

_PUT = Script(
    f"""
-- ARGV: account, home, then field and value each ('' takes it back). Answers 0 when it is too much.
local order = KEYS[1] .. 'customs:' .. ARGV[1]
local home = KEYS[1] .. 'custom:' .. ARGV[1] .. '/' .. ARGV[2]
local more = 0
for at = 3, #ARGV, 2 do
  if ARGV[at + 1] ~= '' and redis.call('HEXISTS', home, ARGV[at]) == 0 then more = more + 1 end
end
if more > 0 and redis.call('HLEN', home) + more > {MOST} then return 0 end
for at = 3, #ARGV, 2 do
  if ARGV[at + 1] == '' then redis.call('HDEL', home, ARGV[at])
  else redis.call('HSET', home, ARGV[at], ARGV[at + 1]) end
end
local newest = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')
redis.call('ZADD', order, (tonumber(newest[2]) or 0) + 1, ARGV[2])
return 1
"""
)

_SINCE = Script(
    """
-- ARGV: account, revision, limit. Answers the newest revision, and home, revision, fields of each.
local order = KEYS[1] .. 'customs:' .. ARGV[1]
local newest = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')
local answer = {newest[2] or '0'}
local found = redis.call('ZRANGEBYSCORE', order, '(' .. ARGV[2], '+inf', 'WITHSCORES',
  'LIMIT', 0, ARGV[3])
for at = 1, #found, 2 do
  local home = KEYS[1] .. 'custom:' .. ARGV[1] .. '/' .. found[at]
  answer[#answer + 1] = {found[at], found[at + 1], redis.call('HGETALL', home)}
end
return answer
"""
)


class RedisCustoms:
    """What moderators have set.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def put(
        self, account: str, home: str, place: str, values: Mapping[str, str | None]
    ) -> None:
        fields = [
            word for name, value in values.items() for word in (f"{place}/{name}", value or "")
        ]
        if await _PUT(self._client, [self._base(account)], [account, home, *fields]) == 0:
            raise InvalidRequest(
                f"More than {MOST:,} settings in one place are not kept; take some back first."
            )

    async def since(self, account: str, revision: int, limit: int) -> tuple[int, list[Changed]]:
        newest, *found = await _SINCE(
            self._client, [self._base(account)], [account, revision, limit]
        )
        changed: list[Changed] = []
        for home, number, flat in found:
            values: dict[str, dict[str, str]] = defaultdict(dict)
            for field, value in zip(flat[::2], flat[1::2], strict=True):
                place, _, name = field.decode().rpartition("/")
                values[place][name] = value.decode()
            changed.append(Changed(home.decode(), int(number), dict(values)))
        return int(newest), changed

    def _base(self, account: str) -> str:
        return keys.base("c", keys.partition(account, self._partitions))
