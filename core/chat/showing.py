"""Showing a reply while it grows: one task reads the Run, another writes to the platform.

The reader never waits for the platform, so a slow one cannot hold back the Run's events; the
writer always shows what has come by the time it writes. First text goes out at once, later text
at the platform's pace.
"""

from __future__ import annotations

import asyncio
import logging

from core.assistants import Run
from core.chat.following import follow, is_end
from core.chat.outbox import Outbox
from core.chat.ports import Assistants
from core.chat.replying import Composer
from core.chat.turns import Turn
from core.clock import Clock
from core.errors import BobbinError, StoreUnavailable

log = logging.getLogger(__name__)

STOP_AGAIN_S = 0.5
"""How long after a stop that failed it is tried again."""


class Showing:
    """One Run's reply on its way to one conversation."""

    def __init__(
        self,
        assistants: Assistants,
        clock: Clock,
        turn: Turn,
        outbox: Outbox,
        composer: Composer,
        *,
        interval_s: float,
    ) -> None:
        self._assistants = assistants
        self._clock = clock
        self._turn = turn
        self._outbox = outbox
        self._composer = composer
        self._interval_s = interval_s
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._run: Run | None = None

    async def until_end(self, thread_id: str, run_id: str, *, behind_call: str | None) -> Run:
        """Follow the Run until it ends or needs an action; the Run as it is then.

        With `behind_call`, from behind the required action with that call.

        Raises:
            ClaimLost, PlatformError, BobbinError: from whichever task met it first.
        """
        reading = asyncio.create_task(self._read(thread_id, run_id, behind_call))
        showing = asyncio.create_task(self._show())
        stopping = asyncio.create_task(self._stop_on_wish(thread_id, run_id))
        try:
            await asyncio.gather(reading, showing)
        finally:
            for task in (reading, showing, stopping):
                task.cancel()
            await asyncio.gather(reading, showing, stopping, return_exceptions=True)
        if self._run is None:
            raise StoreUnavailable(f"the events of {run_id} ended before the Run did")
        return self._run

    async def _read(self, thread_id: str, run_id: str, behind_call: str | None) -> None:
        try:
            async for event in follow(
                self._assistants, thread_id, run_id, self._clock, behind_call=behind_call
            ):
                self._composer.feed(event)
                if is_end(event) and isinstance(event.data, Run):
                    self._run = event.data
                self._news.set()
        finally:
            self._over.set()
            self._news.set()

    async def _show(self) -> None:
        while not self._over.is_set():
            await self._news.wait()
            self._news.clear()
            if self._over.is_set() or not self._composer.has_text:
                continue
            await self._outbox.show(self._composer.posts({}))
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval_s):
                await self._over.wait()
        except TimeoutError:
            return

    async def _stop_on_wish(self, thread_id: str, run_id: str) -> None:
        await self._turn.stop.wait()
        while True:
            try:
                await self._assistants.cancel(thread_id, run_id)
            except BobbinError as error:
                log.warning("%s could not be stopped: %s", run_id, error)
                if not error.retryable:
                    return
            else:
                return
            await self._clock.sleep(STOP_AGAIN_S)
