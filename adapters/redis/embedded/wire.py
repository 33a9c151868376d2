"""A connection that speaks just enough of the protocol to watch a server over.

It stays open for as long as the server lives: its end is the news of the server's death, at once,
on every platform and across process namespaces, without polling and without a client library.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Literal

State = Literal["ready", "loading", "gone"]


class Wire:
    """One connection to a server's socket; commands go one after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, path: Path) -> Wire:
        """Connect. Raises OSError when nobody listens there."""
        return cls(*await asyncio.open_unix_connection(str(path)))

    async def ping(self) -> State:
        """Whether it answers, or is still reading its files."""
        try:
            answer = await self._ask(b"PING")
        except OSError:
            return "gone"
        if not answer:
            return "gone"
        return "loading" if answer.startswith(b"-LOADING") else "ready"

    async def version(self) -> str:
        """`valkey 9.1.2` or `redis 7.2.4`; empty if it would not say.

        Raises:
            OSError: the server went away.
        """
        head = await self._ask(b"INFO server")
        if not head.startswith(b"$"):
            return ""
        try:
            body = await self._reader.readexactly(int(head[1:]) + 2)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the server went away") from error
        facts = dict(
            line.split(":", 1) for line in body.decode("utf-8", "replace").split() if ":" in line
        )
        if "valkey_version" in facts:
            return f"valkey {facts['valkey_version']}"
        return f"redis {facts.get('redis_version', '?')}"

    async def shut_down(self) -> None:
        """Ask it to write out what it has and end; `ended` says when the connection closed."""
        with suppress(OSError):
            self._writer.write(b"SHUTDOWN NOSAVE\r\n")
            await self._writer.drain()

    async def ended(self) -> None:
        """Wait until the server is gone."""
        with suppress(OSError):
            while await self._reader.read(4096):
                pass

    async def close(self) -> None:
        """Close our side."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _ask(self, command: bytes) -> bytes:
        self._writer.write(command + b"\r\n")
        await self._writer.drain()
        return await self._reader.readline()
