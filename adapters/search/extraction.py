"""The text of a file. What has a format is read in the interpreter's jail, by `inside.py`.

Serial: one file at a time is in the jail, so that code of people gets its turns; a large file is
read in short runs with room for others between them. Crash: nothing remains but a session that the
interpreter forgets. Memory: the jail's limits; the text that comes back is bounded here again.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path
from typing import Final, Literal

from adapters.search.kinds import Kind, html_text, kind_of, text_of
from core.engine.ports import Interpreter
from core.engine.searching import FileRejected
from core.errors import InvalidRequest, NotFound

VERSION: Final = "1"
"""Grows when the text that comes of a file changes."""

MOST_CHARACTERS: Final = 20_000_000
"""About five million tokens, the API's own limit for a file."""

_SOURCE: Final = Path(__file__).with_name("inside.py")
_STATES: Final = 64
_TRAILING: Final = re.compile(r"[ \t\r]+\n")
_GAPS: Final = re.compile(r"\n{3,}")

_Code = Literal["unsupported_file", "invalid_file"]
_REASONS: Final[dict[str, tuple[_Code, str]]] = {
    "locked": ("invalid_file", "is locked with a password: save it without one"),
    "long": ("invalid_file", "is too long to be searched: split it"),
    "heavy": ("invalid_file", "takes too much memory to read: split it or save it as text"),
    "bomb": ("invalid_file", "unpacks to far more than its size lets expect, so it is not read"),
    "archive": (
        "unsupported_file",
        "is an archive and neither DOCX nor PPTX: unpack it (and save tables as CSV)",
    ),
    "damaged": ("invalid_file", "is damaged and cannot be read"),
}
_TOO_MUCH: Final = "could not be read within the limits of time and memory: split it"
_NO_TEXT: Final = "has no text in it; if it shows scanned pages, no text is read out of pictures"


class Extraction:
    """Files to text.

    Args:
        interpreter: where files with a format are read; where it is off, those are refused.
        run_s: seconds of one run; others get their turn between two.
        most_s: seconds of one file, all its runs together.
    """

    def __init__(
        self, interpreter: Interpreter, *, run_s: float = 8.0, most_s: float = 300.0
    ) -> None:
        self._interpreter = interpreter
        self._run_s = run_s
        self._most_s = most_s
        self._one = asyncio.Semaphore(1)
        self._numbers = itertools.count(1)

    async def text(self, filename: str, data: bytes) -> str:
        """The text of this file; never empty.

        Raises:
            FileRejected: no text can be had of it, for a reason that stays.
            BobbinError: the jail does not start just now.
        """
        kind = kind_of(filename, data)
        if kind is Kind.TEXT:
            text = await asyncio.to_thread(text_of, filename, data)
        else:
            if kind is Kind.HTML:
                data = (await asyncio.to_thread(html_text, filename, data)).encode()
            async with self._one:
                text = await self._jailed(filename, kind, data)
        if not text.strip():
            raise FileRejected("invalid_file", f"{filename} {_NO_TEXT}.")
        if len(text) > MOST_CHARACTERS:
            code, reason = _REASONS["long"]
            raise FileRejected(code, f"{filename} {reason}.")
        return text

    async def _jailed(self, filename: str, kind: Kind, data: bytes) -> str:
        status = await self._interpreter.status()
        if not status.available:
            raise FileRejected(
                "unsupported_file",
                f"{filename} cannot be read on this machine, which has no sandbox for files of its "
                "kind (`bobbin doctor` says why): upload plain text instead.",
            )
        session = f"file extraction {next(self._numbers)}"
        try:
            try:
                await self._interpreter.put(session, "input", data)
            except InvalidRequest as error:
                raise FileRejected(
                    "invalid_file", f"{filename} is too large to be read: split it."
                ) from error
            return await self._read(session, filename, kind)
        finally:
            await self._interpreter.close(session)

    async def _read(self, session: str, filename: str, kind: Kind) -> str:
        source = await asyncio.to_thread(_SOURCE.read_text, encoding="utf-8")
        code = f"{source}\nwork = begin({kind.value!r})\n"
        loop = asyncio.get_running_loop()
        end = loop.time() + self._most_s
        while loop.time() < end:
            # One cell defines and begins, the next ones only go on: variables stay.
            done = await self._interpreter.run(session, f"{code}go_on(work, {self._run_s})")
            code = ""
            state = "" if done.failed else await self._said(session)
            if state == "done":
                return await self._found(session, filename)
            if state != "more":
                raise FileRejected(*_refusal(filename, state))
        raise FileRejected("invalid_file", f"{filename} {_TOO_MUCH}.")

    async def _said(self, session: str) -> str:
        try:
            state = await self._interpreter.get(session, "state")
        except NotFound:
            return ""
        return state[:_STATES].decode("ascii", "replace")

    async def _found(self, session: str, filename: str) -> str:
        try:
            data = await self._interpreter.get(session, "text")
        except NotFound:
            raise FileRejected("invalid_file", f"{filename} {_TOO_MUCH}.") from None
        return await asyncio.to_thread(_tidy, data)


def _tidy(data: bytes) -> str:
    """The text that came back, without the gaps that a page's structure leaves."""
    text = _TRAILING.sub("\n", data.decode("utf-8", "replace").replace("\0", ""))
    return _GAPS.sub("\n\n", text.replace(" \t", "\t")).strip()


def _refusal(filename: str, state: str) -> tuple[_Code, str]:
    code, reason = _REASONS.get(state, ("invalid_file", _TOO_MUCH))
    return code, f"{filename} {reason}."
