"""`Traces` on the Redis protocol: what a conversation has beside its Threads, and its removal.

The work is noted in the sessions' hash of the conversation, so that each step knows what was done:

    parting          the name of the one that is carried out
    floor            the last session that goes with it, or went with an earlier one
    left:<thread>    a Thread that a turn had made and no session named yet
    gone             the name of the one that was erased last

From the first step on, mail belongs to a session behind the floor, and what stands there is not
touched: each place of mail says of which session it is. `newest` and `current` stay: ordinals are
never used twice, so what an owner that lost its turn may still do is about a session that is not
there.
"""

from __future__ import annotations

from typing import Any

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.mailbox_scripts import CHAT
from core.chat.messages import ConversationKey

_PARTING = (
    CHAT
    + """
local conv, name = ARGV[1], ARGV[2]
local sessions = sessions_key(conv)

-- removes mail that was given up: all of the conversation's, or one person's; how much
local function bury(author)
  local count = 0
  for _, letter in ipairs(redis.call('XRANGE', base .. 'dead', '-', '+')) do
    local mail = cjson.decode(letter[2][4])
    if mail.conversation == conv and (not author or mail.author.id == author) then
      redis.call('XDEL', base .. 'dead', letter[1])
      count = count + 1
    end
  end
  return count
end

-- removes the mail from index `first` on that is `meant` (by ordinal and id); how much
local function drop(first, meant)
  local count = 0
  for _, place in ipairs(redis.call('LRANGE', mail_key(conv), first, -1)) do
    local ordinal, _, id = read_place(place)
    if meant(tonumber(ordinal), id) then
      redis.call('LREM', mail_key(conv), 1, place)
      redis.call('HDEL', mails_key(conv), id)
      count = count + 1
    end
  end
  if redis.call('EXISTS', mail_key(conv)) == 0 and state_of(conv) then forget(conv) end
  return count
end
"""
)

_NOTED = (
    _PARTING
    + """
local noted = redis.call('HMGET', sessions, 'parting', 'gone', 'floor', 'newest')
local is_gone, floor = noted[2] == name, tonumber(noted[3] or 0)
if noted[1] ~= name and not is_gone then
  floor = tonumber(noted[4] or 1)
  redis.call('HSET', sessions, 'parting', name, 'floor', whole(floor),
    'newest', whole(floor + 1), 'current', whole(floor + 1))
end
local function is_old(ordinal) return ordinal <= floor end
-- the size of a turn in work that goes
local function old_turn()
  local size = not is_gone and turn_size(conv)
  if not size then return nil end
  local _, ordinal = first_ids(conv, 0)
  return ordinal and is_old(tonumber(ordinal)) and size or nil
end
"""
)

_HALT = Script(
    _NOTED
    + """
-- ARGV: conversation, name. Answers 1 while a turn that goes is in work.
if is_gone then return 0 end
local size = old_turn()
drop(turn_size(conv) or 0, is_old)
if not size then return 0 end
if redis.call('HEXISTS', turn_key(conv), 'stop') == 0 then stop_turn(conv) end
return 1
"""
)

_SEAL = Script(
    _NOTED
    + """
-- ARGV: conversation, name. Answers the Threads of turns and sessions that go.
if is_gone then return {} end
if old_turn() then
  local checkpoint = redis.call('HGET', turn_key(conv), 'checkpoint')
  local thread = checkpoint and checkpoint ~= '' and cjson.decode(checkpoint).thread_id
  if thread and thread ~= cjson.null then redis.call('HSET', sessions, 'left:' .. thread, '1') end
  redis.call('DEL', turn_key(conv), calls_key(conv), asks_key(conv))
  forget(conv)
end
drop(turn_size(conv) or 0, is_old)
if redis.call('EXISTS', mail_key(conv)) == 1 and not state_of(conv) then offer(conv) end
local answer = {}
local flat = redis.call('HGETALL', sessions)
for i = 1, #flat, 2 do
  local number, left = tonumber(flat[i]), string.match(flat[i], '^left:(.*)$')
  if left then answer[#answer + 1] = left end
  if number and is_old(number) then
    local body = cjson.decode(flat[i + 1])
    if body.thread_id and body.thread_id ~= cjson.null then answer[#answer + 1] = body.thread_id end
  end
end
return answer
"""
)

_ERASE = Script(
    _PARTING
    + """
-- ARGV: conversation, name.
local noted = redis.call('HMGET', sessions, 'parting', 'floor')
if noted[1] ~= name then return 1 end
for _, field in ipairs(redis.call('HKEYS', sessions)) do
  local number = tonumber(string.match(field, '^(%d+)$') or string.match(field, '^(%d+):'))
  if (number and number <= tonumber(noted[2])) or string.match(field, '^left:') then
    redis.call('HDEL', sessions, field)
  end
end
redis.call('HDEL', sessions, 'parting')
redis.call('HSET', sessions, 'gone', name)
redis.call('DEL', base .. 'feed:' .. conv)
bury(false)
return 1
"""
)

_WITHDRAW = Script(
    _PARTING
    + """
-- ARGV: conversation, name, author, until (s). Answers how much mail it was.
return bury(ARGV[3]) + drop(turn_size(conv) or 0, function(_, id)
  local mail = redis.call('HGET', mails_key(conv), id)
  mail = mail and cjson.decode(mail)
  return mail and mail.author.id == ARGV[3] and mail.received_at <= tonumber(ARGV[4])
end)
"""
)


class RedisTraces:
    """What conversations leave behind. Arguments as `RedisSessions`."""

    def __init__(self, client: Client, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    async def halt(self, conversation: ConversationKey, name: str) -> bool:
        return await self._ask(_HALT, conversation, name) == 1

    async def seal(self, conversation: ConversationKey, name: str) -> tuple[str, ...]:
        found: list[bytes] = await self._ask(_SEAL, conversation, name)
        return tuple(dict.fromkeys(map(decode, found)))

    async def erase(self, conversation: ConversationKey, name: str) -> None:
        await self._ask(_ERASE, conversation, name)

    async def withdraw(self, conversation: ConversationKey, author_id: str, until: float) -> int:
        return int(await self._ask(_WITHDRAW, conversation, "", author_id, repr(until)))

    async def _ask(self, script: Script, conversation: ConversationKey, *values: str) -> Any:
        base = keys.base("c", keys.partition(conversation.channel, self._partitions))
        return await script(self._client, [base], [str(conversation), *values])
