"""The folder of the index: one SQLite file a library, shared by all processes of the machine.

    <folder>/lock-<00..3f>            held by whoever brings a library of that number up to date
    <folder>/<library>-<random>.db    and SQLite's own -wal and -shm beside it

Anything in it may be removed at any time, also while it is in use: whoever has a file open notices
that it is gone and builds another one. That one has another name, because SQLite removes the log of
a file by its name when the last connection closes. Libraries that have not been searched for
longest are removed when all together are larger than they may be.

All functions block and are called in threads.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOCKS: Final = 64
_ASIDE: Final = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    bytes: int
    used: float


class SearchFolder:
    """Finds, makes and removes index files.

    Args:
        folder: made on first use.
        most_bytes: what all files together may have; the one in use stays in any case.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.path = folder
        self._most_bytes = most_bytes

    def try_lock(self, key: str) -> int | None:
        """A descriptor that holds the library's lock until it is closed; None if it is taken.

        A few libraries share a lock. It ends with the process that holds it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = int(_name(key)[:8], 16) % _LOCKS
        fd = os.open(self.path / f"lock-{number:02x}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        return fd

    def file(self, key: str) -> Path:
        """The library's file, which may not be there yet. To be called with the lock held."""
        found = sorted(self.path.glob(f"{_name(key)}-*.db"))
        return found[0] if found else self.path / f"{_name(key)}-{secrets.token_hex(4)}.db"

    def remove(self, path: Path) -> None:
        """Remove a library's file; who uses it builds another."""
        for suffix in _ASIDE:
            with contextlib.suppress(OSError):
                path.with_name(path.name + suffix).unlink()

    def use(self, path: Path) -> None:
        """Take note that this file is in use, and remove others if there is too much."""
        with contextlib.suppress(OSError):
            os.utime(path)
        files = self._files()
        size = sum(file.bytes for file in files)
        for file in sorted(files, key=lambda file: file.used):
            if size <= self._most_bytes:
                return
            if file.path != path:
                self.remove(file.path)
                size -= file.bytes

    def _files(self) -> list[_File]:
        found: list[_File] = []
        for path in self.path.glob("*.db"):
            with contextlib.suppress(OSError):
                status = path.stat()
                log = path.with_name(path.name + "-wal")
                beside = log.stat().st_size if log.exists() else 0
                found.append(_File(path, status.st_size + beside, status.st_mtime))
        return found


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
