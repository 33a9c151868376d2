"""One timer for all that is to be done a moment later.

Serial: the beats. Parallel: nothing. A crash loses what was due, which is why only things that can
be lost belong here. Memory is bounded by the number of callers; an idle process has no timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.clock import Clock


class Pulse:
    """Calls whoever asked, together, a moment later: one timer for all Runs of the process."""

    def __init__(self, clock: Clock, interval_s: float) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._due: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def soon(self, call: Callable[[], None]) -> None:
        """Call it within the interval."""
        self._due.append(call)
        if self._task is None:
            self._task = asyncio.create_task(self._beat(), name="pulse")

    async def _beat(self) -> None:
        try:
            while self._due:
                await self._clock.sleep(self._interval_s)
                due, self._due = self._due, []
                for call in due:
                    call()
        finally:
            self._task = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon things go to a Run's log: a Message that begins, with its first words; deltas while
    somebody reads the log, and while nobody does."""

    opening: Pulse
    read: Pulse
    unread: Pulse
