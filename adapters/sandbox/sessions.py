"""One session as the host sees it: a process at the other end of a socket, and nothing it says
is believed (`protocol.py`)."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Sequence
from typing import cast

from adapters.sandbox.limits import Limits
from adapters.sandbox.nursery import Nursery
from adapters.sandbox.protocol import (
    PREFIX,
    Frame,
    ProtocolError,
    RunReply,
    decode,
    encode,
    lengths,
    parse_run_reply,
)

_FILE_S = 20.0
"""Seconds for one file to cross."""
_RECEIVE = 1 << 20


class SessionLost(Exception):
    """The process is gone or was made to go. `why` is for whoever wrote the code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Session:
    """A live process. Any failure kills it and raises `SessionLost`; then it is of no more use."""

    def __init__(
        self, nursery: Nursery, number: int, channel: socket.socket, limits: Limits
    ) -> None:
        self.nursery = nursery
        """The zygote that it was forked from."""
        self._number = number
        self._channel = channel
        self._limits = limits
        self._ids = itertools.count(1)

    async def run(self, code: str) -> RunReply:
        """Run one cell, within the soft time-out and the grace."""
        limits = self._limits
        frame = await self._ask(
            {"op": "run", "code": code, "soft_s": limits.soft_s},
            within_s=limits.soft_s + limits.grace_s,
            max_body=limits.figures * limits.figure_bytes,
            late=f"The code did not stop within {limits.soft_s:g} s and was ended.",
        )
        try:
            return parse_run_reply(frame, limits)
        except ProtocolError as error:
            raise await self._broken(error) from error

    async def put(self, name: str, data: bytes) -> bool:
        """Place a file; False when its disk is full."""
        frame = await self._ask({"op": "put", "name": name}, data, within_s=_FILE_S)
        return "error" not in frame.header

    async def get(self, name: str) -> bytes | None:
        """A plain file's bytes, or None."""
        frame = await self._ask(
            {"op": "get", "name": name}, within_s=_FILE_S, max_body=self._limits.file_bytes
        )
        return frame.body if frame.header.get("found") is True else None

    async def check(self, readable: Sequence[str], hidden: Sequence[str]) -> tuple[str, ...]:
        """What the walls let through (`checks.py`). Only for a session that runs no code."""
        ask: dict[str, object] = {
            "op": "check",
            "readable": list(readable),
            "hidden": list(hidden),
        }
        frame = await self._ask(ask, within_s=_FILE_S)
        found = frame.header.get("open")
        if not isinstance(found, list):
            raise await self._lost("no answer to the check")
        return tuple(str(item) for item in cast("list[object]", found))

    def freeze(self) -> None:
        self.nursery.freeze(self._number)

    def thaw(self) -> None:
        self.nursery.thaw(self._number)

    async def expect_silence(self) -> None:
        """Return when nothing waits to be read, as it must be between two requests."""
        try:
            self._refuse_unread()
        except ProtocolError as error:
            raise await self._broken(error) from error
        except OSError as error:
            raise await self._lost("Its process ended unexpectedly.") from error

    def hang_up(self) -> None:
        """Close the host's end; the process is gone or goes with the zygote."""
        self._channel.close()

    def abandon(self) -> None:
        """End the process without waiting for its end."""
        self._channel.close()
        self.nursery.discard(self._number)

    async def kill(self) -> str:
        """End the process; says why the zygote had ended it before, if it had."""
        self._channel.close()
        return await self.nursery.kill(self._number)

    async def _ask(
        self,
        header: dict[str, object],
        body: bytes = b"",
        *,
        within_s: float,
        max_body: int = 0,
        late: str = "It did not answer any more.",
    ) -> Frame:
        request_id = next(self._ids)
        try:
            self._refuse_unread()
            async with asyncio.timeout(within_s):
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(self._channel, encode({"id": request_id, **header}, body))
                frame = await self._receive(max_body)
            if frame.header.get("id") != request_id:
                raise ProtocolError("an answer to another request")
        except TimeoutError as error:
            raise await self._lost(late) from error
        except ProtocolError as error:
            raise await self._broken(error) from error
        except OSError as error:
            raise await self._lost("Its process ended unexpectedly.") from error
        return frame

    def _refuse_unread(self) -> None:
        """Nothing may be waiting before a request: that would be taken for its answer."""
        try:
            waiting = self._channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        raise ProtocolError("a frame nobody asked for") if waiting else ConnectionResetError

    async def _receive(self, max_body: int) -> Frame:
        header, body = lengths(await self._exactly(PREFIX.size), max_body)
        return decode(await self._exactly(header), await self._exactly(body))

    async def _exactly(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < size:
            part = await loop.sock_recv(self._channel, min(size - len(data), _RECEIVE))
            if not part:
                raise ConnectionResetError
            data += part
        return bytes(data)

    async def _broken(self, error: ProtocolError) -> SessionLost:
        return await self._lost(f"It broke the protocol ({error}) and was ended.")

    async def _lost(self, why: str) -> SessionLost:
        if await self.kill() == "disk":
            limits = self._limits
            why = f"It used more than {limits.disk_bytes >> 20} MB or {limits.files} files of disk."
        return SessionLost(why)
