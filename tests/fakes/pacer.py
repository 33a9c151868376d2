"""A pacer of one process, on a clock of its own."""

from __future__ import annotations

from core.chat.pacing import Pace
from core.clock import Clock


class FakePacer:
    """`Pacer` in memory; `reserved` are the names that were asked for and granted, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}
        self.reserved: list[str] = []

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        now = self._clock.now() * 1000
        due = max(self._due.get(name, 0.0), now)
        wait = max(0.0, due - (pace.burst - 1) * pace.interval_ms - now)
        if wait > patience_ms:
            return None
        self._due[name] = due + pace.interval_ms
        self.reserved.append(name)
        return round(wait)
