"""The scripts of a vector store's partition: one atomic step each, all keys under one hash tag.

A vector store is these keys behind the partition's base:

    store:<store>                    hash   doc, tenant, days, active, version, floor, seq, bytes,
                                            and how many files have each status
    store:<store>:files              hash   file id -> entry
    store:<store>:files:order        zset   file ids by place
    store:<store>:files:of           zset   `<status>:<place>:<id>`, score 0
    store:<store>:changes            zset   file ids by the version at which a search saw a change
    store:<store>:batches            zset   batch ids by creation
    store:<store>:batch:<batch>      hash   created, stopped, and how many files of each status
    store:<store>:batch:<batch>:order, :of  as those of the store's files

An entry is three lines: `<status> <bytes> <created> <tokens>/<overlap> <file> <batches>`, the
attributes' JSON, and the outcome's JSON. So no script reads JSON, and a status changes without it.
What waits to be indexed stands in `vector_queue_scripts.py`.

Counts, lists and `changes` move with the status in one function, `put`.
"""

from __future__ import annotations

from typing import Final

from adapters.redis.leases import PRELUDE
from adapters.redis.threads_scripts import LISTS
from core.engine.vectors.records import FEW

BATCH_TTL_S: Final = 7 * 24 * 3600
"""A batch is there to be waited for; a week is longer than anybody does."""

COMMON: Final = (
    PRELUDE
    + LISTS
    + f"""
local STATUSES = {{'in_progress', 'completed', 'failed', 'cancelled'}}
local function head_of(store) return base .. 'store:' .. store end
local function batch_key(store, batch) return head_of(store) .. ':batch:' .. batch end
local function item_of(store, file) return store .. '/' .. file end
local function is_there(store) return redis.call('EXISTS', head_of(store)) == 1 end

-- an entry as a table, and back
local function read(value)
  local status, bytes, created, cut, file, batches, attributes, outcome =
    string.match(value, '^(%S+) (%d+) (%d+) (%S+) (%S+) (%S*)\\n([^\\n]*)\\n(.*)$')
  return {{status = status, bytes = bytes, created = created, cut = cut, file = file,
    batches = batches, attributes = attributes, outcome = outcome}}
end
local function written(entry)
  return entry.status .. ' ' .. entry.bytes .. ' ' .. entry.created .. ' ' .. entry.cut .. ' '
    .. entry.file .. ' ' .. entry.batches .. '\\n' .. entry.attributes .. '\\n' .. entry.outcome
end
local function entry_of(store, file)
  local value = redis.call('HGET', head_of(store) .. ':files', file)
  return value and read(value)
end
local function each_batch(store, batches)
  local found = {{}}
  for batch in string.gmatch(batches, '[^,]+') do
    if redis.call('EXISTS', batch_key(store, batch)) == 1 then found[#found + 1] = batch end
  end
  return found
end

-- moves a file within a list (of the store, of a batch) from a status to another; nil: not in it
local function move(counts, list, file, place, was, is)
  if was == is then return end
  if was then
    redis.call('HINCRBY', counts, was, -1)
    redis.call('ZREM', list .. ':of', member_of(was, place, file))
  end
  if is then
    redis.call('HINCRBY', counts, is, 1)
    redis.call('ZADD', list .. ':of', 0, member_of(is, place, file))
  end
end

-- a search has to know of this file again
local function changed(store, file)
  local head = head_of(store)
  local version = redis.call('HINCRBY', head, 'version', 1)
  redis.call('ZADD', head .. ':changes', version, file)
  -- files that are gone stay in the list; when they are too many, everybody begins anew
  if redis.call('ZCARD', head .. ':changes') > 2 * redis.call('HLEN', head .. ':files') + 1000 then
    redis.call('DEL', head .. ':changes')
    redis.call('HSET', head, 'floor', version)
  end
end

-- keeps `entry` (nil: removes it) in the place of `former` (nil: there was none)
local function put(store, file, former, entry)
  local head = head_of(store)
  local list = head .. ':files'
  local place = former and redis.call('ZSCORE', list .. ':order', file)
  if not place then
    place = redis.call('HINCRBY', head, 'seq', 1)
    redis.call('ZADD', list .. ':order', whole(place), file)
  end
  local was, is = former and former.status, entry and entry.status
  move(head, list, file, place, was, is)
  local grown = (entry and entry.bytes or 0) - (former and former.bytes or 0)
  if grown ~= 0 then redis.call('HINCRBY', head, 'bytes', whole(grown)) end
  local joined = former and ',' .. former.batches .. ',' or ','
  local batches = each_batch(store, entry and entry.batches or former.batches)
  for _, batch in ipairs(batches) do
    local key = batch_key(store, batch)
    local had = string.find(joined, ',' .. batch .. ',', 1, true)
    if not had then redis.call('ZADD', key .. ':order', whole(place), file) end
    move(key, key, file, place, had and was or nil, is)
    if not is then redis.call('ZREM', key .. ':order', file) end
    redis.call('EXPIRE', key .. ':order', {BATCH_TTL_S})
    redis.call('EXPIRE', key .. ':of', {BATCH_TTL_S})
  end
  if entry then
    entry.batches = table.concat(batches, ',')
    redis.call('HSET', list, file, written(entry))
  else
    redis.call('HDEL', list, file)
    redis.call('ZREM', list .. ':order', file)
  end
  if was == 'completed' or is == 'completed' then changed(store, file) end
end

-- leased -> absent, so that its owner has lost it
local function release(item)
  if state_of(item) == 'leased' then
    redis.call('ZREM', base .. 'leases', item)
    redis.call('DEL', claim_key(item))
  end
end
local function expired(active, days, now)
  return days and days ~= '' and tonumber(active) + tonumber(days) * 86400 <= tonumber(now)
end
local FIELDS = {{'doc', 'tenant', 'active', 'bytes', unpack(STATUSES)}}
"""
)

