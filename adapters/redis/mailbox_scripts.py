"""The mailbox of a conversation, as steps that the server does whole or not at all.

Serial: everything of one conversation. Parallel: conversations. What survives a crash: everything.
What bounds memory: the depth limit, and that a conversation without mail leaves only its sessions.

Three keys beside the lease (`leases.py`; the item is the written ConversationKey):

    mail:<conv>    list, places in order of acceptance: `<ordinal><m|r> <inbound id>`
    mails:<conv>   hash, the Inbounds' JSON by id
    turn:<conv>    hash, there from `begin` to the end of the turn

A turn is the first `size` places of the list. Only the end of a turn takes places from the front
and nothing is ever put there, so the number says exactly which mail belongs to it, whoever owns
it. A place carries what decides where a turn ends (the session's ordinal, and whether it is a
Regenerate), so that no script reads JSON on the way of a message.

    no turn ──begin──▶ turn of `size` places ──answered, given up──▶ no turn
                         │   ▲
                         └───┘ lost, handed over, to try again: same size, checkpoint, stop flag

A turn that waits for a person's approval (`approvals.py`) is put off like one that is to try
again; a press marks it `woken`, and then it is not.
"""

from __future__ import annotations

from adapters.redis.leases import PRELUDE

CHAT = (
    PRELUDE
    + """
local function mail_key(conv) return base .. 'mail:' .. conv end
local function mails_key(conv) return base .. 'mails:' .. conv end
local function turn_key(conv) return base .. 'turn:' .. conv end
local function calls_key(conv) return base .. 'calls:' .. conv end
local function asks_key(conv) return base .. 'asks:' .. conv end
local function sessions_key(conv) return base .. 'sessions:' .. conv end
-- ordinal, 'm' or 'r', inbound id
local function read_place(place) return string.match(place, '^(%d+)([mr]) (.*)$') end

-- the size of the turn that was begun, or nil
local function turn_size(conv)
  local size = redis.call('HGET', turn_key(conv), 'size')
  return size and tonumber(size)
end

-- the ids of the places up to index `last` (-1: all), and the first one's ordinal
local function first_ids(conv, last)
  local ids, ordinal = {}, nil
  for at, place in ipairs(redis.call('LRANGE', mail_key(conv), 0, last)) do
    local number, _, id = read_place(place)
    ordinal, ids[at] = ordinal or number, id
  end
  return ids, ordinal
end

-- the ids of the turn that was begun; none where none was
local function begun_ids(conv)
  local size = turn_size(conv)
  if not size then return {} end
  return (first_ids(conv, size - 1))
end

local function current_ordinal(conv)
  return redis.call('HGET', sessions_key(conv), 'current') or '1'
end

local function session_row(conv, n)
  return redis.call('HMGET', sessions_key(conv), n, n .. ':title', n .. ':assistant', n .. ':edits')
end

-- fixes the turn if nobody has, and tells all of it; nil when there is no mail
local function begin(conv, epoch, lost, most)
  local size = turn_size(conv)
  if not size then
    local places = redis.call('LRANGE', mail_key(conv), 0, most - 1)
    if #places == 0 then return nil end
    local ordinal, kind = read_place(places[1])
    size = 1
    while kind == 'm' and places[size + 1] do
      local next_ordinal, next_kind = read_place(places[size + 1])
      if next_ordinal ~= ordinal or next_kind ~= 'm' then break end
      size = size + 1
    end
    redis.call('HSET', turn_key(conv), 'size', size)
  end
  local ids, ordinal = first_ids(conv, size - 1)
  local turn = redis.call('HMGET', turn_key(conv), 'attempts', 'checkpoint', 'stop')
  return {
    whole(epoch), lost, turn[1], turn[2], turn[3], ordinal, session_row(conv, ordinal),
    redis.call('HMGET', mails_key(conv), unpack(ids)),
  }
end

-- the turn that is being answered, or waits to be answered on, is to stop
local function stop_turn(conv)
  redis.call('HSET', turn_key(conv), 'stop', '1')
  hasten(conv)
  redis.call('PUBLISH', base .. 'stop', conv)
end

-- waiting mail at the end of its conversation; the conversation queues up if it does not yet
local function enqueue(conv, place, id, mail)
  redis.call('RPUSH', mail_key(conv), place)
  redis.call('HSET', mails_key(conv), id, mail)
end
"""
)

ACCEPT = (
    CHAT
    + """
-- ARGV: conversation, name of the event, inbound id, kind, mail, name of the post or '', s that
-- events are remembered, s that posts are, depth limit, '1' to interrupt, call, owner or '',
-- lease ms, most mails of a turn. Answers status, busy, and the turn if the owner got it.
local conv, seen, id, kind, mail, post = ARGV[1], base .. 'seen:' .. ARGV[2], unpack(ARGV, 3, 6)
local state = state_of(conv)
local busy = state == 'leased' and 1 or 0
local deleted = post ~= '' and redis.call('EXISTS', base .. 'tomb:' .. post) == 1
local new = redis.call('SET', seen, ARGV[11], 'NX', 'EX', ARGV[7])
if deleted then return {'deleted', busy} end
if not new then
  -- The same call, sent again after its answer was lost, still gets the turn that it took.
  if busy == 1 and ARGV[12] ~= '' and redis.call('GET', seen) == ARGV[11] then
    local row = redis.call('HMGET', claim_key(conv), 'epoch', 'owner', 'lost')
    if row[2] == ARGV[12] and not row[3] and begun_ids(conv)[1] == id then
      return {'stored', 0, begin(conv, tonumber(row[1]), 0, 1)}
    end
  end
  return {'duplicate', busy}
end
if redis.call('HEXISTS', mails_key(conv), id) == 1 then return {'duplicate', busy} end
if redis.call('LLEN', mail_key(conv)) >= tonumber(ARGV[9]) then
  redis.call('DEL', seen)
  return {'full', busy}
end
local place = current_ordinal(conv) .. kind .. ' ' .. id
enqueue(conv, place, id, mail)
if post ~= '' then redis.call('SET', base .. 'post:' .. post, place, 'EX', ARGV[8]) end
if ARGV[10] == '1' and turn_size(conv) then stop_turn(conv) end
if state then return {'stored', busy} end
if ARGV[12] ~= '' and redis.call('LLEN', base .. 'ready') == 0 then
  local epoch = take(conv, ARGV[12], tonumber(ARGV[13]))
  return {'stored', 0, begin(conv, epoch, 0, tonumber(ARGV[14]))}
end
offer(conv)
return {'stored', 0}
"""
)

