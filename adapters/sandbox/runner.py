"""A session's side of the conversation: reads requests, answers them, one after another. Inside.

run {code, soft_s}        -> {text, failed, figures: [size…], files: [[name, size, changed]…]}
put {name}, body          -> {}  or {error}
get {name}                -> {found}, body
check {readable, hidden}  -> {open: [what should have been impossible…]}
"""

from __future__ import annotations

import contextlib
import mimetypes
import os
import random
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.sandbox import checks, namespaces
from adapters.sandbox.cell import Cells
from adapters.sandbox.jail import Mode, Place
from adapters.sandbox.limits import Limits
from adapters.sandbox.protocol import Frame, plain_name, read_frame, write_frame

CHANNEL = 3
"""The descriptor of the session's socket; everything above it is closed."""


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    changed_ns: int
    inode: int


class Session:
    """Answers requests until the host hangs up."""

    def __init__(self, mode: Mode, limits: Limits, place: Place) -> None:
        self._mode = mode
        self._limits = limits
        self._data = Path(place.data)
        folders = (
            {}
            if mode.namespaces
            else {namespaces.DATA: place.data, namespaces.TEMPORARY: place.temporary}
        )
        self._cells = Cells(limits, folders)
        self._known: dict[str, _Seen] = {}
        self._told: set[str] = set()

    def serve(self) -> None:
        while (frame := read_frame(CHANNEL, self._limits.file_bytes)) is not None:
            header, body = self._answer(frame)
            write_frame(CHANNEL, {"id": frame.header["id"], **header}, body)

    def _answer(self, frame: Frame) -> tuple[dict[str, object], bytes]:
        ask: Any = frame.header
        match ask["op"]:
            case "run":
                return self._run(ask["code"], ask["soft_s"])
            case "put":
                return self._put(ask["name"], frame.body)
            case "get":
                return self._get(ask["name"])
            case "check":
                opened = checks.openings(self._mode, self._data, ask["readable"], ask["hidden"])
                return {"open": opened}, b""
            case _:
                raise ValueError(ask["op"])

    def _run(self, code: str, soft_s: float) -> tuple[dict[str, object], bytes]:
        outcome = self._cells.run(code, soft_s)
        files = self._changes()
        header: dict[str, object] = {
            "text": outcome.text + self._not_kept(),
            "failed": outcome.failed,
            "figures": [len(png) for png in outcome.figures],
            "files": files,
        }
        return header, b"".join(outcome.figures)

    def _put(self, name: str, data: bytes) -> tuple[dict[str, object], bytes]:
        path = self._data / name
        try:
            path.unlink(missing_ok=True)
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            with contextlib.suppress(OSError):  # a folder of that name, perhaps
                path.unlink(missing_ok=True)
            return {"error": error.strerror or "failed"}, b""
        self._known[name] = _seen(path.lstat())
        return {}, b""

    def _get(self, name: str) -> tuple[dict[str, object], bytes]:
        try:
            fd = os.open(self._data / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return {"found": False}, b""
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return {"found": False}, b""
            data = file.read(self._limits.file_bytes + 1)
        if len(data) > self._limits.file_bytes:
            return {"found": False}, b""
        return {"found": True}, data

    def _changes(self) -> list[list[object]]:
        """Every plain file directly in the data folder, and whether it is new or other than last
        time. The inode's own time stamp decides: code cannot set it.

        Files with holes may seem larger than the disk is; those past its end are left out.
        """
        listing: list[list[object]] = []
        now: dict[str, _Seen] = {}
        room = self._limits.disk_bytes
        for path in sorted(self._data.iterdir()):
            try:
                status = path.lstat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode) or not plain_name(path.name):
                continue
            if status.st_size > room:
                continue
            room -= status.st_size
            now[path.name] = _seen(status)
            listing.append(
                [path.name, status.st_size, now[path.name] != self._known.get(path.name)]
            )
        self._known = now
        return listing

    def _not_kept(self) -> str:
        """What lies in the data folder and reaches nobody, said once; mostly empty."""
        odd: list[str] = []
        folders: list[str] = []
        for path in sorted(self._data.iterdir()):
            name = path.name
            if name in self._told or name.startswith(".") or name == "__pycache__":
                continue
            if path.is_dir() and not path.is_symlink():
                folders.append(name)
            elif not plain_name(name):
                odd.append(name)
        self._told.update(odd, folders)
        return "".join(
            f"({sentence}: {', '.join(ascii(name)[:60] for name in names[:5])})\n"
            for sentence, names in (
                ("only files directly in /mnt/data reach the user, not those in folders", folders),
                ("files reach the user only under plain, printable names, not as", odd),
            )
            if names
        )


def _seen(status: os.stat_result) -> _Seen:
    return _Seen(status.st_size, status.st_ctime_ns, status.st_ino)


def settle(mode: Mode, place: Place) -> None:
    """What a fork of the zygote has to make its own: environment, randomness, import path."""
    environment = os.environ  # noqa: TID251 - the session's own, not the bot's
    environment.clear()
    environment.update(
        HOME=place.data,
        TMPDIR=place.temporary,
        MPLCONFIGDIR=place.temporary,
        MPLBACKEND="Agg",
        LANG="C.UTF-8",
        LOGNAME="bobbin",
        PATH="/usr/bin:/bin",
        TZ="UTC",
    )
    tempfile.tempdir = None
    random.seed()
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    sys.argv = [""]
    sys.path.append(place.data)
    # Without namespaces they are there and cannot be read, which `mimetypes` does not expect.
    mimetypes.knownfiles.clear()
    if not mode.namespaces:
        # Times of files are not to be set in this mode (see `seccomp.py`); copying must not mind.
        shutil.copystat = _no_copystat


def _no_copystat(_source: object, _target: object, **_options: bool) -> None:
    return None
