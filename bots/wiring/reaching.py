"""What may be away while this process starts: entered as soon as it is there, left at the end.

A wrong setting ends the process at its start; what cannot be reached does not. It is tried again,
less and less often, while everything else serves; the log says once that it is away and once that
it is there.

Serial: the tries of one thing. Parallel: things. What survives a crash: nothing is kept here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, Generic, TypeVar

from core.clock import Clock
from core.errors import ConfigurationError, PlatformError, PlatformRateLimited

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_S: Final = 10.0
"""How long the start of a process waits for the outcome of the first try."""

_SOON_S: Final = 1.0
_LATE_S: Final = 60.0


class Reaching(Generic[T]):
    """One thing that is entered in a task of its own.

    Args:
        name: for people: `Slack`.
        enter: makes the context; asked again for each try.
        clock: for the pauses between tries.
        then: is told what was entered, each time before anybody else.
    """

    def __init__(
        self,
        name: str,
        enter: Callable[[], AbstractAsyncContextManager[T]],
        clock: Clock,
        *,
        then: Callable[[T], None] = lambda _: None,
    ) -> None:
        self._name = name
        self._enter = enter
        self._clock = clock
        self._then = then
        self._tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reached = asyncio.Event()
        self._over = asyncio.Event()
        self.value: T | None = None
        self.reason = f"{name} has not answered yet"
        """Why there is no value."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Try until it is entered, and leave it when the block ends."""
        task = asyncio.create_task(self._live(), name=f"reaching {self._name}")
        try:
            yield
        finally:
            self._over.set()
            if self.value is None:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._tried.cancel()

    async def first(self) -> None:
        """Return when it is entered, known to be away, or slow to say.

        Raises:
            ConfigurationError: it never will be entered: a setting is wrong; the text names it.
            BobbinError: whatever else does not pass by waiting for a platform.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_S):
                await asyncio.shield(self._tried)
        if not self._tried.done():
            self.nobody_waits()
            log.warning("%s; going on without it until it does", self.reason)

    def nobody_waits(self) -> None:
        """The process has started without it: nothing about it ends the process any more."""
        if not self._tried.done():
            self._tried.set_result(None)

    async def reached(self) -> T:
        """What was entered, once it is."""
        while self.value is None:
            await self._reached.wait()
        return self.value

    async def _live(self) -> None:
        async with AsyncExitStack() as stack:
            try:
                value = await self._entered(stack)
            except Exception as error:  # noqa: BLE001  (whoever started this gets it)
                self._tried.set_exception(error)
                return
            self.value, self.reason = value, ""
            self._then(value)
            self._reached.set()
            self.nobody_waits()
            await self._over.wait()

    async def _entered(self, stack: AsyncExitStack) -> T:
        pause_s, said = _SOON_S, ""
        while True:
            try:
                value = await stack.enter_async_context(self._enter())
            except Exception as error:
                waits = isinstance(error, PlatformError) and error.retryable
                if not waits and not self._tried.done():
                    raise
                self.reason = f"{self._name} cannot be reached"
                if isinstance(error, ConfigurationError):
                    self.reason = str(error)
                if not waits:
                    pause_s = _LATE_S
                kind = type(error).__name__
                if said != kind:
                    level = logging.WARNING if waits else logging.ERROR
                    log.log(level, "%s is away and is tried again: %s", self._name, error)
                said = kind
                self.nobody_waits()
                asked_s = error.retry_after_s if isinstance(error, PlatformRateLimited) else 0.0
                await self._clock.sleep(max(pause_s, asked_s))
                pause_s = min(pause_s * 2, _LATE_S)
            else:
                if said:
                    log.warning("%s is there", self._name)
                return value
