"""The end of a process: SIGTERM and SIGINT become an event that whoever serves waits for."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@contextlib.asynccontextmanager
async def stop_signal(*, interrupt: bool = True) -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM sets (and SIGINT, if `interrupt`). A second signal ends at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals = [signal.SIGTERM, *([signal.SIGINT] if interrupt else [])]

    def hear() -> None:
        stop.set()
        for one in signals:
            loop.remove_signal_handler(one)

    for one in signals:
        loop.add_signal_handler(one, hear)
    try:
        yield stop
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`; None when `stop` came first, and `work` was cancelled then."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
