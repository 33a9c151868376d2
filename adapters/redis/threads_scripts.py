"""The scripts of a Thread's partition: one atomic step each, all keys under one hash tag.

A Thread is these keys behind the partition's base:

    thread:<thread>                 hash    doc, rev, active (its Run that is not terminal), seq
    thread:<thread>:<list>          hash    id -> document; `messages`, `runs`, `steps:<run>`
    thread:<thread>:<list>:order    zset    id by place
    thread:<thread>:messages:of     zset    `<run>:<place>:<id>`, score 0: a Run's Messages
    thread:<thread>:log:<run>       stream  event log, ids `1-0`, `2-0`, ... without a gap
    thread:<thread>:reader:<run>    string  somebody waits for more of that log
    thread:<thread>:home            string  the owner that has its code session (homes.py)

Places come from one counter a Thread (`seq`) and only grow, so a list's order is that of insertion,
and an id keeps its place when it is replaced. A page is found by places, so it costs the same at
the end of a thousand Messages as at their beginning, also when only one Run's are asked for.
"""

from __future__ import annotations

from adapters.redis.homes import DROP, KEEP
from adapters.redis.leases import PRELUDE

LOG_LENGTH = 5000
"""Events that a Run's log keeps, about; a long answer is some 500 deltas."""

LOG_TTL_S = 24 * 3600
"""A log whose Run never ends goes after this long without an event. Runs live for minutes."""

LOG_TTL_AFTER_END_S = 3600
"""For followers that come back after the end: a browser tab that slept, a worker that crashed."""

READER_TTL_S = 30
"""How long a reader's mark lasts; who goes on reading renews it (core/engine/ports.py)."""

PUBLISHED_TO_READERS = 2

TOKEN_TTL_MS = 60_000
"""How long a change that was sent twice is recognised: longer than any client retries."""

GONE_S = 3600
"""How long the place of what was deleted is remembered, for whoever deletes a list page by page."""

LISTS = """
local function place_of(number) return string.format('%015.0f', tonumber(number)) end
local function member_of(run, number, id) return run .. ':' .. place_of(number) .. ':' .. id end
local function mark_of(value) return string.match(value, '^([^ ]*) ') end
"""

APPEND = f"""
-- Append to a log, which lives LOG_TTL_S from its last event. events: names and data in turn.
local function append(log, from)
  if from > #ARGV then return end
  local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  local number = last[1] and tonumber(string.match(last[1][1], '^%d+')) or 0
  for i = from, #ARGV, 2 do
    number = number + 1
    redis.call('XADD', log, 'MAXLEN', '~', {LOG_LENGTH}, whole(number) .. '-0',
      'event', ARGV[i], 'data', ARGV[i + 1])
  end
  if redis.call('TTL', log) < {LOG_TTL_S // 2} then redis.call('EXPIRE', log, {LOG_TTL_S}) end
end
"""