CLAIM = (
    CHAT
    + """
-- ARGV: owner, lease ms, limit, most mails of a turn. Answers item, epoch, lost, turn for each.
sweep()
local answer, count = {}, 0
while count < tonumber(ARGV[3]) do
  local conv, epoch, lost = pop(ARGV[1], tonumber(ARGV[2]))
  if not conv then break end
  local turn = begin(conv, epoch, lost, tonumber(ARGV[4]))
  if turn then
    count = count + 1
    for _, value in ipairs({conv, whole(epoch), lost, turn}) do answer[#answer + 1] = value end
  else
    forget(conv)
  end
end
return answer
"""
)

RENEW = (
    CHAT
    + """
-- ARGV: lease ms, then conversation and epoch in turn. Answers 0 lost, 1 kept, 2 stop for each.
local answer = {}
local deadline = whole(now_ms() + tonumber(ARGV[1]))
for i = 2, #ARGV, 2 do
  local state = 0
  if held(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', base .. 'leases', deadline, ARGV[i])
    state = redis.call('HEXISTS', turn_key(ARGV[i]), 'stop') + 1
  end
  answer[#answer + 1] = state
end
return answer
"""
)

CHECKPOINT = (
    CHAT
    + """
-- ARGV: conversation, epoch, checkpoint, lease ms. Answers 1, or 0 when somebody else holds it.
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', turn_key(ARGV[1]), 'checkpoint', ARGV[3])
redis.call('ZADD', base .. 'leases', whole(now_ms() + tonumber(ARGV[4])), ARGV[1])
return 1
"""
)

_FENCE = """
local conv, epoch = ARGV[1], ARGV[2]
if settled(conv, epoch) then return 1 end
if not held(conv, epoch) then return 0 end
"""

FINISH = (
    CHAT
    + _FENCE
    + """
-- ARGV: conversation, epoch, reason of giving up or '', letters kept, ms that they are kept,
-- ordinal, body of the session, edits as the turn found them, edits as it leaves them, then
-- changed fields of the session and their values in turn. Answers 1, or 0: somebody else holds it.
local size = turn_size(conv)
local places = redis.call('LRANGE', mail_key(conv), 0, size - 1)
local ids = begun_ids(conv)
if ARGV[3] ~= '' then
  local mails = redis.call('HMGET', mails_key(conv), unpack(ids))
  for at, mail in ipairs(mails) do
    if mail then
      redis.call('XADD', base .. 'dead', 'MAXLEN', '=', ARGV[4], '*',
        'place', places[at], 'mail', mail, 'reason', ARGV[3])
    end
  end
  redis.call('XTRIM', base .. 'dead', 'MINID', '=', whole(now_ms() - tonumber(ARGV[5])))
  redis.call('PEXPIRE', base .. 'dead', ARGV[5])
end
redis.call('LTRIM', mail_key(conv), size, -1)
redis.call('HDEL', mails_key(conv), unpack(ids))
redis.call('DEL', turn_key(conv), calls_key(conv), asks_key(conv))
local sessions, n = sessions_key(conv), ARGV[6]
redis.call('HSET', sessions, n, ARGV[7])
-- Only what the turn changed is written, and edits that were saved while it ran are kept.
if ARGV[8] ~= ARGV[9] then
  local edits, stored = ARGV[9], redis.call('HGET', sessions, n .. ':edits') or '{}'
  if stored ~= ARGV[8] then
    local found, left = cjson.decode(ARGV[8]), cjson.decode(ARGV[9])
    for message, text in pairs(cjson.decode(stored)) do
      if found[message] ~= text then left[message] = text end
    end
    edits = cjson.encode(left)
  end
  redis.call('HSET', sessions, n .. ':edits', edits)
end
for i = 10, #ARGV, 2 do redis.call('HSET', sessions, n .. ':' .. ARGV[i], ARGV[i + 1]) end
settle(conv, epoch)
if redis.call('EXISTS', mail_key(conv)) == 1 then offer(conv) end
return 1
"""
)

RETURN = (
    CHAT
    + _FENCE
    + """
-- ARGV: conversation, epoch, 'front' or delay in ms, added attempts, checkpoint or ''.
-- Answers 1, or 0: somebody else holds it.
if ARGV[5] ~= '' then redis.call('HSET', turn_key(conv), 'checkpoint', ARGV[5]) end
if ARGV[4] ~= '0' then redis.call('HINCRBY', turn_key(conv), 'attempts', ARGV[4]) end
if ARGV[3] == 'front' then
  give_back(conv, true, false)
elseif redis.call('HDEL', turn_key(conv), 'woken') == 1 or ARGV[3] == '0' then
  give_back(conv, false, false)
else
  postpone(conv, tonumber(ARGV[3]))
end
redis.call('SET', base .. 'done:' .. conv, epoch, 'PX', 60000)
return 1
"""
)