CREATE: Final = (
    COMMON
    + """
-- ARGV: store, doc, tenant, active, days or ''
if is_there(ARGV[1]) then return 0 end
redis.call('HSET', head_of(ARGV[1]), 'doc', ARGV[2], 'tenant', ARGV[3], 'active', ARGV[4],
  'days', ARGV[5], 'version', 0, 'floor', 0, 'seq', 0, 'bytes', 0)
return 1
"""
)

READ: Final = (
    COMMON
    + """
-- ARGV: stores. Answers the fields of each.
local answer = {}
for i = 1, #ARGV do
  answer[i] = redis.call('HMGET', head_of(ARGV[i]), unpack(FIELDS))
end
return answer
"""
)

UPDATE: Final = (
    COMMON
    + """
-- ARGV: store, doc, active, days or ''. Answers whether it was there.
if not is_there(ARGV[1]) then return 0 end
redis.call('HSET', head_of(ARGV[1]), 'doc', ARGV[2], 'active', ARGV[3], 'days', ARGV[4])
return 1
"""
)

DELETE: Final = (
    COMMON
    + """
-- ARGV: store. Answers the ids of its files, or 0 when it was not there.
local head = head_of(ARGV[1])
if not is_there(ARGV[1]) then return 0 end
local files = redis.call('HKEYS', head .. ':files')
local own = ARGV[1] .. '/'
for _, item in ipairs(redis.call('ZRANGE', base .. 'leases', 0, -1)) do
  if string.sub(item, 1, #own) == own then release(item) end
end
for _, batch in ipairs(redis.call('ZRANGE', head .. ':batches', 0, -1)) do
  local key = batch_key(ARGV[1], batch)
  redis.call('UNLINK', key, key .. ':order', key .. ':of')
end
redis.call('UNLINK', head, head .. ':files', head .. ':files:order', head .. ':files:of',
  head .. ':changes', head .. ':batches')
return files
"""
)

LOOK: Final = (
    COMMON
    + """
-- ARGV: store, known version, now, tenant. Answers the store's fields, its version, 1 if what
-- follows is all, and file id, entry (nothing: gone) in turn of what a search has to know; nothing
-- where the store is another tenant's.
local store, known, now = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local head = head_of(store)
if not is_there(store) or redis.call('HGET', head, 'tenant') ~= ARGV[4] then return {} end
local row = redis.call('HMGET', head, 'active', 'days', 'version', 'floor')
if not expired(row[1], row[2], now) and tonumber(row[1]) < tonumber(now) then
  redis.call('HSET', head, 'active', now)
end
local list = head .. ':files'
local answer = {redis.call('HMGET', head, unpack(FIELDS)), row[3], 0}
local version = tonumber(row[3])
local files
if known < tonumber(row[4]) or known > version then
  answer[3] = 1
  files = {}
  for _, one in ipairs(redis.call('ZRANGEBYLEX', list .. ':of', '[completed:', '(completed;')) do
    files[#files + 1] = string.match(one, '[^:]+$')
  end
elseif known < version then
  files = redis.call('ZRANGEBYSCORE', head .. ':changes', '(' .. whole(known), '+inf')
end
for start = 1, files and #files or 0, 500 do
  local stop = math.min(start + 499, #files)
  local values = redis.call('HMGET', list, unpack(files, start, stop))
  for i = start, stop do
    answer[#answer + 1] = files[i]
    answer[#answer + 1] = values[i - start + 1] or ''
  end
end
return answer
"""
)

