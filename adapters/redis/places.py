"""`Places` on the Redis protocol: one hash a place, and a key for each thing that is said once."""

from __future__ import annotations

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.manners import Place
from core.chat.messages import ConversationKey

_DAY_MS = 86_400_000

_HEARD = Script(
    f"""
-- ARGV: conversation, author, '1' if addressed. Answers how many wrote there, and '1' for quiet.
local place = KEYS[1] .. 'place:' .. ARGV[1]
if ARGV[3] ~= '1' and redis.call('EXISTS', place) == 0 then return false end
local quiet = redis.call('HGET', place, 'quiet') or '0'
if redis.call('HLEN', place) < 12 then
  redis.call('HSET', place, 'quiet', quiet, '@' .. ARGV[2], 1)
end
redis.call('PEXPIRE', place, {30 * _DAY_MS})
return {{redis.call('HLEN', place) - 1, quiet}}
"""
)

_QUIET = Script(
    f"""
-- ARGV: conversation, '1' or '0'.
local place = KEYS[1] .. 'place:' .. ARGV[1]
redis.call('HSET', place, 'quiet', ARGV[2])
redis.call('PEXPIRE', place, {30 * _DAY_MS})
return 1
"""
)

_FIRST = Script(
    f"""
-- ARGV: name. Answers 1 the first time.
local told = KEYS[1] .. 'told:' .. ARGV[1]
return redis.call('SET', told, 1, 'NX', 'PX', {400 * _DAY_MS}) and 1 or 0
"""
)


class RedisPlaces:
    """What is known of shared places.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def heard(
        self, conversation: ConversationKey, author: str, *, addressed: bool
    ) -> Place | None:
        found = await _HEARD(
            self._client,
            [self._base(conversation.channel)],
            [str(conversation), author, "1" if addressed else "0"],
        )
        if not found:
            return None
        writers, quiet = found
        return Place(int(writers), quiet=quiet == b"1")

    async def set_quiet(self, conversation: ConversationKey, *, quiet: bool) -> None:
        await _QUIET(
            self._client,
            [self._base(conversation.channel)],
            [str(conversation), "1" if quiet else "0"],
        )

    async def first_time(self, name: str) -> bool:
        return await _FIRST(self._client, [self._base(name)], [name]) == 1

    def _base(self, name: str) -> str:
        return keys.base("c", keys.partition(name, self._partitions))
