"""Leases from outside: what the mailbox (family `c`) and the Run queue (family `t`) share.

    claims = Claims(client, "c", partitions, lease_ms=10_000)
    claims.base(name)                  -> base of the partition of `name`: KEYS[1] of scripts
    await claims.claim(owner, limit)   -> [Taken(base, item, epoch, takeovers)], next ones first
    await claims.renew([Held(base, item, epoch), ...])  -> [True kept | False lost]
    await claims.release(held, again=True)   -> hand-over: its turn stays; again=False settles it
    await claims.recover(owner_is_gone)      -> leases of dead owners run out at once; how many
    await claims.wait(timeout_s)       -> returns when something may be claimable (doorbell);
                                          with kept_for=owner only what is kept for it counts
    await claims.aclose()              -> ends the doorbell

A family whose claiming does more in the same step passes its own script to `claim(script=...)`:
PRELUDE in front, ARGV owner, lease ms, limit, then `args`; it calls `sweep()` and `pop(...)` and
answers a flat list, `row` values an item: item, epoch (`whole(epoch)`), lost, then its own, which
come back as `Taken.extra`.

A bell that says `<ms> <owner>` (`homes.py`) rings for that owner at once and for others after that
time.

Serial: claims of one process. Parallel: processes; an item goes to one of them. What survives a
crash: the leases, in the store. What bounds memory: three bits a partition; a timer for each item
that is kept for another process, for less than a second.

Fairness: each `claim` begins at the next partition in turn, then visits those whose bell rang,
then the rest, and stops when it has enough. So a lost bell or a lease that ran out delays an item
by at most as many claims as there are partitions, and a bell is answered at once. Partitions that
could not be asked come last, one a claim: a node that is away costs the others no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.redis import keys, leases
from adapters.redis.connection import Client, Script, decode
from adapters.redis.listening import Listener
from core.errors import StoreError

_CLAIM = Script(
    leases.PRELUDE
    + """
