"""Time as an argument: wall time for stamps, monotonic time for waiting."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Tests pass one that they move by hand."""

    def now(self) -> float:
        """Seconds since the epoch (UTC), for stamps that people and other machines see."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go backwards, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this long."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
