"""Local weights as a ChatModel: the child is started by the first call and stopped when idle.

Serial: the child starts on the first call, answers, and is stopped after a quiet while. Parallel:
one call at a time, the others wait in order (the runtime has one slot). Crash: a child that dies
breaks the round off (`ModelUnavailable`, the caller redoes it); the next call starts another one,
after a pause that doubles with each crash in a row. Memory: the child's, about 2 GB while it runs.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Protocol

from adapters.weights.child import Child, ChildSettings
from core.clock import Clock
from core.engine.generation import ModelEvent, ModelRequest
from core.errors import ModelUnavailable

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Connection(Protocol):
    """A ChatModel that talks to one child, and what it has to close."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `core.engine.ports.ChatModel`."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class LocalWeights:
    """A ChatModel whose model runs in a child process. Close it once."""

    def __init__(
        self,
        settings: ChildSettings,
        connect: Callable[[str, str], Connection],
        *,
        clock: Clock,
        idle_s: float = 900.0,
        new_key: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        """
        Args:
            settings: how the child is started.
            connect: makes a model for an address (ending with /v1) and its key.
            clock: for pauses and idleness.
            idle_s: after so many seconds without a call the child is stopped.
            new_key: makes the key that the child accepts.
        """
        self._settings = settings
        self._connect = connect
        self._clock = clock
        self._idle_s = idle_s
        self._new_key = new_key
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._connection: Connection | None = None
        self._watch: asyncio.Task[None] | None = None
        self._used_at = 0.0
        self._crashes = 0
        self._closed = False

    @property
    def child(self) -> Child | None:
        """The running child, for those who measure it."""
        return self._child

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round (see `core.engine.ports.ChatModel`)."""
        async with self._turn:
            connection = await self._ready()
            try:
                async with aclosing(connection.stream(request)) as events:
                    async for event in events:
                        yield event
                self._crashes = 0
            finally:
                self._used_at = self._clock.monotonic()

    async def close(self) -> None:
        """Stop the child, if it runs; a round that is under way breaks off."""
        self._closed = True
        if self._child is not None:
            await self._child.stop()
        async with self._turn:
            if self._watch is not None:
                self._watch.cancel()
                with suppress(asyncio.CancelledError):
                    await self._watch
                self._watch = None
            await self._stop()

    async def _ready(self) -> Connection:
        """A connection to a child that runs; it is started if it does not."""
        if self._closed:
            raise ModelUnavailable("The local model was stopped.")
        if self._child is not None and not self._child.alive:
            logger.warning("the local model's process ended by itself; it is started again")
            self._crashes += 1
            await self._stop()
        if self._connection is not None:
            return self._connection
        if self._crashes:
            await self._clock.sleep(
                min(_FIRST_PAUSE_S * 2 ** (self._crashes - 1), _LONGEST_PAUSE_S)
            )
        key = self._new_key()
        try:
            self._child = await Child.start(self._settings, key)
        except ModelUnavailable:
            self._crashes += 1
            raise
        self._connection = self._connect(f"{self._child.address}/v1", key)
        self._used_at = self._clock.monotonic()
        if self._watch is None:
            self._watch = asyncio.create_task(self._stop_when_idle())
        return self._connection

    async def _stop_when_idle(self) -> None:
        while True:
            quiet_s = self._clock.monotonic() - self._used_at
            await self._clock.sleep(max(self._idle_s - quiet_s, 0.0))
            async with self._turn:
                if self._clock.monotonic() - self._used_at >= self._idle_s:
                    await self._stop()
                    self._watch = None
                    return

    async def _stop(self) -> None:
        connection, self._connection = self._connection, None
        child, self._child = self._child, None
        if connection is not None:
            await connection.close()
        if child is not None:
            await child.stop()
