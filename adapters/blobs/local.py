"""Blobs as files of one folder.

    <folder>/id              which store this is, written once
    <folder>/lock            taken shared by who writes, alone by who sweeps
    <folder>/new/<random>    being written
    <folder>/named-by/<id>   a store that names blobs of this folder
    <folder>/ab/cd/<sha256>  the bytes; never changed

A blob is there whole or not at all: it is written beside, brought to the disk, renamed, and then
the folders that changed are brought to the disk too. What survives a crash: every blob whose `put`
returned. A put that was cut off leaves a file in `new`, which a sweep removes.

All file operations run in threads, so no call holds up the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Sequence,
)
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from core.errors import NotFound, StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    from core.clock import Clock
    from core.engine.requests import Readable
    from core.ids import Ids

_NAME = re.compile(r"[0-9a-f]{64}")
_PAIR = "[0-9a-f][0-9a-f]"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
PART: Final = 1024 * 1024
"""Bytes of a piece of what is not held in memory."""
_AT_ONCE = 200
"""Blobs that a sweep asks about in one question."""


class LocalBlobs:
    """`Blobs` in a local folder, which any number of processes of this machine may share.

    Args:
        folder: made on first use, with its parents.
        clock: for the age of what a sweep finds.
        ids: names for files that are being written, and the store's own id.

    All methods raise `StoreRefused` where the disk is full or the folder may not be written, and
    `StoreUnavailable` for other failures of the disk.
    """

    def __init__(self, folder: Path, clock: Clock, ids: Ids) -> None:
        self._folder = folder
        self._clock = clock
        self._ids = ids

    async def put(self, data: bytes | Readable) -> str:
        return await asyncio.to_thread(self._put, data)

    async def parts(self, name: str) -> AsyncIterator[bytes]:
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        file = await asyncio.to_thread(self._open, name)
        try:
            while part := await asyncio.to_thread(self._read, file):
                yield part
        finally:
            file.close()

    async def get(self, name: str) -> bytes:
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        return await asyncio.to_thread(self._get, name)

    async def delete(self, name: str) -> None:
        """Remove; a name that is not there is fine.

        Equal bytes are one blob: where others may refer to it too, leave it to `sweep`.
        """
        if _NAME.fullmatch(name):
            await asyncio.to_thread(self._delete, name)

    async def sweep(
        self,
        referenced: Callable[[Sequence[str]], Awaitable[Collection[str]]],
        grace_s: float,
    ) -> int:
        """Remove blobs that nobody refers to; how many.

        Blobs are written before anything refers to them, so those that were put (also: put again)
        within the last `grace_s` seconds stay.

        Args:
            referenced: which of these names are referred to.
            grace_s: longer than anything takes from `put` to the reference that is stored.
        """
        before = self._clock.now() - grace_s
        removed = 0
        for pair in await asyncio.to_thread(self._pairs):
            old = await asyncio.to_thread(self._older, pair, before)
            for start in range(0, len(old), _AT_ONCE):
                some = old[start : start + _AT_ONCE]
                kept = await referenced(some)
                for name in some:
                    if name not in kept:
                        removed += await asyncio.to_thread(self._remove_old, name, before)
        await asyncio.to_thread(self._remove_unfinished, before)
        return removed

    async def store_id(self) -> str:
        """Which store this is: an id that is written on first use and stays."""
        return await asyncio.to_thread(self._store_id)

    async def refer(self, store: str) -> bool:
        """Note that the store of this id names blobs of this folder; whether it is the only one.

        Where several do, none of them knows what the others need, so nobody may sweep.
        """
        return await asyncio.to_thread(self._refer, store)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name[2:4] / name

    def _put(self, data: bytes | Readable) -> str:
        name = _digest(data)
        path = self._path(name)
        with _disk(), self._locked(fcntl.LOCK_SH):
            stamp = self._clock.now()
            try:
                os.utime(path, (stamp, stamp))
            except FileNotFoundError:
                fresh = self._write(data)
                os.utime(fresh, (stamp, stamp))
                self._make(path.parent)
                fresh.replace(path)
            # Also for a blob that was there: whoever wrote it may not have come as far as this.
            _sync(path.parent)
        return name

    def _get(self, name: str) -> bytes:
        with _disk():
            try:
                return self._path(name).read_bytes()
            except FileNotFoundError:
                raise _unknown(name) from None

    def _open(self, name: str) -> BinaryIO:
        with _disk():
            try:
                return self._path(name).open("rb")
            except FileNotFoundError:
                raise _unknown(name) from None

    def _read(self, file: BinaryIO) -> bytes:
        with _disk():
            return file.read(PART)

    def _delete(self, name: str) -> None:
        with _disk(), self._locked(fcntl.LOCK_EX):
            self._path(name).unlink(missing_ok=True)

    def _pairs(self) -> list[Path]:
        with _disk():
            return sorted(self._folder.glob(f"{_PAIR}/{_PAIR}"))

    def _older(self, folder: Path, before: float) -> list[str]:
        with _disk():
            return [
                entry.name
                for entry in os.scandir(folder)
                if _NAME.fullmatch(entry.name) and entry.stat().st_mtime < before
            ]

    def _remove_old(self, name: str, before: float) -> bool:
        path = self._path(name)
        with _disk(), self._locked(fcntl.LOCK_EX):
            # It may have been put again since it was looked at.
            if not path.exists() or path.stat().st_mtime >= before:
                return False
            path.unlink()
        return True

    def _remove_unfinished(self, before: float) -> None:
        with _disk():
            for path in self._folder.glob("new/*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()

    def _store_id(self) -> str:
        path = self._folder / "id"
        with _disk():
            if not path.exists():
                fresh = self._write(self._ids.new("blobs_").encode())
                with contextlib.suppress(FileExistsError):  # the first of two that begin wins
                    os.link(fresh, path)
                fresh.unlink()
                _sync(self._folder)
            return path.read_text()

    def _refer(self, store: str) -> bool:
        with _disk(), self._locked(fcntl.LOCK_EX):
            folder = self._folder / "named-by"
            self._make(folder)
            (folder / store).touch(mode=0o600)
            _sync(folder)
            return [path.name for path in folder.iterdir()] == [store]

    def _write(self, data: bytes | Readable) -> Path:
        """A file in `new` whose bytes are on the disk."""
        self._make(self._folder / "new")
        path = self._folder / "new" / self._ids.new("")
        try:
            with path.open("xb") as file:
                for part in _parts(data):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _make(self, folder: Path) -> None:
        """Make a folder so that it survives a crash, parents first."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self._make(self._folder)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _parts(data: bytes | Readable) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    data.seek(0)
    while part := data.read(PART):
        yield part


def _digest(data: bytes | Readable) -> str:
    found = hashlib.sha256()
    for part in _parts(data):
        found.update(part)
    return found.hexdigest()


def _sync(folder: Path) -> None:
    """Bring the entries of a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreRefused(f"The blob folder takes no more data: {error.strerror}.") from error
        raise StoreUnavailable(f"The blob folder failed: {error.strerror}.") from error


def _unknown(name: str) -> NotFound:
    return NotFound.object("blob", name)
