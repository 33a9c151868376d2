"""What was called in a turn: one hash a conversation, from the first call to the turn's end.

    calls:<conv>   field: the call's key; value: `s<token>` started, or `d<output>` done

Serial: everything of one turn. What survives a crash: all of it. What bounds memory: the calls of
one turn, each with an output whose length the caller bounds; the step that ends the turn
(`mailbox_scripts.py`) removes the hash. A token names one attempt, so a script that is sent twice
because its answer was lost finds its own attempt and not somebody else's.
"""

from __future__ import annotations

import itertools

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.mail_codec import whole
from adapters.redis.mailbox_scripts import CHAT
from core.chat.function_ports import Call, Standing
from core.chat.ports import TurnClaim
from core.errors import ClaimLost

_START = Script(
    CHAT
    + """
-- ARGV: conversation, epoch, token, key, '1' if it may run again.
-- Answers 'new', 'unclear' or 'd<output>'; or 0 when somebody else holds the turn.
if not held(ARGV[1], ARGV[2]) then return 0 end
local calls, mine = calls_key(ARGV[1]), 's' .. ARGV[3]
local found = redis.call('HGET', calls, ARGV[4])
if found and string.sub(found, 1, 1) == 'd' then return found end
if found and found ~= mine and ARGV[5] ~= '1' then return 'unclear' end
redis.call('HSET', calls, ARGV[4], mine)
return 'new'
"""
)

_FINISH = Script(
    CHAT
    + """
-- ARGV: conversation, epoch, key, output. Answers 1, or 0 when somebody else holds the turn.
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', calls_key(ARGV[1]), ARGV[3], 'd' .. ARGV[4])
return 1
"""
)


class RedisCallLog:
    """`CallLog` of core/chat/function_ports.py."""

    def __init__(self, client: Client, partitions: int) -> None:
        """
        Args:
            client: connected; stays open.
            partitions: of the whole store, as `ensure_layout` checked.
        """
        self._client = client
        self._partitions = partitions
        self._tokens = itertools.count(1)

    async def start(self, claim: TurnClaim, call: Call, *, again: bool) -> Standing:
        """See the port."""
        token = f"{claim.epoch}.{next(self._tokens)}"
        args = [str(claim.conversation), claim.epoch, token, whole(call.key), "1" if again else "0"]
        answer = await _START(self._client, [self._base(claim)], args)
        if answer == 0:
            raise _lost(claim)
        if answer == b"new":
            return Standing("new")
        if answer == b"unclear":
            return Standing("unclear")
        return Standing("done", decode(answer[1:]))

    async def finish(self, claim: TurnClaim, call: Call, output: str) -> None:
        """See the port."""
        args = [str(claim.conversation), claim.epoch, whole(call.key), whole(output)]
        if await _FINISH(self._client, [self._base(claim)], args) != 1:
            raise _lost(claim)

    def _base(self, claim: TurnClaim) -> str:
        return keys.base("c", keys.partition(claim.conversation.channel, self._partitions))


def _lost(claim: TurnClaim) -> ClaimLost:
    return ClaimLost(f"the turn {claim.turn_id!r} has another owner")
