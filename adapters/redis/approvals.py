"""Questions to people that calls wait for: one hash a conversation, as long as the turn lasts.

    asks:<conv>   <id>    number, how it is shown, who may decide, deadline (server ms): JSON
                  <id>!   the decision: `approved`, `denied` or `late`, a blank, who; written once

A press is one script: it decides if nobody has, marks the turn as woken, and makes it ready if it
was put off. A turn that is marked is not put off, so a press that comes while its owner is about
to do that is not slept through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.mail_codec import dump, whole
from adapters.redis.mailbox_scripts import CHAT
from core.chat.function_ports import Approval, Decision, Pressed, Wish
from core.chat.messages import Author, ConversationKey, Json
from core.chat.ports import TurnClaim
from core.errors import ClaimLost
from core.ids import APPROVAL, derived

_ASKS = (
    CHAT
    + """
-- the decision on a question whose deadline may have passed; false while it is open
local function decided(asks, id, deadline)
  if now_ms() >= tonumber(deadline) then redis.call('HSETNX', asks, id .. '!', 'late ') end
  return redis.call('HGET', asks, id .. '!')
end
"""
)

_ASK = Script(
    _ASKS
    + """
-- ARGV: conversation, epoch, then id, body, ms that it stays open, in turn. Answers for each: id,
-- what is stored (number, deadline, body), the decision or false, the time; or 0: not the owner.
if not held(ARGV[1], ARGV[2]) then return 0 end
local asks, answer = asks_key(ARGV[1]), {}
for i = 3, #ARGV, 3 do
  local id = ARGV[i]
  if redis.call('HEXISTS', asks, id) == 0 then
    local number = redis.call('HINCRBY', asks, 'newest', 1)
    local deadline = whole(now_ms() + tonumber(ARGV[i + 2]))
    redis.call('HSET', asks, id, number .. ' ' .. deadline .. ' ' .. ARGV[i + 1])
  end
  local row = redis.call('HGET', asks, id)
  local _, deadline = string.match(row, '^(%d+) (%d+) ')
  answer[#answer + 1] = {id, row, decided(asks, id, deadline), whole(now_ms())}
end
return answer
"""
)

_PRESS = Script(
    _ASKS
    + """
-- ARGV: conversation, id, author's id, '1' for an admin, 'approved' or 'denied', author's name.
local conv, id = ARGV[1], ARGV[2]
local asks = asks_key(conv)
local row = redis.call('HGET', asks, id)
local _, deadline, body = string.match(row or '', '^(%d+) (%d+) (.*)$')
if not body then return 'unknown' end
local allowed = ARGV[4] == '1'
for _, asker in ipairs(cjson.decode(body).askers) do allowed = allowed or asker == ARGV[3] end
if not allowed then return 'refused' end
local mine = ARGV[5] .. ' ' .. ARGV[6]
local found = decided(asks, id, deadline)
if found == mine then return ARGV[5] end
if found then return found == 'late ' and 'late' or 'decided' end
redis.call('HSET', asks, id .. '!', mine)
redis.call('HSET', turn_key(conv), 'woken', '1')
hasten(conv)
return ARGV[5]
"""
)

_LIST = Script(
    _ASKS
    + """
-- ARGV: conversation. Answers as `ask` does, for all of them.
local asks, answer = asks_key(ARGV[1]), {}
local flat = redis.call('HGETALL', asks)
for i = 1, #flat, 2 do
  local _, deadline = string.match(flat[i + 1], '^(%d+) (%d+) ')
  if deadline then
    answer[#answer + 1] = {flat[i], flat[i + 1], decided(asks, flat[i], deadline), whole(now_ms())}
  end
end
return answer
"""
)

_DECISIONS: dict[str, Decision] = {
    "open": "open",
    "approved": "approved",
    "denied": "denied",
    "late": "late",
}
_PRESSED: dict[bytes, Pressed] = {
    b"approved": "approved",
    b"denied": "denied",
    b"decided": "decided",
    b"late": "late",
    b"refused": "refused",
    b"unknown": "unknown",
}


class RedisApprovals:
    """`Approvals` of core/chat/function_ports.py."""

    def __init__(self, client: Client, partitions: int) -> None:
        """
        Args:
            client: connected; stays open.
            partitions: of the whole store, as `ensure_layout` checked.
        """
        self._client = client
        self._partitions = partitions

    async def ask(self, claim: TurnClaim, wishes: Sequence[Wish]) -> Sequence[Approval]:
        """See the port."""
        args: list[str | bytes | int] = [str(claim.conversation), claim.epoch]
        for wish in wishes:
            patience_ms = max(0, round(wish.patience_s * 1000))
            body = {"shown": wish.shown, "askers": wish.askers, "patience_ms": patience_ms}
            args += [derived(APPROVAL, wish.call.key), dump(body), patience_ms]
        answer = await _ASK(self._client, [self._base(claim.conversation)], args)
        if answer == 0:
            raise ClaimLost(f"the turn {claim.turn_id!r} has another owner")
        return [_approval(row) for row in answer]

    async def press(
        self, conversation: ConversationKey, approval_id: str, by: Author, *, approve: bool
    ) -> Pressed:
        """See the port."""
        args: list[str | bytes] = [
            str(conversation),
            whole(approval_id),
            whole(by.id),
            "1" if by.is_admin else "0",
            "approved" if approve else "denied",
            whole(by.name or by.id),
        ]
        return _PRESSED[await _PRESS(self._client, [self._base(conversation)], args)]

    async def list(self, conversation: ConversationKey) -> Sequence[Approval]:
        """See the port."""
        answer = await _LIST(self._client, [self._base(conversation)], [str(conversation)])
        return sorted((_approval(row) for row in answer), key=lambda one: one.number)

    def _base(self, conversation: ConversationKey) -> str:
        return keys.base("c", keys.partition(conversation.channel, self._partitions))


def _approval(row: Any) -> Approval:
    name, stored, decision, now = row
    number, deadline, kept = stored.split(b" ", 2)
    body: Json = orjson.loads(kept)
    word, _, by = decode(decision).partition(" ") if decision else ("open", "", "")
    return Approval(
        id=decode(name),
        number=int(number),
        shown=body["shown"],
        patience_s=body["patience_ms"] / 1000,
        decision=_DECISIONS[word],
        by=by,
        left_s=(int(deadline) - int(now)) / 1000,
    )