ADD: Final = (
    COMMON
    + f"""
-- ARGV: store, now, batch or '', most files, then file, cut, attributes ('-': as they are) in turn.
-- Answers 'done', 'gone' or 'full'.
local store, now, batch = ARGV[1], ARGV[2], ARGV[3]
local head = head_of(store)
if not is_there(store) then return 'gone' end
local formers, new = {{}}, 0
for i = 5, #ARGV, 3 do
  formers[i] = entry_of(store, ARGV[i])
  if not formers[i] then new = new + 1 end
end
if redis.call('HLEN', head .. ':files') + new > tonumber(ARGV[4]) then return 'full' end
if tonumber(redis.call('HGET', head, 'active')) < tonumber(now) then
  redis.call('HSET', head, 'active', now)
end
if batch ~= '' then
  local key = batch_key(store, batch)
  if redis.call('HSETNX', key, 'created', now) == 1 then
    redis.call('EXPIRE', key, {BATCH_TTL_S})
    redis.call('ZREMRANGEBYSCORE', head .. ':batches', '-inf', tonumber(now) - {BATCH_TTL_S} - 60)
    redis.call('ZADD', head .. ':batches', now, batch)
  end
end
local fresh, offered = {{}}, false
for i = 5, #ARGV, 3 do
  local file, cut, attributes, former = ARGV[i], ARGV[i + 1], ARGV[i + 2], formers[i]
  local entry = former and read(written(former)) or {{file = file, created = now, batches = ''}}
  local stays = former and former.cut == cut
    and (former.status == 'in_progress' or former.status == 'completed')
  if not stays then
    entry.status, entry.bytes, entry.cut, entry.outcome = 'in_progress', '0', cut, '{{}}'
  end
  if attributes ~= '-' then
    entry.attributes = attributes
  elseif not former then
    entry.attributes = 'null'
  end
  if batch ~= '' and not string.find(',' .. entry.batches .. ',', ',' .. batch .. ',', 1, true) then
    entry.batches = entry.batches == '' and batch or entry.batches .. ',' .. batch
  end
  put(store, file, former, entry)
  if not stays then
    local item = item_of(store, file)
    local state = state_of(item)
    if state then redis.call('HDEL', claim_key(item), 'tries', 'lost') end
    if state == 'leased' then give_back(item, false, false)
    elseif state == 'due' then hasten(item)
    elseif not state then fresh[#fresh + 1] = item end
    offered = true
  end
end
local waits = (#ARGV - 4) / 3 > {FEW} and 'backlog' or 'ready'
for _, item in ipairs(fresh) do
  if waits == 'ready' then redis.call('HSET', claim_key(item), 'state', 'ready') end
  redis.call('RPUSH', base .. waits, item)
end
if offered then ring() end
return 'done'
"""
)

ATTRIBUTES: Final = (
    COMMON
    + """
-- ARGV: store, file, attributes. Answers whether the store has the file.
local former = entry_of(ARGV[1], ARGV[2])
if not former then return 0 end
local entry = read(written(former))
entry.attributes = ARGV[3]
put(ARGV[1], ARGV[2], former, entry)
return 1
"""
)

REMOVE: Final = (
    COMMON
    + """
-- ARGV: store, file. Answers whether the store had the file.
local former = entry_of(ARGV[1], ARGV[2])
if not former then return 0 end
release(item_of(ARGV[1], ARGV[2]))
put(ARGV[1], ARGV[2], former, nil)
return 1
"""
)

CANCEL: Final = (
    COMMON
    + """
-- ARGV: store, batch. Its files that are in progress are cancelled.
local key = batch_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'stopped', '1')
for _, one in ipairs(redis.call('ZRANGEBYLEX', key .. ':of', '[in_progress:', '(in_progress;')) do
  local file = string.match(one, '[^:]+$')
  local former = entry_of(ARGV[1], file)
  local entry = read(written(former))
  entry.status = 'cancelled'
  release(item_of(ARGV[1], file))
  put(ARGV[1], file, former, entry)
end
return 1
"""
)
