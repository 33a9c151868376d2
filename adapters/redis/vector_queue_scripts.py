"""The scripts of files that wait to be indexed, in their vector store's partition.

The item of a file is `<store>/<file>`; what a lease is stands in `leases.py`. An item whose entry
is no longer in progress is dropped when it is popped, so that nothing is searched for in the list
of what waits.

What is added many at a time waits in `backlog`, behind what is added in small numbers: somebody who
attaches a file to a question does not wait for somebody's archive. Of each claim one item, and of
single ones every fourth, is taken from there, so that it is not left for ever either.
"""

from __future__ import annotations

from typing import Final

from adapters.redis.vector_scripts import COMMON

CLAIM: Final = (
    COMMON
    + """
-- ARGV: owner, lease ms, limit. Answers item, epoch, lost, tries, tenant, cut in turn.
sweep()
local ready, backlog = base .. 'ready', base .. 'backlog'
local answer, found, dropped = {}, 0, 0
local late_taken = ARGV[3] == '1' and now_ms() % 4 ~= 0
while found < tonumber(ARGV[3]) do
  local from = ready
  local next_item = redis.call('LINDEX', ready, 0)
  if not next_item or not late_taken and (found > 0 or ARGV[3] == '1') then
    local late = redis.call('LINDEX', backlog, 0)
    if late then next_item, from = late, backlog end
  end
  if not next_item then break end
  local store, file = string.match(next_item, '^([^/]+)/(.+)$')
  local entry = entry_of(store, file)
  local wanted = entry and entry.status == 'in_progress'
  if wanted and from == backlog then wanted = not state_of(next_item) end
  if wanted then
    found = found + 1
    if from == backlog then
      late_taken = true
      redis.call('LPOP', backlog)
      redis.call('HSET', claim_key(next_item), 'state', 'ready')
      redis.call('LPUSH', ready, next_item)
    end
    local item, epoch, lost = pop(ARGV[1], tonumber(ARGV[2]))
    for _, one in ipairs({
      item, whole(epoch), lost, redis.call('HGET', claim_key(item), 'tries') or '0',
      redis.call('HGET', head_of(store), 'tenant'), entry.cut,
    }) do answer[#answer + 1] = one end
  else
    redis.call('LPOP', from)
    if from == ready then redis.call('DEL', claim_key(next_item)) end
    dropped = dropped + 1
    if dropped == 1000 then  -- enough for one step; whoever waits comes again at once
      ring()
      break
    end
  end
end
return answer
"""
)

END: Final = (
    COMMON
    + """
-- ARGV: store, file, epoch, what ('completed', 'failed', 'gone', 'later', 'again'), then bytes and
-- outcome of the first two, or the delay in ms. Answers 1, or 0 when the claim was lost.
local item, epoch, what = item_of(ARGV[1], ARGV[2]), ARGV[3], ARGV[4]
if settled(item, epoch) then return 1 end
if not held(item, epoch) then return 0 end
if what == 'again' then
  give_back(item, true, false)
  return 1
end
if what == 'later' then
  redis.call('HINCRBY', claim_key(item), 'tries', 1)
  postpone(item, tonumber(ARGV[5]))
  return 1
end
settle(item, epoch)
local former = entry_of(ARGV[1], ARGV[2])
if not former then return 0 end
local entry = nil
if what ~= 'gone' then
  entry = read(written(former))
  entry.status, entry.bytes, entry.outcome = what, ARGV[5], ARGV[6]
end
put(ARGV[1], ARGV[2], former, entry)
return 1
"""
)
