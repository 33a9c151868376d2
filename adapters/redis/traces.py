"""`Traces` on the Redis protocol: what a conversation has beside its Threads, and its removal.

The work is noted in the sessions' hash of the conversation, so that each step knows what was done:

    parting          the name of the one that was sealed last
    parted           how many sessions it found; the later ones came after it
    left:<thread>    a Thread that a turn had made and no session named yet
    gone, floor      the name of the one that was erased last; the last ordinal that went then

`newest` and `current` stay: ordinals are never used twice, so what an owner that lost its turn may
still do is about a session that is not there.
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
local noted = redis.call('HMGET', sessions, 'parting', 'gone')
local is_sealed, is_gone = noted[1] == name, noted[2] == name

-- removes this mail: its place in the list, and its words
local function drop(place, id)
  redis.call('LREM', mail_key(conv), 1, place)
  redis.call('HDEL', mails_key(conv), id)
end

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
"""
)

_HALT = Script(
    _PARTING
    + """
-- ARGV: conversation, name. Answers 1 while a turn is in work.
if is_sealed or is_gone then return 0 end
local size = turn_size(conv) or 0
for _, place in ipairs(redis.call('LRANGE', mail_key(conv), size, -1)) do
  local _, _, id = read_place(place)
  drop(place, id)
end
if size > 0 then
  if redis.call('HEXISTS', turn_key(conv), 'stop') == 0 then stop_turn(conv) end
  return 1
end
if state_of(conv) then forget(conv) end
return 0
"""
)

_SEAL = Script(
    _PARTING
    + """
-- ARGV: conversation, name, a session's empty body. Answers the Threads that turns left, then the
-- sessions that are to go: their bodies.
if is_gone then return {} end
if not is_sealed then
  local checkpoint = redis.call('HGET', turn_key(conv), 'checkpoint')
  local thread = checkpoint and checkpoint ~= '' and cjson.decode(checkpoint).thread_id
  if thread and thread ~= cjson.null then redis.call('HSET', sessions, 'left:' .. thread, '1') end
  redis.call('DEL', mail_key(conv), mails_key(conv), turn_key(conv), calls_key(conv),
    asks_key(conv))
  forget(conv)
  local newest = tonumber(redis.call('HGET', sessions, 'newest') or 1)
  redis.call('HSET', sessions, 'parting', name, 'parted', whole(newest),
    'newest', whole(newest + 1), 'current', whole(newest + 1))
end
local parted = tonumber(redis.call('HGET', sessions, 'parted'))
local answer = {}
local flat = redis.call('HGETALL', sessions)
for i = 1, #flat, 2 do
  local number, left = tonumber(flat[i]), string.match(flat[i], '^left:(.*)$')
  if left then answer[#answer + 1] = left end
  if number and number <= parted then
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
if is_gone or not is_sealed then return 1 end
local parted = tonumber(redis.call('HGET', sessions, 'parted'))
for _, field in ipairs(redis.call('HKEYS', sessions)) do
  local number = tonumber(string.match(field, '^(%d+)$') or string.match(field, '^(%d+):'))
  if (number and number <= parted) or string.match(field, '^left:') then
    redis.call('HDEL', sessions, field)
  end
end
redis.call('HDEL', sessions, 'parting', 'parted')
redis.call('HSET', sessions, 'gone', name, 'floor', whole(parted))
redis.call('DEL', base .. 'feed:' .. conv, base .. 'place:' .. conv)
bury(false)
return 1
"""
)

_WITHDRAW = Script(
    _PARTING
    + """
-- ARGV: conversation, name, author. Answers how much mail it was.
local size = turn_size(conv) or 0
local count = bury(ARGV[3])
for _, place in ipairs(redis.call('LRANGE', mail_key(conv), size, -1)) do
  local _, _, id = read_place(place)
  local mail = redis.call('HGET', mails_key(conv), id)
  if mail and cjson.decode(mail).author.id == ARGV[3] then
    drop(place, id)
    count = count + 1
  end
end
if redis.call('EXISTS', mail_key(conv)) == 0 and state_of(conv) then forget(conv) end
return count
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

    async def withdraw(self, conversation: ConversationKey, author_id: str) -> int:
        return int(await self._ask(_WITHDRAW, conversation, "", author_id))

    async def _ask(self, script: Script, conversation: ConversationKey, *values: str) -> Any:
        base = keys.base("c", keys.partition(conversation.channel, self._partitions))
        return await script(self._client, [base], [str(conversation), *values])
