"""`Accounts` on the Redis protocol: a hash a day for each person, and their own conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from core.chat.messages import ConversationKey
from core.chat.people import Spent, Used

_DAY_S: Final = 86_400
_FIELDS: Final = ("answers", "read", "written", "micros")

_NOTE = Script(
    f"""
-- ARGV: person, conversation or '', Run or '', day, read, written, micros.
local person, run = ARGV[1], ARGV[3]
if ARGV[2] ~= '' then redis.call('SADD', KEYS[1] .. 'own:' .. person, ARGV[2]) end
if run == '' then return 1 end
local now = tonumber(redis.call('TIME')[1])
local counted = KEYS[1] .. 'counted:' .. person
if redis.call('ZADD', counted, 'NX', now, run) == 1 then
  local used = KEYS[1] .. 'used:' .. person .. ':' .. ARGV[4]
  redis.call('HINCRBY', used, 'answers', 1)
  redis.call('HINCRBY', used, 'read', ARGV[5])
  redis.call('HINCRBY', used, 'written', ARGV[6])
  redis.call('HINCRBY', used, 'micros', ARGV[7])
  redis.call('EXPIRE', used, {32 * _DAY_S})
end
redis.call('ZREMRANGEBYSCORE', counted, '-inf', now - {2 * _DAY_S})
redis.call('EXPIRE', counted, {2 * _DAY_S})
return 1
"""
)

_USED = Script(
    """
-- ARGV: person, then days. Answers the fields of each.
local answer = {}
for i = 2, #ARGV do
  answer[i - 1] = redis.call('HMGET', KEYS[1] .. 'used:' .. ARGV[1] .. ':' .. ARGV[i],
    'answers', 'read', 'written', 'micros')
end
return answer
"""
)

_OWN = Script("return redis.call('SMEMBERS', KEYS[1] .. 'own:' .. ARGV[1])")

_FORGET = Script(
    """
-- ARGV: person, then days.
redis.call('DEL', KEYS[1] .. 'counted:' .. ARGV[1])
for i = 2, #ARGV do redis.call('DEL', KEYS[1] .. 'used:' .. ARGV[1] .. ':' .. ARGV[i]) end
return 1
"""
)


class RedisAccounts:
    """What is known of people.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def note(
        self, person: str, *, spent: Spent | None = None, own: ConversationKey | None = None
    ) -> None:
        where = "" if own is None else str(own)
        row = (
            ("", 0, 0, 0, 0)
            if spent is None
            else (spent.run_id, spent.day, spent.read, spent.written, spent.micros)
        )
        await self._ask(_NOTE, person, where, *row)

    async def used(self, person: str, days: Sequence[int]) -> list[Used]:
        rows: list[list[bytes | None]] = await self._ask(_USED, person, *days)
        return [
            Used(**{name: int(value or 0) for name, value in zip(_FIELDS, row, strict=True)})
            for row in rows
        ]

    async def own(self, person: str) -> list[ConversationKey]:
        names = sorted(decode(name) for name in await self._ask(_OWN, person))
        return [ConversationKey.parse(name) for name in names]

    async def forget(self, person: str, days: Sequence[int]) -> None:
        await self._ask(_FORGET, person, *days)

    async def _ask(self, script: Script, person: str, *values: str | int) -> Any:
        base = keys.base("c", keys.partition(person, self._partitions))
        return await script(self._client, [base], [person, *values])
