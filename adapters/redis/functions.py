"""What was called in a turn: one hash a conversation, from the first call to the turn's end.

    calls:<conv>   field: the call's key; value: `s<token>` started, or `d<output>` done

Serial: everything of one turn. What survives a crash: all of it. What bounds memory: the calls of
one turn, each with an output whose length the caller bounds; the step that ends the turn
(`mailbox_scripts.py`) removes the hash. A token names one attempt, so a script that is sent twice
because its answer was lost finds its own attempt and not somebody else's.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

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
-- ARGV: conversation, epoch, token, then key and '1' (may run again) or '0' in turn.
-- Answers 'new', 'unclear' or 'd<output>' for each, or 0 when somebody else holds the turn.
if not held(ARGV[1], ARGV[2]) then return 0 end
local calls, answer = calls_key(ARGV[1]), {}
for i = 4, #ARGV, 2 do
  local found = redis.call('HGET', calls, ARGV[i])
  local mine = 's' .. ARGV[3]
  if not found or found == mine or (ARGV[i + 1] == '1' and string.sub(found, 1, 1) == 's') then
    redis.call('HSET', calls, ARGV[i], mine)
    answer[#answer + 1] = 'new'
  elseif string.sub(found, 1, 1) == 's' then
    answer[#answer + 1] = 'unclear'
  else
    answer[#answer + 1] = found
  end
end
return answer
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

    async def start(
        self, claim: TurnClaim, calls: Sequence[Call], *, again: frozenset[str]
    ) -> list[Standing]:
        """See the port."""
        args = [str(claim.conversation), claim.epoch, f"{claim.epoch}.{next(self._tokens)}"]
        for call in calls:
            args += [whole(call.key), "1" if call.key in again else "0"]
        answer = await _START(self._client, [self._base(claim)], args)
        if answer == 0:
            raise _lost(claim)
        return [_standing(row) for row in answer]

    async def finish(self, claim: TurnClaim, call: Call, output: str) -> None:
        """See the port."""
        args = [str(claim.conversation), claim.epoch, whole(call.key), whole(output)]
        if await _FINISH(self._client, [self._base(claim)], args) != 1:
            raise _lost(claim)

    def _base(self, claim: TurnClaim) -> str:
        return keys.base("c", keys.partition(claim.conversation.channel, self._partitions))


def _standing(row: bytes) -> Standing:
    if row == b"new":
        return Standing("new")
    if row == b"unclear":
        return Standing("unclear")
    return Standing("done", decode(row[1:]))


def _lost(claim: TurnClaim) -> ClaimLost:
    return ClaimLost(f"the turn {claim.turn_id!r} has another owner")
