"""`Turnstile` on the Redis protocol: one key an event."""

from __future__ import annotations

import secrets
from typing import Literal

from adapters.redis import keys
from adapters.redis.connection import Client, Script
from core.chat.messages import ConversationKey

_DAY_MS = 86_400_000
_BUSY_MS = 60_000

_ENTER = Script(
    f"""
-- ARGV: conversation, name, call. Answers '1' to the first (also when carried out twice), 'done'
-- for what was done, and the call that is at it otherwise.
local carried = KEYS[1] .. 'carried:' .. ARGV[1] .. '/' .. ARGV[2]
if redis.call('SET', carried, ARGV[3], 'NX', 'PX', {_BUSY_MS}) then return '1' end
local by = redis.call('GET', carried)
return by == ARGV[3] and '1' or by
"""
)

_LEAVE = Script(
    f"""
-- ARGV: conversation, name, '1' if done.
local carried = KEYS[1] .. 'carried:' .. ARGV[1] .. '/' .. ARGV[2]
if ARGV[3] == '1' then redis.call('SET', carried, 'done', 'PX', {_DAY_MS})
else redis.call('DEL', carried) end
return 1
"""
)


class RedisTurnstile:
    """What is being carried out, and what was.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
    """

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def enter(
        self, conversation: ConversationKey, name: str
    ) -> Literal["first", "busy", "done"]:
        base, call = self._base(conversation), secrets.token_hex(8)
        answer = await _ENTER(self._client, [base], [str(conversation), name, call])
        if answer == b"1":
            return "first"
        return "done" if answer == b"done" else "busy"

    async def leave(self, conversation: ConversationKey, name: str, *, done: bool) -> None:
        args = [str(conversation), name, "1" if done else "0"]
        await _LEAVE(self._client, [self._base(conversation)], args)

    def _base(self, conversation: ConversationKey) -> str:
        return keys.base("c", keys.partition(conversation.channel, self._partitions))
