"""`bobbin api` as it is started by people: a process, a folder, variables; and where it answers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.story.bot import Bot, kill

_ADDRESS = re.compile(r"Assistants API at (\S+)")
_PATIENCE_S = 60.0


@dataclass
class Running:
    """A server in a process of its own."""

    url: str
    """With `/v1`: what clients call the base URL."""
    pid: int
    said: list[str] = field(default_factory=list[str])
    """Its standard error so far, line by line."""


@asynccontextmanager
async def bobbin_api(bot: Bot) -> AsyncIterator[Running]:
    """Serve until the block ends."""
    process = bot.start("api")
    assert process.stderr is not None
    loop, stderr = asyncio.get_running_loop(), process.stderr
    running = Running("", process.pid)

    def read() -> None:
        for line in stderr:
            loop.call_soon_threadsafe(heard, line)
        loop.call_soon_threadsafe(ready.set)

    def heard(line: str) -> None:
        running.said.append(line)
        if found := _ADDRESS.search(line):
            running.url = found[1]
            ready.set()

    ready = asyncio.Event()
    reading = asyncio.create_task(asyncio.to_thread(read))
    try:
        await asyncio.wait_for(ready.wait(), _PATIENCE_S)
        assert running.url, "".join(running.said)
        yield running
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, _PATIENCE_S) == 0, "".join(running.said)
    finally:
        process.kill()
        await reading
        kill(process)
        if (left := bot.server_pid()) is not None:
            os.kill(left, signal.SIGKILL)
