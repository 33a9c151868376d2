"""Functions that are not async, each in a thread of its own.

Parallel: up to `MOST` of them in a process; more wait. A thread cannot be killed: one whose caller
went away works on, keeps its place until it ends, and does not hold up the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import Any, Final

MOST: Final = 32


class Threads:
    """The threads of one process."""

    def __init__(self, most: int = MOST) -> None:
        self._places = asyncio.Semaphore(most)

    async def run(self, work: Callable[[], Any], began: Callable[[], None]) -> Any:
        """What `work` returns or raises; `began` is called when it has got a thread."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
        context = contextvars.copy_context()

        def end(result: Any, error: BaseException | None) -> None:
            self._places.release()
            if not ended.done():
                ended.set_result((result, error))

        def body() -> None:
            result, error = None, None
            try:
                result = context.run(work)
            except BaseException as failure:  # noqa: BLE001  (also SystemExit is the caller's news)
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(end, result, error)

        began()
        threading.Thread(target=body, name="function", daemon=True).start()
        result, error = await ended
        if error is not None:
            raise error
        return result
