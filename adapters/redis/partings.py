"""`Partings` on the Redis protocol: a wish for an hour, then a note in its partition's hash."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from adapters.redis.mail_codec import dump
from core.chat.people import Parting, Wish

_HOUR_S = 3600

_ASK = Script(
    f"return redis.call('SET', KEYS[1] .. 'wish:' .. ARGV[1], ARGV[2], 'EX', {_HOUR_S}) and 1"
)

_ASKED = Script("return redis.call('GET', KEYS[1] .. 'wish:' .. ARGV[1])")

_BEGIN = Script(
    """
-- ARGV: person, name of the parting, JSON, then conversations that are the person's own. Answers 1
-- when it is begun.
local field = ARGV[1] .. ' ' .. ARGV[2]
local wish = KEYS[1] .. 'wish:' .. ARGV[1]
if redis.call('HEXISTS', KEYS[1] .. 'forgetting', field) == 1 then return 1 end
if redis.call('DEL', wish) == 0 then return 0 end
redis.call('HSET', KEYS[1] .. 'forgetting', field, ARGV[3])
for i = 4, #ARGV do redis.call('SREM', KEYS[1] .. 'own:' .. ARGV[1], ARGV[i]) end
return 1
"""
)

_BEGUN = Script("return redis.call('HVALS', KEYS[1] .. 'forgetting')")

_DONE = Script("return redis.call('HDEL', KEYS[1] .. 'forgetting', ARGV[1] .. ' ' .. ARGV[2])")


class RedisPartings:
    """Wishes to be forgotten. Arguments as `RedisAccounts`, whose keys lie beside these."""

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def ask(self, person: str, wish: Wish) -> None:
        await self._ask(_ASK, person, dump(wish.to_json()))

    async def asked(self, person: str) -> Wish | None:
        found = await self._ask(_ASKED, person)
        return None if found is None else Wish.from_json(orjson.loads(found))

    async def begin(self, parting: Parting) -> bool:
        own = () if parting.shared else map(str, parting.conversations)
        body = dump(parting.to_json())
        return await self._ask(_BEGIN, parting.person, parting.name, body, *own) == 1

    async def begun(self) -> list[Parting]:
        bases = [keys.base("c", number) for number in range(self._partitions)]
        rows: list[Any] = await asyncio.gather(
            *(_BEGUN(self._client, [base], []) for base in bases)
        )
        return [Parting.from_json(orjson.loads(value)) for some in rows for value in some]

    async def done(self, parting: Parting) -> None:
        await self._ask(_DONE, parting.person, parting.name)

    async def _ask(self, script: Script, person: str, *values: str | bytes) -> Any:
        base = keys.base("c", keys.partition(person, self._partitions))
        return await script(self._client, [base], [person, *values])
