"""Leases: one owner at a time for each item, first come first served, fenced.

Serial: the steps of one item. Parallel: items. What survives a crash: everything (the state lies
in the store); an owner that dies loses its items when their lease runs out. What bounds memory:
an item that nobody offers or holds leaves no key behind.

An item (a conversation with mail, a Run to execute) is in one of four states:

    absent ──offer──▶ ready ──take──▶ leased ──settle──▶ absent
                        ▲               │ │
                        └──lease ran out┘ └─postpone─▶ due ──time──▶ ready

`ready` is a list, so the order is the order of offering, and where an item stands can be told.
`leases` is a sorted set by deadline, so a sweep costs what has run out and nothing more. Time is
the server's alone: workers' clocks may differ. Every `take` draws a new epoch, never below the
server's milliseconds, so that it stays monotonic even over a failover that lost writes. A write
of an owner is valid only under the epoch it was given (`held`).

`PRELUDE` goes in front of every script that touches items; its functions run within that script's
atomic step. The doorbell (`PUBLISH <base>bell`) only shortens waiting: whoever missed it finds the
item at its next sweep.
"""

from __future__ import annotations

PRELUDE = """
local base = KEYS[1]
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function whole(number) return string.format('%.0f', number) end
local function claim_key(item) return base .. 'claim:' .. item end
local function next_epoch()
  local n = redis.call('INCR', base .. 'epoch')
  local t = now_ms()
  if n < t then
    redis.call('SET', base .. 'epoch', whole(t))
    n = t
  end
  return n
end
local function ring() redis.call('PUBLISH', base .. 'bell', '') end

-- state of an item: 'ready', 'leased', 'due', or false when absent
local function state_of(item) return redis.call('HGET', claim_key(item), 'state') end

-- absent -> ready, at the end of the queue
local function offer(item)
  redis.call('HSET', claim_key(item), 'state', 'ready')
  redis.call('RPUSH', base .. 'ready', item)
  ring()
end

-- any state -> leased; the caller has removed it from where it waited
local function take(item, owner, lease_ms)
  local epoch = next_epoch()
  redis.call('HSET', claim_key(item), 'state', 'leased', 'epoch', whole(epoch), 'owner', owner)
  redis.call('ZADD', base .. 'leases', whole(now_ms() + lease_ms), item)
  return epoch
end

local function held(item, epoch)
  local row = redis.call('HMGET', claim_key(item), 'state', 'epoch')
  return row[1] == 'leased' and row[2] == epoch
end

-- leased -> ready again, for the next owner; front keeps its turn, lost counts a crash
local function give_back(item, front, lost)
  redis.call('ZREM', base .. 'leases', item)
  redis.call('HDEL', claim_key(item), 'epoch', 'owner')
  redis.call('HSET', claim_key(item), 'state', 'ready')
  if lost then redis.call('HINCRBY', claim_key(item), 'lost', 1) end
  redis.call(front and 'LPUSH' or 'RPUSH', base .. 'ready', item)
  ring()
end

-- leased -> due: ready again after delay_ms
local function postpone(item, delay_ms)
  redis.call('ZREM', base .. 'leases', item)
  redis.call('HDEL', claim_key(item), 'epoch', 'owner')
  redis.call('HSET', claim_key(item), 'state', 'due')
  redis.call('ZADD', base .. 'due', whole(now_ms() + delay_ms), item)
end

-- due -> ready at once (a button was pressed, an operator retries)
local function hasten(item)
  if redis.call('ZREM', base .. 'due', item) == 1 then
    redis.call('HSET', claim_key(item), 'state', 'ready')
    redis.call('RPUSH', base .. 'ready', item)
    ring()
  end
end

-- leased -> absent; remembered for a minute, so that settling twice is no error
local function settle(item, epoch)
  redis.call('ZREM', base .. 'leases', item)
  redis.call('DEL', claim_key(item))
  redis.call('SET', base .. 'done:' .. item, epoch, 'PX', 60000)
end
local function settled(item, epoch) return redis.call('GET', base .. 'done:' .. item) == epoch end

-- any state -> absent, whoever holds it
local function forget(item)
  redis.call('ZREM', base .. 'leases', item)
  redis.call('ZREM', base .. 'due', item)
  redis.call('LREM', base .. 'ready', 0, item)
  redis.call('DEL', claim_key(item))
end

-- leases that ran out go to the front, items that are due to the end
local function sweep()
  local function overdue(set)
    local now = whole(now_ms())
    return ipairs(redis.call('ZRANGEBYSCORE', base .. set, '-inf', now, 'LIMIT', 0, 100))
  end
  for _, item in overdue('leases') do give_back(item, true, true) end
  for _, item in overdue('due') do hasten(item) end
end

-- the next item for owner: item, epoch, lost; or nil
local function pop(owner, lease_ms)
  local item = redis.call('LPOP', base .. 'ready')
  if not item then return nil end
  local lost = tonumber(redis.call('HGET', claim_key(item), 'lost') or '0')
  return item, take(item, owner, lease_ms), lost
end
"""

RENEW = (
    PRELUDE
    + """
-- ARGV: lease ms, then item and epoch in turn. Answers 1 (kept) or 0 (lost) for each.
local answer = {}
for i = 2, #ARGV, 2 do
  if held(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', base .. 'leases', whole(now_ms() + tonumber(ARGV[1])), ARGV[i])
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
return answer
"""
)

DISOWN = (
    PRELUDE
    + """
-- ARGV: owner. Its leases run out at once (the process is known to be gone). Answers how many.
local count = 0
for _, item in ipairs(redis.call('ZRANGE', base .. 'leases', 0, -1)) do
  if redis.call('HGET', claim_key(item), 'owner') == ARGV[1] then
    redis.call('ZADD', base .. 'leases', 0, item)
    count = count + 1
  end
end
if count > 0 then ring() end
return count
"""
)

OWNERS = (
    PRELUDE
    + """
-- Who holds a lease in this partition.
local seen, answer = {}, {}
for _, item in ipairs(redis.call('ZRANGE', base .. 'leases', 0, -1)) do
  local owner = redis.call('HGET', claim_key(item), 'owner')
  if owner and not seen[owner] then
    seen[owner] = true
    answer[#answer + 1] = owner
  end
end
return answer
"""
)
