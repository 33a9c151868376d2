"""`Hearing`, `Keeping`, `Homes` and `Loops` on the Redis protocol."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.messages import ConversationKey, Json

_DAY_MS = 86_400_000
_LENT_MS = 15 * 60_000
_MOST_PLACES = 10_000

_REACHED = Script("return redis.call('GET', KEYS[1] .. 'ear:' .. ARGV[1])")

_REACH = Script(
    f"""
-- ARGV: ear, ms.
local ear = KEYS[1] .. 'ear:' .. ARGV[1]
if tonumber(redis.call('GET', ear) or '0') < tonumber(ARGV[2]) then
  redis.call('SET', ear, ARGV[2], 'PX', {30 * _DAY_MS})
end
return 1
"""
)

_MET = Script(
    f"""
-- ARGV: ear, place, ms. Answers 1 when the place was not known before this time.
local direct = KEYS[1] .. 'direct:' .. ARGV[1]
local known = redis.call('ZSCORE', direct, ARGV[2])
redis.call('ZADD', direct, 'GT', ARGV[3], ARGV[2])
redis.call('ZREMRANGEBYRANK', direct, 0, -{_MOST_PLACES + 1})
redis.call('PEXPIRE', direct, {30 * _DAY_MS})
return (not known or tonumber(known) == tonumber(ARGV[3])) and 1 or 0
"""
)

_PLACES = Script(
    """
-- ARGV: ear, since ms, limit.
local direct = KEYS[1] .. 'direct:' .. ARGV[1]
return redis.call('ZREVRANGEBYSCORE', direct, '+inf', ARGV[2], 'LIMIT', 0, ARGV[3])
"""
)

_FIRST = Script(
    f"""
-- ARGV: name, call. Answers 1 the first time, also to the same call carried out twice.
local once = KEYS[1] .. 'once:' .. ARGV[1]
if redis.call('SET', once, ARGV[2], 'NX', 'PX', {_DAY_MS}) then return 1 end
return redis.call('GET', once) == ARGV[2] and 1 or 0
"""
)

_KEEP = Script(
    f"""
-- ARGV: ear, name, JSON, call. Answers 1 when it was not there yet, nor done within a day.
local once = KEYS[1] .. 'once:' .. ARGV[1] .. '/' .. ARGV[2]
if not redis.call('SET', once, ARGV[4], 'NX', 'PX', {_DAY_MS}) then
  return redis.call('GET', once) == ARGV[4] and 1 or 0
end
redis.call('HSET', KEYS[1] .. 'kept:' .. ARGV[1], ARGV[2], ARGV[3])
return 1
"""
)

_DONE = Script("return redis.call('HDEL', KEYS[1] .. 'kept:' .. ARGV[1], ARGV[2])")
_KEPT = Script("return redis.call('HGETALL', KEYS[1] .. 'kept:' .. ARGV[1])")
_LEND = Script(
    f"return redis.call('SET', KEYS[1] .. 'lent:' .. ARGV[1], ARGV[2], 'PX', {_LENT_MS}) and 1"
)
_LENT = Script("return redis.call('GET', KEYS[1] .. 'lent:' .. ARGV[1])")

_HOME = Script(
    f"return redis.call('SET', KEYS[1] .. 'home:' .. ARGV[1], ARGV[2], 'PX', {30 * _DAY_MS}) and 1"
)
_HOME_OF = Script("return redis.call('GET', KEYS[1] .. 'home:' .. ARGV[1])")

_TURN = Script(
    """
-- ARGV: place, post, when it was written, when a person wrote last (ms), how many at most.
local loop = KEYS[1] .. 'loop:' .. ARGV[1]
local most = tonumber(ARGV[5])
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', loop, 'at') or '0') then
  redis.call('DEL', loop)
end
local known = redis.call('HGET', loop, '#' .. ARGV[2])
if known then return tonumber(known) end
local number = tonumber(redis.call('HGET', loop, 'n') or '0') + 1
if number > most + 1 then return most + 2 end
redis.call('HSET', loop, 'n', number, 'at', ARGV[3], '#' .. ARGV[2], number)
redis.call('PEXPIRE', loop, 3600000)
return number
"""
)


class RedisHearing:
    """How far ears have heard.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def reached(self, ear: str) -> float | None:
        found = await self._ask(_REACHED, ear)
        return None if found is None else int(found) / 1000

    async def reach(self, ear: str, at: float) -> None:
        await self._ask(_REACH, ear, int(at * 1000))

    async def met(self, ear: str, place: str, at: float) -> bool:
        return await self._ask(_MET, ear, place, int(at * 1000)) == 1

    async def places(self, ear: str, since: float, limit: int) -> list[str]:
        found = await self._ask(_PLACES, ear, int(since * 1000), limit)
        return [place.decode() for place in found]

    async def first(self, name: str) -> bool:
        return await self._ask(_FIRST, name, _call()) == 1

    async def _ask(self, script: Script, name: str, *values: Any) -> Any:
        base = keys.base("c", keys.partition(name, self._partitions))
        return await script(self._client, [base], [name, *values])


class RedisKeeping:
    """What is kept for a moment. Arguments as `RedisHearing`."""

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def keep(self, ear: str, name: str, body: Json) -> bool:
        return await self._ask(_KEEP, ear, name, orjson.dumps(body), _call()) == 1

    async def done(self, ear: str, name: str) -> None:
        await self._ask(_DONE, ear, name)

    async def kept(self, ear: str) -> dict[str, Json]:
        found = await self._ask(_KEPT, ear)
        pairs = zip(found[::2], found[1::2], strict=True)
        return {name.decode(): orjson.loads(body) for name, body in pairs}

    async def lend(self, name: str, text: str) -> None:
        await self._ask(_LEND, name, text)

    async def lent(self, name: str) -> str | None:
        found = await self._ask(_LENT, name)
        return None if found is None else found.decode()

    async def _ask(self, script: Script, name: str, *values: Any) -> Any:
        base = keys.base("c", keys.partition(name, self._partitions))
        return await script(self._client, [base], [name, *values])


class RedisHomes:
    """Whose conversation a post is. Arguments as `RedisHearing`."""

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def put(self, account: str, post: str, conversation: ConversationKey) -> None:
        name = f"{account}/{post}"
        await _HOME(self._client, [self._base(name)], [name, str(conversation)])

    async def of(self, account: str, post: str) -> ConversationKey | None:
        name = f"{account}/{post}"
        found = await _HOME_OF(self._client, [self._base(name)], [name])
        return None if found is None else ConversationKey.parse(found.decode())

    def _base(self, name: str) -> str:
        return keys.base("c", keys.partition(name, self._partitions))


class RedisLoops:
    """Turns that programs started. Arguments as `RedisHearing`."""

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def turn(self, place: str, post: str, at: float, person_at: float, most: int) -> int:
        base = keys.base("c", keys.partition(place, self._partitions))
        times = (int(at * 1000), int(person_at * 1000))
        return int(await _TURN(self._client, [base], [place, post, *times, most]))


def _call() -> str:
    """Names a call, which the connection may carry out twice."""
    return secrets.token_hex(8)
