"""How fast a platform may be called, agreed upon by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from core.clock import Clock
from core.errors import PlatformRateLimited

PATIENCE_MS: Final = 30_000
"""How long something that has to be said waits for its place."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Once every `interval_ms`, and up to `burst` at a time after a pause."""

    interval_ms: int
    burst: int = 1


class Pacer(Protocol):
    """Hands out the moments at which a platform may be called."""

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        """Milliseconds to wait before the next call of that name.

        None, and nothing is reserved, when it would be longer than `patience_ms`. A store that
        cannot be asked paces nobody: the answer is 0 then, and the platform says when to wait.
        """
        ...


class Paces:
    """The paces of one bot on a platform. `name` tells its calls from those of others."""

    def __init__(self, pacer: Pacer, clock: Clock, name: str) -> None:
        self._pacer = pacer
        self._clock = clock
        self._name = name

    async def may(self, call: str, pace: Pace, patience_ms: int = 0) -> bool:
        """Wait for the place of a call; False when that would take longer than the patience."""
        wait_ms = await self._pacer.reserve(f"{self._name}:{call}", pace, patience_ms)
        if wait_ms:
            await self._clock.sleep(wait_ms / 1000)
        return wait_ms is not None

    async def wait(self, call: str, pace: Pace) -> None:
        """Wait for the place of a call that has to be made.

        Raises:
            PlatformRateLimited: there are too many before it.
        """
        if not await self.may(call, pace, PATIENCE_MS):
            raise PlatformRateLimited(f"too many calls at once: {call}", retry_after_s=5.0)
