"""Files that a person gives at a terminal: read when they are given, kept until their turn comes.

Whichever process does the turn finds the bytes by their name, and a file that changes or goes away
meanwhile is still the one that was given.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
from pathlib import Path
from typing import Protocol

from core.chat.messages import Inbound, InFile, Said
from core.chat.wording import MOST_BYTES
from core.errors import InvalidRequest, NotFound


class Kept(Protocol):
    """Bytes under a name that follows from them."""

    async def put(self, data: bytes) -> str:
        """Store durably; the name."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes. Raises NotFound."""
        ...


class TerminalFiles:
    """`ChatSource` for terminals, and where their files are taken in."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def take(self, path: str) -> InFile:
        """Read and keep this file; `~` is the user's home.

        Raises:
            InvalidRequest: it cannot be read, is empty or too large; the text says which.
        """
        try:
            data = await asyncio.to_thread(_read, path)
        except OSError as error:
            raise InvalidRequest(f"{path} cannot be read: {error.strerror or error}.") from error
        if not data:
            raise InvalidRequest(f"{path} is empty.")
        if len(data) > MOST_BYTES:
            raise InvalidRequest(f"{path} is larger than {MOST_BYTES >> 20} MB.")
        return InFile(ref=await self._kept.put(data), name=Path(path).name, size=len(data))

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        """See the port: nobody is called into the middle of a terminal."""
        return ()

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        """See the port."""
        try:
            data = await self._kept.get(file.ref)
        except NotFound:
            raise InvalidRequest("It is not kept any more; give it again.") from None
        if len(data) > most_bytes:
            raise InvalidRequest(f"I take files of up to {most_bytes >> 20} MB.")
        return data


def given_paths(line: str) -> list[str] | None:
    """The paths of a line `!file PATH ...`, quoted as in a shell; None for other lines.

    Only what a person types is read so: lines of a pipe may be anybody's.

    Raises:
        InvalidRequest: there is none.
    """
    word, _, rest = line.strip().partition(" ")
    if word != "!file":
        return None
    try:
        paths = shlex.split(rest)
    except ValueError:  # a quotation mark in a name
        paths = [rest.strip()]
    if not paths:
        raise InvalidRequest("write `!file PATH`, then your question.")
    return paths


def _read(path: str) -> bytes:
    """The bytes of a plain file, one more than allowed at most."""
    where = Path(path).expanduser()
    # Not blocking: a named pipe that nobody writes into would be waited for.
    file = os.open(where, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(0, "it is no plain file")
        with os.fdopen(file, "rb", closefd=False) as opened:
            return opened.read(MOST_BYTES + 1)
    finally:
        os.close(file)
