"""What Discord lets one bot and one address ask for, over all processes.

50 requests a second of a bot, whatever they are; what an interaction's token allows does not count.
10,000 refusals (401, 403, 429) in ten minutes get a whole address banned: past `MOST_REFUSED` this
process asks nothing until they are old, and past as many in all processes together it is silent for
`PAUSE_S` after each further one. What a channel does not permit is not asked for there again for
`FORBIDDEN_S`.

Parallel: any number of calls. Survives a crash: what all processes share. Bounded: ten minutes of
refusals, `MOST_FORBIDDEN` channels.
Source: https://docs.discord.com/developers/topics/rate-limits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from hashlib import blake2b
from typing import Final

from core.chat.pacing import Limit, Pace, Pacer, Shared
from core.clock import Clock
from core.errors import PlatformRateLimited, TooEarly

ALL_REQUESTS: Final = Limit(per_second=40, burst=5, block=5)
"""At most 45 in a second, so that what processes have in hand stays below Discord's 50 as well."""

MOST_REFUSED: Final = 5_000
REFUSED_S: Final = 600.0
_REFUSALS: Final = Pace(150, 4_000)
"""4,000 at once and as many in ten minutes: at most 8,000 in any ten minutes."""
PAUSE_S: Final = 60.0

FORBIDDEN_S: Final = 600.0
MOST_FORBIDDEN: Final = 10_000


class Limits:
    """Of one bot's token. Without a pacer each process is on its own."""

    def __init__(
        self, token: str, clock: Clock, pacer: Pacer | None, *, most_refused: int = MOST_REFUSED
    ) -> None:
        # A digest, so that no key of the store holds the token.
        name = f"discord:{blake2b(token.encode(), digest_size=8).hexdigest()}"
        self._clock = clock
        self._pacer = pacer
        self._refusals = f"{name}:refused"
        self._shared = Shared(pacer, clock, f"{name}:all", ALL_REQUESTS) if pacer else None
        self._most_refused = most_refused
        self._refused: deque[float] = deque()
        self._silent_until = 0.0
        self._forbidden: dict[str, tuple[float, int]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Stop telling the other processes."""
        if self._shared is not None:
            await self._shared.aclose()
        for task in tuple(self._telling):
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def pass_by(self, *, as_bot: bool, patient: bool) -> None:
        """Wait until a request may be made; who is not patient goes at once or not at all.

        Raises:
            PlatformRateLimited: it may not be made soon.
            TooEarly: it is not patient, and there is no place just now.
        """
        self._mind_silence()
        if self._shared is None or not as_bot:
            return
        if patient:
            await self._shared.wait()
            self._mind_silence()
        elif not self._shared.at_once():
            raise TooEarly("Discord is asked too much just now")

    def silence(self, seconds: float) -> None:
        """Nobody asks anything for so long."""
        self._silent_until = max(self._silent_until, self._clock.monotonic() + seconds)

    def refused(self) -> None:
        """A request was refused in a way that counts."""
        now = self._clock.monotonic()
        self._refused.append(now)
        while self._refused and self._refused[0] < now - REFUSED_S:
            self._refused.popleft()
        if len(self._refused) >= self._most_refused:
            self.silence(self._refused[0] + REFUSED_S - now)
        if self._pacer is not None:
            task = asyncio.create_task(self._tell(self._pacer), name="a refusal of Discord's")
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, pacer: Pacer) -> None:
        if await pacer.reserve(self._refusals, _REFUSALS, 0) is None:
            self.silence(PAUSE_S)

    def forbid(self, name: str, code: int) -> None:
        """This is not permitted, and need not be asked for again soon."""
        self._forbidden[name] = (self._clock.monotonic(), code)
        while len(self._forbidden) > MOST_FORBIDDEN:
            del self._forbidden[next(iter(self._forbidden))]

    def forbidden(self, name: str) -> int:
        """With which code this was forbidden a while ago; 0 where it was not."""
        since, code = self._forbidden.get(name, (0.0, 0))
        if code and self._clock.monotonic() - since >= FORBIDDEN_S:
            del self._forbidden[name]
            return 0
        return code

    def _mind_silence(self) -> None:
        left = self._silent_until - self._clock.monotonic()
        if left > 0:
            raise PlatformRateLimited("Discord asked us to be silent", retry_after_s=left)
