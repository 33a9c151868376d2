"""Tries the walls from within, with nothing untrusted in sight. Runs inside.

The probe asks this of a session before any code is ever run in one like it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from adapters.sandbox.jail import Mode


def openings(mode: Mode, data: Path, readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """What is possible and should not be, and what is impossible and should be possible.

    An empty list means that the jail holds and is fit to work in.
    """
    found: list[str] = []

    def must_fail(what: str, attempt: Callable[[], object]) -> None:
        try:
            attempt()
        except OSError:
            return
        found.append(what)

    def must_work(what: str, attempt: Callable[[], object]) -> None:
        try:
            attempt()
        except OSError as error:
            found.append(f"{what} ({error.strerror})")

    must_fail("fork", _fork)
    must_fail("exec", _exec)
    must_fail("TCP socket", lambda: socket.socket(socket.AF_INET).close())
    must_fail("unix socket", lambda: socket.socket(socket.AF_UNIX).close())
    must_fail("signal to another process", lambda: os.kill(2 if os.getpid() == 1 else 1, 0))
    must_fail("/proc", lambda: list(Path("/proc").iterdir()))
    must_fail("/etc/shadow", lambda: os.close(os.open("/etc/shadow", os.O_RDONLY)))
    for path in hidden:
        must_fail(path, lambda path=path: os.close(os.open(path, os.O_RDONLY)))
    for path in readable:
        must_work(f"no access to {path}", lambda path=path: os.close(os.open(path, os.O_RDONLY)))
        must_fail(f"writing to {path}", lambda path=path: _write(Path(path) / "bobbin-probe"))
    must_work("no access to the data folder", lambda: _write(data / "probe"))
    if not mode.namespaces:
        must_fail("/etc/passwd", lambda: os.close(os.open("/etc/passwd", os.O_RDONLY)))
    return found


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _exec() -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606 - it must fail


def _write(path: Path) -> None:
    path.write_bytes(b"x")
    path.unlink()
