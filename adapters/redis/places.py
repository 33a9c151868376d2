"""`Places` on the Redis protocol: one hash a place, and a key for each thing that is said once."""

from __future__ import annotations

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.manners import Place
from core.chat.messages import ConversationKey

_DAY_MS = 86_400_000

_HEARD = Script(
    f"""
-- ARGV: conversation, author, '1' if addressed, channel. Answers how many wrote there, '1' for
-- quiet, and '1' for a channel that is left alone.
local away = KEYS[1] .. 'away:' .. ARGV[4]
if redis.call('PEXPIRE', away, {400 * _DAY_MS}) == 1 then return {{0, '0', '1'}} end
local place = KEYS[1] .. 'place:' .. ARGV[1]
if ARGV[3] ~= '1' and redis.call('EXISTS', place) == 0 then return false end
local quiet = redis.call('HGET', place, 'quiet') or '0'
if redis.call('HLEN', place) < 12 then
  redis.call('HSET', place, 'quiet', quiet, '@' .. ARGV[2], 1)
end
redis.call('PEXPIRE', place, {30 * _DAY_MS})
return {{redis.call('HLEN', place) - 1, quiet, '0'}}
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

_AWAY = Script(
    f"""
-- ARGV: channel, '1' or '0'.
local away = KEYS[1] .. 'away:' .. ARGV[1]
if ARGV[2] == '1' then redis.call('SET', away, 1, 'PX', {400 * _DAY_MS})
else redis.call('DEL', away) end
return 1
"""
)

_IS_AWAY = Script("return redis.call('EXISTS', KEYS[1] .. 'away:' .. ARGV[1])")

_FIRST = Script(
    f"""
-- ARGV: name, who asks. Answers 1 to the first who asks.
local told = KEYS[1] .. 'told:' .. ARGV[1]
if redis.call('SET', told, ARGV[2], 'NX', 'PX', {400 * _DAY_MS}) then return 1 end
return redis.call('GET', told) == ARGV[2] and 1 or 0
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
            [str(conversation), author, "1" if addressed else "0", conversation.channel],
        )
        if not found:
            return None
        writers, quiet, away = found
        return Place(int(writers), quiet=quiet == b"1", away=away == b"1")

    async def set_quiet(self, conversation: ConversationKey, *, quiet: bool) -> None:
        await _QUIET(
            self._client,
            [self._base(conversation.channel)],
            [str(conversation), "1" if quiet else "0"],
        )

    async def set_away(self, conversation: ConversationKey, *, away: bool) -> None:
        channel = conversation.channel
        await _AWAY(self._client, [self._base(channel)], [channel, "1" if away else "0"])

    async def is_away(self, conversation: ConversationKey) -> bool:
        channel = conversation.channel
        return await _IS_AWAY(self._client, [self._base(channel)], [channel]) == 1

    async def first_time(self, name: str, by: str) -> bool:
        return await _FIRST(self._client, [self._base(name)], [name, by]) == 1

    def _base(self, name: str) -> str:
        return keys.base("c", keys.partition(name, self._partitions))