-- ARGV: owner, lease ms, limit. Answers item, epoch, lost in turn.
sweep()
local answer = {}
for _ = 1, tonumber(ARGV[3]) do
  local item, epoch, lost = pop(ARGV[1], tonumber(ARGV[2]))
  if not item then break end
  answer[#answer + 1] = item
  answer[#answer + 1] = whole(epoch)
  answer[#answer + 1] = lost
end
return answer
"""
)

_RELEASE = Script(
    leases.PRELUDE
    + """
-- ARGV: item, epoch, '1' to offer it again. Answers 1, or 0 when somebody else has it.
if not held(ARGV[1], ARGV[2]) then return 0 end
if ARGV[3] == '1' then give_back(ARGV[1], true, false) else settle(ARGV[1], ARGV[2]) end
return 1
"""
)

_RENEW = Script(leases.RENEW)
_OWNERS = Script(leases.OWNERS)
_DISOWN = Script(leases.DISOWN)

_MOST_GONE = 20
"""Processes of this machine that are remembered to be dead."""

_LATE_S = 0.01
"""Added to the time that an item is kept: looking a moment too early would find nothing."""

_RENEW_AT_ONCE = 200
"""Items in one renewal; more would keep the server from others for over a millisecond."""


@dataclass(frozen=True, slots=True)
class Held:
    """An item that its owner believes to hold. `base` names the partition."""

    base: str
    item: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Taken(Held):
    """An item just claimed. `takeovers` counts the owners that were lost while they held it."""

    takeovers: int = 0
    extra: tuple[Any, ...] = ()


class Claims:
    """The leases of one family, over all its partitions."""

    def __init__(
        self,
        client: Client,
        family: keys.Family,
        partitions: int,
        *,
        lease_ms: int,
        is_gone: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._client = client
        self._family: keys.Family = family
        self._partitions = partitions
        self.lease_ms = lease_ms
        self._bases = [keys.base(family, number) for number in range(partitions)]
        self._turn = 0
        self._rung = set(range(partitions))
        self._away: set[int] = set()
        self._kept: dict[str, set[int]] = {}
        """Partitions in which something is kept, by owners that claim here."""
        self._is_gone = is_gone
        self._gone: list[str] = []
        """Owners that something was kept for and that certainly live no more, the newest ones. The
        script is told of them behind its other arguments; where nothing is kept there are none."""
        self._bell = asyncio.Event()
        self._numbers = {f"{base}bell": number for number, base in enumerate(self._bases)}
        self._listener = Listener(
            client,
            patterns=(f"{keys.PREFIX}{{{family}:*}}:bell",),
            on_message=self._hear,
            on_gap=self._ring_all,
        )

    def base(self, name: str) -> str:
        """The base of the partition that `name` lies in."""
        return self._bases[keys.partition(name, self._partitions)]

    async def claim(
        self,
        owner: str,
        limit: int,
        *,
        script: Script = _CLAIM,
        args: Sequence[str | int] = (),
        row: int = 3,
    ) -> list[Taken]:
        """Up to `limit` items that nobody holds, those whose lease ran out included.

        A claim that is cancelled half-way may leave items taken; they come back when their lease
        runs out. Let it finish.

        Raises:
            StoreError: a partition could not be asked, and nothing was taken before it.
        """
        taken: list[Taken] = []
        kept = self._kept.setdefault(owner, set())
        for number in self._order(kept):
            wanted = limit - len(taken)
            if (wanted <= 0 and number not in kept) or (taken and number in self._away):
                break
            base = self._bases[number]
            kept.discard(number)
            self._rung.discard(number)
            try:
                answer: list[Any] = await script(
                    self._client, [base], [owner, self.lease_ms, wanted, *args, *self._gone]
                )
            except StoreError:
                self._away.add(number)
                if taken:
                    break
                raise
            self._away.discard(number)
            rows = [answer[at : at + row] for at in range(0, len(answer), row)]
            taken += [
                Taken(base, decode(item), int(epoch), int(lost), tuple(extra))
                for item, epoch, lost, *extra in rows
            ]
            if len(rows) == wanted:
                self._ring(number)
        return taken

    async def renew(self, held: Sequence[Held]) -> list[bool]:
        """Extend the leases by `lease_ms` from now; False for each that was lost.

        Raises:
            StoreError: a partition could not be asked; leases in others are extended all the same.
        """
        places: dict[str, list[int]] = {}
        for place, one in enumerate(held):
            places.setdefault(one.base, []).append(place)
        kept = [False] * len(held)

        async def extend(base: str, some: list[int]) -> None:
            args: list[str | int] = [self.lease_ms]
            for place in some:
                args += [held[place].item, held[place].epoch]
            answer: list[int] = await _RENEW(self._client, [base], args)
            for place, one in zip(some, answer, strict=True):
                kept[place] = one == 1

        batches = [
            extend(base, some[start : start + _RENEW_AT_ONCE])
            for base, some in places.items()
            for start in range(0, len(some), _RENEW_AT_ONCE)
        ]
        for outcome in await asyncio.gather(*batches, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        return kept

    async def release(self, held: Held, *, again: bool) -> bool:
        """Give it up; `again` offers it to the next owner, before all others. False: was lost."""
        answer = await _RELEASE(
            self._client, [held.base], [held.item, held.epoch, "1" if again else "0"]
        )
        return answer == 1

    async def recover(self, owner_is_gone: Callable[[str], bool]) -> int:
        """Let the leases of owners that are known to be gone run out at once; how many.

        For the start of a process: a worker that died on this machine is not waited for.
        """
        count = 0
        for base in self._bases:
            owners: list[Any] = await _OWNERS(self._client, [base], [])
            for owner in map(decode, owners):
                if owner_is_gone(owner):
                    count += int(await _DISOWN(self._client, [base], [owner]))
        return count

    async def wait(self, timeout_s: float, *, kept_for: str | None = None) -> None:
        """Return when something may have become claimable, at the latest after `timeout_s`.

        What rang since the last `claim` counts. Leases that run out do not ring: the time-out is
        how often they are looked for. With `kept_for` only what is kept for that owner counts.
        """
        self._listener.start()
        rung = self._rung if kept_for is None else self._kept.setdefault(kept_for, set())
        try:
            async with asyncio.timeout(timeout_s):
                while not rung:
                    self._bell.clear()
                    await self._bell.wait()
        except TimeoutError:
            return

    async def aclose(self) -> None:
        """End the doorbell's connection. The client stays open."""
        await self._listener.aclose()

    def _order(self, kept: set[int]) -> list[int]:
        first = self._turn
        self._turn = (first + 1) % self._partitions
        numbers = [(first + step) % self._partitions for step in range(self._partitions)]
        # The sort is stable: within each kind the order is that of the turn.
        return sorted(
            numbers,
            key=lambda one: (
                one not in kept,
                one in self._away,
                one != first and one not in self._rung,
            ),
        )

    def _hear(self, channel: str, data: bytes) -> None:
        number = self._numbers.get(channel)
        wait_ms, _, owner = decode(data).partition(" ")
        if number is not None and owner in self._kept:
            self._kept[owner].add(number)
        elif owner and (owner in self._gone or self._is_gone(owner)):
            self._gone = [*(one for one in self._gone if one != owner), owner][-_MOST_GONE:]
        elif owner and wait_ms.isdecimal():
            late_s = int(wait_ms) / 1000 + _LATE_S
            asyncio.get_running_loop().call_later(late_s, self._ring, number)
            return
        self._ring(number)

    def _ring(self, number: int | None) -> None:
        if number is not None:
            self._rung.add(number)
            self._bell.set()

    def _ring_all(self) -> None:
        self._rung.update(range(self._partitions))
        self._bell.set()
