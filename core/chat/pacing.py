"""How fast a platform may be called, agreed upon by all processes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from core.clock import Clock
from core.errors import PlatformRateLimited

PATIENCE_MS: Final = 30_000
"""How long something that has to be said waits for its place."""

KEPT_S: Final = 1.0
"""How long a place that was given ahead of time may be used."""


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


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls a second over all processes, and `burst` at once after a pause.

    Places are taken `block` at a time; `burst` is a multiple of that. In any second at most
    `per_second + burst` places are given.
    """

    per_second: int
    burst: int
    block: int

    @property
    def pace(self) -> Pace:
        """At which blocks are given."""
        return Pace(1000 * self.block // self.per_second, self.burst // self.block)


class Shared:
    """One limit for the calls of all processes, without asking the store before each call.

    Places come in blocks and are asked for ahead of time, so that a call finds one there. After a
    pause the first call goes at once and its place is taken from the next block: once in `KEPT_S`.
    What was given and is not used for `KEPT_S` is forgotten, so that idle processes hoard nothing.

    Serial: calls that wait, in order. Survives a crash: nothing, and nothing has to. Bounded: one
    question to the store at a time, and as many waiting calls as may go in `PATIENCE_MS`.
    """

    def __init__(self, pacer: Pacer, clock: Clock, name: str, limit: Limit) -> None:
        self._pacer = pacer
        self._clock = clock
        self._name = name
        self._limit = limit
        self._blocks: deque[_Block] = deque()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._asking: asyncio.Task[bool] | None = None
        self._free_from = 0.0
        self._owed = 0

    async def aclose(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def at_once(self) -> bool:
        """Take a place if there is one just now and nobody waits."""
        if self._turn.locked() or not self._take():
            return False
        self._look_ahead()
        return True

    async def wait(self) -> None:
        """Take a place; wait for it if need be.

        Raises:
            PlatformRateLimited: there are too many before it.
        """
        if self._waiting * 1000 >= self._limit.per_second * PATIENCE_MS:
            raise PlatformRateLimited("too many calls at once", retry_after_s=5.0)
        self._waiting += 1
        try:
            async with self._turn:
                while not self._take():
                    if self._blocks:
                        await self._clock.sleep(self._blocks[0].at - self._clock.monotonic())
                    elif not await asyncio.shield(self._ask()):
                        raise PlatformRateLimited("too many calls at once", retry_after_s=5.0)
        finally:
            self._waiting -= 1
        self._look_ahead()

    def _take(self) -> bool:
        now = self._clock.monotonic()
        while self._blocks and (not self._blocks[0].left or self._blocks[0].at + KEPT_S < now):
            self._blocks.popleft()
        if self._blocks and self._blocks[0].at <= now:
            self._blocks[0].left -= 1
            return True
        if self._blocks or now < self._free_from:
            return False
        self._free_from = now + KEPT_S
        self._owed += 1
        return True

    def _look_ahead(self) -> None:
        if sum(block.left for block in self._blocks) <= self._limit.block // 2:
            self._ask()

    def _ask(self) -> asyncio.Task[bool]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._reserve(), name=f"places of {self._name}")
        return self._asking

    async def _reserve(self) -> bool:
        wait_ms = await self._pacer.reserve(self._name, self._limit.pace, PATIENCE_MS)
        if wait_ms is None:
            return False
        left = max(0, self._limit.block - self._owed)
        self._owed = max(0, self._owed - self._limit.block)
        self._blocks.append(_Block(self._clock.monotonic() + wait_ms / 1000, left))
        return True


@dataclass(slots=True)
class _Block:
    """Places that may be used from a moment on, and how many are left."""

    at: float
    left: int
