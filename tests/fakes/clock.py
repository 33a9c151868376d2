"""A clock that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools


async def settled(rounds: int = 50) -> None:
    """Let everything run that can run without time passing."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class ManualClock:
    """Time stands still until `advance`."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self.pace_s = 0.0
        """How much later it is each time somebody looks."""
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now(self) -> float:
        self._now += self.pace_s
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._count), wake))
        await wake

    async def until_asleep(self) -> None:
        """Return when somebody waits for time to pass, however slow what comes before is."""
        while all(wake.done() for _, _, wake in self._sleepers):
            await asyncio.sleep(0.001)

    def jump(self, seconds: float) -> None:
        """Time passes and nobody gets to run: the machine slept."""
        self._now += seconds

    async def advance(self, seconds: float) -> None:
        """Let time pass; whoever sleeps wakes at the right moment and gets to run."""
        end = self._now + seconds
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, wake = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not wake.done():
                wake.set_result(None)
                await settled()
        self._now = end
        await settled()
