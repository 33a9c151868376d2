"""Runs that are kept for their Thread's home, as scripts (docs/decisions/0016).

An item of the Run queue has one more state than `leases.py` draws:

    absent | leased ──keep──▶ kept ──its home claims──▶ leased
                                │
                                └──its home has no place, or time──▶ ready

`kept` is a sorted set by the time at which the item is everybody's (server ms); `for` in the item's
claim says whose it is until then. The doorbell tells `<ms> <owner>`, so that the owner claims at
once and all others look again when the time is over. An owner that let it pass is dead or stands
still, and is the Thread's home no more; one that is known to be gone is not waited for.
"""

from __future__ import annotations

from adapters.redis.leases import PRELUDE
from core.engine.records import SESSION_S

KEEP = f"""
local function home_key(thread) return base .. 'thread:' .. thread .. ':home' end
local function home_of(thread) return redis.call('GET', home_key(thread)) end

-- whoever holds the item has the Thread's code session
local function settle_home(thread, item)
  local owner = redis.call('HGET', claim_key(item), 'owner')
  if owner then redis.call('SET', home_key(thread), owner, 'EX', {SESSION_S}) end
end

-- absent or leased -> kept, for so many ms
local function keep(item, home, kept_ms)
  redis.call('ZREM', base .. 'leases', item)
  redis.call('HDEL', claim_key(item), 'epoch', 'owner')
  redis.call('HSET', claim_key(item), 'state', 'kept', 'for', home)
  redis.call('ZADD', base .. 'kept', whole(now_ms() + kept_ms), item)
  redis.call('PUBLISH', base .. 'bell', whole(kept_ms) .. ' ' .. home)
end

-- kept -> nowhere yet: the caller takes it or passes it on
local function unkeep(item)
  redis.call('ZREM', base .. 'kept', item)
  redis.call('HDEL', claim_key(item), 'for')
end

-- kept -> ready
local function pass_on(item)
  unkeep(item)
  redis.call('HSET', claim_key(item), 'state', 'ready')
  redis.call('RPUSH', base .. 'ready', item)
  ring()
end
"""

DROP = """
-- any state -> absent; the ready list is searched only for an item that is in it
local function drop(item)
  local state = state_of(item)
  if state == 'leased' then
    redis.call('ZREM', base .. 'leases', item)
    redis.call('DEL', claim_key(item))
  elseif state == 'kept' then
    redis.call('ZREM', base .. 'kept', item)
    redis.call('DEL', claim_key(item))
  elseif state then
    forget(item)
  end
end
"""

CLAIM = (
    PRELUDE
    + KEEP
    + """
-- ARGV: owner, lease ms, limit, owners that are known to be gone. Answers item, epoch, lost.
sweep()
local gone = {}
for i = 4, #ARGV do gone[ARGV[i]] = true end
local owner, lease_ms, left = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local answer = {}
local function give(item, epoch, lost)
  answer[#answer + 1] = item
  answer[#answer + 1] = whole(epoch)
  answer[#answer + 1] = lost
  left = left - 1
end

local now = now_ms()
local kept = redis.call('ZRANGE', base .. 'kept', 0, 999, 'WITHSCORES')
for i = 1, #kept, 2 do
  local item = kept[i]
  local home = redis.call('HGET', claim_key(item), 'for')
  if home == owner and left > 0 then
    unkeep(item)
    local lost = tonumber(redis.call('HGET', claim_key(item), 'lost') or '0')
    give(item, take(item, owner, lease_ms), lost)
  elseif home == owner then
    pass_on(item)
  elseif gone[home] or tonumber(kept[i + 1]) <= now then
    local thread = string.match(item, '^[^/]*')
    if home_of(thread) == home then redis.call('DEL', home_key(thread)) end
    pass_on(item)
  end
end
while left > 0 do
  local item, epoch, lost = pop(owner, lease_ms)
  if not item then break end
  give(item, epoch, lost)
end
return answer
"""
)
"""The Run queue's claim: what is kept for the owner, then what is everybody's."""