COMMIT = (
    PRELUDE
    + LISTS
    + APPEND
    + KEEP
    + DROP
    + f"""
-- ARGV: token, thread, run, flags (a: activate, d: deactivate, q: enqueue, p: park, h: whoever has
-- the claim is the Thread's home), claim as, lease ms, expires at, how long for a home (ms); then
-- four parts: expectations (kind, a, b), documents (list, id, bytes), Messages to remove, each with
-- its count in front, and events (name, data) to the end.
-- Answers 'done', epoch; or 'failed', number of the expectation (0: the Thread must exist), and
-- the active Run.
local token = base .. 'token:' .. ARGV[1]
local before = redis.call('GET', token)
if before then return {{'done', before}} end

local thread, run, flags, owner = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local head = base .. 'thread:' .. thread
local item = thread .. '/' .. run
local function has(flag) return string.find(flags, flag, 1, true) ~= nil end

local stored = redis.call('HMGET', head, 'doc', 'active')
local exists, active = stored[1], stored[2]
local holds = {{
  free = function() return exists and not active end,
  at = function(id, revision)
    local value = redis.call('HGET', head .. ':runs', id)
    return value and mark_of(value) == revision
  end,
  thread = function(_, revision)
    return exists and (redis.call('HGET', head, 'rev') or '0') == revision
  end,
  epoch = function(id, epoch) return held(thread .. '/' .. id, epoch) end,
  exists = function(id)
    return exists and (id == '' or redis.call('HEXISTS', head .. ':messages', id) == 1)
  end,
  absent = function(of_run, message)
    if of_run == '' and message == '' then return not exists end
    return redis.call('HEXISTS', head .. ':runs', of_run) == 0
      and redis.call('HEXISTS', head .. ':messages', message) == 0
  end,
}}

local at = 9
local count = tonumber(ARGV[at])
at = at + 1
for i = 1, count do
  if not holds[ARGV[at]](ARGV[at + 1], ARGV[at + 2]) then
    return {{'failed', i, active or ''}}
  end
  at = at + 3
end

count = tonumber(ARGV[at])
at = at + 1
local founded = exists
for i = 0, count - 1 do founded = founded or ARGV[at + 3 * i] == 'thread' end
if not founded then return {{'failed', 0, ''}} end

local function put(list, id, value)
  local key = head .. ':' .. list
  local order = key .. ':order'
  local former = list == 'messages' and redis.call('HGET', key, id)
  local place
  if redis.call('HSET', key, id, value) == 1 then
    place = redis.call('HINCRBY', head, 'seq', 1)
    redis.call('ZADD', order, whole(place), id)
  end
  if list ~= 'messages' then return end
  local was, is = former and mark_of(former) or '', mark_of(value)
  if was == is then return end
  place = place or redis.call('ZSCORE', order, id)
  if was ~= '' then redis.call('ZREM', key .. ':of', member_of(was, place, id)) end
  if is ~= '' then redis.call('ZADD', key .. ':of', 0, member_of(is, place, id)) end
end

for _ = 1, count do
  if ARGV[at] == 'thread' then
    if exists then redis.call('HINCRBY', head, 'rev', 1) end
    redis.call('HSET', head, 'doc', ARGV[at + 2])
  else
    put(ARGV[at], ARGV[at + 1], ARGV[at + 2])
  end
  at = at + 3
end

count = tonumber(ARGV[at])
at = at + 1
local messages = head .. ':messages'
for _ = 1, count do
  local id = ARGV[at]
  local former = redis.call('HGET', messages, id)
  if former then
    local owned = mark_of(former)
    local place = redis.call('ZSCORE', messages .. ':order', id)
    if owned ~= '' then redis.call('ZREM', messages .. ':of', member_of(owned, place, id)) end
    redis.call('HDEL', messages, id)
    redis.call('ZREM', messages .. ':order', id)
    redis.call('SET', messages .. ':order:gone:' .. id, place, 'EX', {GONE_S})
  end
  at = at + 1
end

if has('a') then redis.call('HSET', head, 'active', run) end
if ARGV[7] ~= '' then redis.call('ZADD', base .. 'expiry', ARGV[7], item) end

local epoch = 0
local offered = owner ~= '' or has('q')
local state = offered and state_of(item)
local home = offered and state ~= 'ready' and ARGV[8] ~= '0' and home_of(thread)
if home and home ~= owner then
  if state ~= 'kept' then keep(item, home, tonumber(ARGV[8])) end
elseif owner ~= '' then
  if state == 'ready' then redis.call('LREM', base .. 'ready', 1, item) end
  if state == 'kept' then unkeep(item) end
  epoch = take(item, owner, tonumber(ARGV[6]))
elseif has('q') then
  -- whoever still holds a Run that is offered anew has lost it
  if state == 'leased' then give_back(item, false, false) elseif not state then offer(item) end
end

if has('h') then settle_home(thread, item) end
if has('p') then drop(item) end
local log = head .. ':log:' .. run
append(log, at)
if has('d') then
  if redis.call('HGET', head, 'active') == run then redis.call('HDEL', head, 'active') end
  redis.call('ZREM', base .. 'expiry', item)
  drop(item)
  redis.call('EXPIRE', log, {LOG_TTL_AFTER_END_S})
end
redis.call('SET', token, whole(epoch), 'PX', {TOKEN_TTL_MS})
return {{'done', whole(epoch)}}
"""
)

