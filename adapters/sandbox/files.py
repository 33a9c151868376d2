"""The host's copies of what sessions have in `/mnt/data`.

The host never opens a path that untrusted code can reach: files cross through the session's
channel and are kept here, under names that only the host chooses. A session that is lost gets them
back.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from adapters.sandbox.limits import Limits


class DiskFull(Exception):
    """The file does not fit into the session's disk."""


class FileCopies:
    """One session's files: names, sizes, and their bytes on the host's disk."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._sizes: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._sizes)

    @property
    def bytes_kept(self) -> int:
        return sum(self._sizes.values())

    def check_room(self, name: str, size: int) -> None:
        """Return when a file of this size may be put here.

        Raises:
            DiskFull: it is too large, or the disk would be over-full with it.
        """
        limits = self._limits
        if size > limits.file_bytes:
            raise DiskFull(f"{name} has {size} bytes; a file may have {limits.file_bytes}")
        others = self.bytes_kept - self._sizes.get(name, 0)
        if others + size > limits.disk_bytes:
            raise DiskFull(f"{name} does not fit: the disk holds {limits.disk_bytes} bytes")
        if name not in self._sizes and len(self._sizes) >= limits.files // 2:
            raise DiskFull(f"{name} does not fit: there are {len(self._sizes)} files already")

    def write(self, name: str, data: bytes) -> None:
        """Keep these bytes under this name, in place of what was there."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path(name).write_bytes(data)
        self._sizes[name] = len(data)

    def read(self, name: str) -> bytes | None:
        """The bytes, or None where there is no such file."""
        return self._path(name).read_bytes() if name in self._sizes else None

    def keep_only(self, names: frozenset[str]) -> None:
        """Forget the files that the session has removed."""
        for name in [name for name in self._sizes if name not in names]:
            self._path(name).unlink(missing_ok=True)
            del self._sizes[name]

    def remove(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._sizes.clear()

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()
