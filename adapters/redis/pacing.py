"""`Pacer` on the Redis protocol: one theoretical arrival time a name (GCRA), server clock."""

from __future__ import annotations

import logging

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.pacing import Pace
from core.errors import StoreError

log = logging.getLogger(__name__)

_RESERVE = Script(
    """
-- ARGV: name, interval ms, burst, patience ms. Answers the wait in ms, or -1.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key = KEYS[1] .. 'pace:' .. ARGV[1]
local interval = tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', key) or '0'), now)
local wait = math.max(0, due - (tonumber(ARGV[3]) - 1) * interval - now)
if wait > tonumber(ARGV[4]) then return -1 end
redis.call('SET', key, string.format('%.0f', due + interval), 'PX', due + interval - now + 1000)
return wait
"""
)


class RedisPacer:
    """Paces calls over all processes of a store.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        base = keys.base("c", keys.partition(name, self._partitions))
        try:
            wait = await _RESERVE(
                self._client, [base], [name, pace.interval_ms, pace.burst, patience_ms]
            )
        except StoreError as error:
            log.info("nobody paces %s just now: %s", name, error)
            return 0
        return None if wait < 0 else int(wait)
