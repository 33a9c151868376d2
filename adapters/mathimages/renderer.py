"""Pictures of formulas from a child process.

Serial: one formula at a time, the others wait. What survives: nothing; the child holds no state,
is started on first use, killed when it takes too long, and stopped when nobody asks for a while.
Bounds: length and depth before it is asked, time by killing it, memory by its own limit.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from adapters.mathimages.source import read

_ROOT: Final = Path(__file__).resolve().parents[2]
_LARGEST: Final = 8 << 20


class MathImages:
    """Draws formulas as PNG: black on opaque white, readable in dark and light chats.

    `cache` is a folder for matplotlib's font list (made once, a few seconds). Times in seconds:
    `timeout_s` for one formula, `start_timeout_s` for the child's start, `idle_s` until it is
    stopped. `command` starts the child.
    """

    def __init__(
        self,
        cache: Path,
        *,
        timeout_s: float = 5.0,
        start_timeout_s: float = 60.0,
        idle_s: float = 120.0,
        command: tuple[str, ...] = (sys.executable, "-m", "adapters.mathimages.worker"),
    ) -> None:
        self._cache = cache
        self._timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        self._idle_s = idle_s
        self._command = command
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._idle: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def png(self, latex: str) -> bytes | None:
        """A picture of `latex` (without its dollar signs).

        None if it is malformed, too long or deep, has a macro or glyph that is not known, takes
        too long, or if there is no matplotlib. Never raises for the formula's sake.
        """
        if read(latex) is None:
            return None
        async with self._turn:
            self._rest()
            try:
                picture = await self._drawn(latex)
            except (TimeoutError, OSError, EOFError):
                await self._stop()
                picture = None
            except BaseException:
                # The answer would come later and be taken for the next formula's.
                await self._stop()
                raise
            self._idle = asyncio.create_task(self._stop_later())
            return picture

    async def close(self) -> None:
        """Stop the child. It starts again if another picture is asked for."""
        async with self._turn:
            self._rest()
            await self._stop()

    async def _drawn(self, latex: str) -> bytes | None:
        child = self._child
        if child is None or child.returncode is not None:
            await self._stop()
            child = await self._start()
        async with asyncio.timeout(self._timeout_s):
            await _send(child, latex.encode(errors="surrogatepass"))
            return await _frame(child) or None

    async def _start(self) -> asyncio.subprocess.Process:
        self._cache.mkdir(parents=True, exist_ok=True)
        self._child = child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT,
            # Nothing of ours: what a model writes is drawn there.
            env={
                "PATH": os.defpath,
                "HOME": str(self._cache.resolve()),
                "MPLCONFIGDIR": str(self._cache.resolve()),
                "MPLBACKEND": "agg",
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONUTF8": "1",
            },
            start_new_session=True,
        )
        async with asyncio.timeout(self._start_timeout_s):
            await _frame(child)
        return child

    async def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        # Reading to the end is what closes the pipes.
        await child.communicate()

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def _stop_later(self) -> None:
        await asyncio.sleep(self._idle_s)
        async with self._turn:
            if self._idle is asyncio.current_task():
                self._idle = None
                await self._stop()


async def _send(child: asyncio.subprocess.Process, body: bytes) -> None:
    if child.stdin is None:
        raise EOFError("the child has no input")
    child.stdin.write(struct.pack(">I", len(body)) + body)
    await child.stdin.drain()


async def _frame(child: asyncio.subprocess.Process) -> bytes:
    """One frame from the child.

    Raises:
        EOFError: it ended, or sent something that is no frame.
    """
    if child.stdout is None:
        raise EOFError("the child has no output")
    (size,) = struct.unpack(">I", await child.stdout.readexactly(4))
    if size > _LARGEST:
        raise EOFError(f"a frame of {size} bytes")
    return await child.stdout.readexactly(size)
