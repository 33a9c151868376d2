"""A link to a server that can lose an answer: the request arrives, its answer never does.

    async with losing_link(server.address) as link:
        client = await connect(link.url, clock)
        link.lose_answer_of(b"EVALSHA")

What a client sees when a connection breaks at the worst moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class LosingLink:
    """Passes bytes on, both ways."""

    server: str
    path: str
    lost: int = 0
    """Answers that were lost."""
    _word: bytes = b""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def url(self) -> str:
        """For `connect`."""
        return f"unix://{self.path}"

    def lose_answer_of(self, word: bytes) -> None:
        """Cut the connection in place of the next answer to a request that has `word` in it."""
        self._word = word

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_unix_connection(self.server)
        losing = asyncio.Event()

        async def requests() -> None:
            while data := await reader.read(65536):
                if self._word and self._word in data:
                    self._word = b""
                    losing.set()
                back.write(data)

        async def answers() -> None:
            while data := await there.read(65536):
                if losing.is_set():
                    self.lost += 1
                    return
                writer.write(data)

        ways = [asyncio.create_task(requests()), asyncio.create_task(answers())]
        # When told to end, this returns in order: the stream server's callback asks for no less.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, back):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()
        self._tasks.discard(task)

    async def aclose(self) -> None:
        """End all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def losing_link(server: str) -> AsyncIterator[LosingLink]:
    """A link to the server that listens on this unix socket."""
    with tempfile.TemporaryDirectory(prefix="link-") as folder:
        link = LosingLink(server, f"{folder}/s")
        listening = await asyncio.start_unix_server(link.serve, link.path)
        try:
            yield link
        finally:
            listening.close()
            await link.aclose()