PUBLISH = (
    PRELUDE
    + APPEND
    + f"""
-- ARGV: token, thread, run, epoch, events (name, data). Answers 0 when the claim is lost, else
-- whether somebody reads the log: 1 nobody, 2 somebody.
-- Sent twice, it counts once: the claim remembers the last token of its one writer.
local item = ARGV[2] .. '/' .. ARGV[3]
if not held(item, ARGV[4]) then return 0 end
local head = base .. 'thread:' .. ARGV[2]
if redis.call('HGET', claim_key(item), 'token') ~= ARGV[1] then
  append(head .. ':log:' .. ARGV[3], 5)
  redis.call('HSET', claim_key(item), 'token', ARGV[1])
end
return redis.call('EXISTS', head .. ':reader:' .. ARGV[3]) == 1 and {PUBLISHED_TO_READERS} or 1
"""
)

PAGE = (
    """
local base = KEYS[1]
"""
    + LISTS
    + """
-- ARGV: hash, zset of its order, order, limit, after, before, and for the part that belongs to a
-- Run that zset and the Run. Answers whether there is more, then the documents.
local hash, order = base .. ARGV[1], base .. ARGV[2]
local ascending, limit = ARGV[3] == 'asc', tonumber(ARGV[4])

local function place(id)
  if id == '' then return nil end
  return redis.call('ZSCORE', order, id) or redis.call('GET', order .. ':gone:' .. id) or nil
end
local after, before = place(ARGV[5]), place(ARGV[6])
if (ARGV[5] ~= '' and not after) or (ARGV[6] ~= '' and not before) then return {0} end

-- `before` alone is the page that ends in front of that id: read from there towards the front
local backwards = before and not after
local low, high = after, before
if not ascending then low, high = before, after end
local upwards = ascending
if backwards then upwards = not ascending end

local ids
if ARGV[8] == '' then
  low, high = low and '(' .. low or '-inf', high and '(' .. high or '+inf'
  local name = upwards and 'ZRANGEBYSCORE' or 'ZREVRANGEBYSCORE'
  if not upwards then low, high = high, low end
  ids = redis.call(name, order, low, high, 'LIMIT', 0, limit + 1)
else
  -- ';' is the character behind ':'
  low = low and '(' .. ARGV[8] .. ':' .. place_of(low) .. ';' or '[' .. ARGV[8] .. ':'
  high = high and '(' .. ARGV[8] .. ':' .. place_of(high) or '(' .. ARGV[8] .. ';'
  local name = upwards and 'ZRANGEBYLEX' or 'ZREVRANGEBYLEX'
  if not upwards then low, high = high, low end
  ids = redis.call(name, base .. ARGV[7], low, high, 'LIMIT', 0, limit + 1)
  for i, member in ipairs(ids) do ids[i] = string.match(member, '[^:]+$') end
end

local more = 0
if #ids > limit then
  more = 1
  ids[#ids] = nil
end
if backwards then
  for i = 1, math.floor(#ids / 2) do ids[i], ids[#ids + 1 - i] = ids[#ids + 1 - i], ids[i] end
end
local answer = {more}
for start = 1, #ids, 500 do
  local some = redis.call('HMGET', hash, unpack(ids, start, math.min(start + 499, #ids)))
  for _, value in ipairs(some) do answer[#answer + 1] = value end
end
return answer
"""
)

DELETE = (
    PRELUDE
    + DROP
    + """
-- ARGV: thread. Removes every key of it. Answers whether it was there.
local head = base .. 'thread:' .. ARGV[1]
if redis.call('EXISTS', head) == 0 then return 0 end
for _, run in ipairs(redis.call('ZRANGE', head .. ':runs:order', 0, -1)) do
  local item = ARGV[1] .. '/' .. run
  drop(item)
  redis.call('ZREM', base .. 'expiry', item)
  redis.call('UNLINK', head .. ':steps:' .. run, head .. ':steps:' .. run .. ':order',
    head .. ':log:' .. run, head .. ':reader:' .. run)
end
redis.call('UNLINK', head, head .. ':messages', head .. ':messages:order', head .. ':messages:of',
  head .. ':runs', head .. ':runs:order', head .. ':home')
return 1
"""
)
