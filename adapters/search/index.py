"""The libraries of this machine as SQLite files, brought up to date when they are asked.

Serial: bringing one library up to date, among all processes of the machine (a file lock). Parallel:
everything else; searching never waits for writing (WAL). Crash: the lock ends with the process,
what was put in stays, the next one goes on. Memory: a few blobs at a time while putting in, and
the connections of the libraries that were asked last. All of SQLite runs in threads of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.search.folder import SearchFolder
from adapters.search.library import LibraryFile
from adapters.search.prepared import Contents, NotPrepared, unpack
from core.clock import Clock
from core.engine.ports import Blobs
from core.engine.searching import Library, Shelf
from core.errors import NotFound, StoreRefused, StoreUnavailable

logger = logging.getLogger(__name__)

_THREADS: Final = 4
_OPEN: Final = 48
"""Libraries whose connections are kept."""
_TRIES: Final = 3
_AT_ONCE: Final = 8
"""Blobs that are read and put in together."""
_REMOVED_AT_ONCE: Final = 32
_LOOK_EVERY_S: Final = 0.05
_USED_EVERY_S: Final = 60.0

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSED: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}

Answer = TypeVar("Answer")


class Vanished(Exception):
    """The file was removed while it was in use."""


@dataclass(slots=True, eq=False)
class _Known:
    """A library that was asked for; `file` is None until it is brought up to date."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    file: LibraryFile | None = None
    version: int = -1
    used: float = float("-inf")


class Index:
    """Asks libraries, each in its newest state.

    Args:
        folder: where the files are.
        blobs: where the contents of files are read from.
        clock: for waiting and for what was used when.
    """

    def __init__(self, folder: SearchFolder, blobs: Blobs, clock: Clock) -> None:
        self._folder = folder
        self._blobs = blobs
        self._clock = clock
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def ask(self, library: Library, ask: Callable[[LibraryFile], Answer]) -> Answer:
        """What `ask` answers in a thread; the library has at least this version then.

        A file that is damaged or gone is built anew.

        Raises:
            StoreUnavailable: others hold it for too long.
            StoreRefused: the folder cannot be written.
        """
        error: Exception | None = None
        for _ in range(_TRIES):
            known = self._entry(library.key)
            try:
                async with known.lock:
                    if known.file is None or known.version < library.version:
                        await self._bring(known, library)
                    file = known.file
                return await self._in_thread(_ask, file, ask)
            except Vanished as gone:
                error = gone
                await self._forget(library.key, known)
            except sqlite3.Error as failure:
                error = failure
                self._raise_for(failure)
                await self._rebuild(library.key, known)
            except OSError as failure:
                raise self._refused(failure) from failure
        raise StoreUnavailable(f"The search index in {self._folder.path} cannot be built: {error}")

    async def close(self) -> None:
        """Close all files."""
        for key, known in list(self._known.items()):
            await self._forget(key, known)
        self._pool.shutdown(wait=False)

    # ------------------------------------------------------------------ up to date

    async def _bring(self, known: _Known, library: Library) -> None:
        async with self._locked(library.key):
            path = await self._in_thread(self._folder.file, library.key)
            writer = await self._in_thread(LibraryFile, path)
            try:
                if await self._in_thread(_held, writer, writer.version) < library.version:
                    await self._write(writer, library)
                version = await self._in_thread(_held, writer, writer.version)
                if known.file is None or known.file.inode != writer.inode:
                    await self._let_go(known)
                    known.file = await self._in_thread(LibraryFile, path)
                known.version = version
            finally:
                await self._in_thread(_close, writer)
        await self._in_thread(self._folder.use, path)
        known.used = self._clock.monotonic()

    async def _write(self, writer: LibraryFile, library: Library) -> None:
        missing, gone = await self._in_thread(_held, writer, writer.difference, library.shelves)
        for start in range(0, len(gone), _REMOVED_AT_ONCE):
            await self._in_thread(
                _held, writer, writer.remove, gone[start : start + _REMOVED_AT_ONCE]
            )
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            blobs = await asyncio.gather(*(self._blob(shelf) for shelf in some))
            await self._in_thread(
                _held, writer, _put_in, writer, list(zip(some, blobs, strict=True))
            )
        await self._in_thread(_held, writer, writer.finish, library.version)

    async def _blob(self, shelf: Shelf) -> bytes | None:
        try:
            return await self._blobs.get(shelf.blob)
        except NotFound:
            logger.warning("the passages of %s are gone; it is not found", shelf.file_id)
            return None

    @contextlib.asynccontextmanager
    async def _locked(self, key: str) -> AsyncIterator[None]:
        """Alone among all processes. Whoever else brings it up to date does our work as well."""
        while (fd := await self._try_lock(key)) is None:
            await self._clock.sleep(_LOOK_EVERY_S)
        try:
            yield
        finally:
            os.close(fd)

    async def _try_lock(self, key: str) -> int | None:
        trying = asyncio.get_running_loop().run_in_executor(self._pool, self._folder.try_lock, key)
        try:
            return await asyncio.shield(trying)
        except asyncio.CancelledError:
            trying.add_done_callback(_give_back)  # else nobody could take it any more
            raise

    # ------------------------------------------------------------------ what is open

    def _entry(self, key: str) -> _Known:
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known()
        self._known.move_to_end(key)
        if known.file and self._clock.monotonic() - known.used > _USED_EVERY_S:
            known.used = self._clock.monotonic()
            self._pool.submit(self._folder.use, known.file.path)
        for other_key, other in list(self._known.items())[: max(0, len(self._known) - _OPEN)]:
            if not other.lock.locked():
                del self._known[other_key]
                if other.file is not None:
                    self._pool.submit(_close, other.file)
        return known

    async def _forget(self, key: str, known: _Known) -> None:
        if self._known.get(key) is known:
            del self._known[key]
        await self._let_go(known)

    async def _let_go(self, known: _Known) -> None:
        file, known.file, known.version = known.file, None, -1
        if file is not None:
            await self._in_thread(_close, file)

    async def _rebuild(self, key: str, known: _Known) -> None:
        """Remove a damaged file; the next try makes another."""
        logger.warning("the search index of %s is damaged; it is built anew", key)
        await self._forget(key, known)
        async with self._locked(key):
            path: Path = await self._in_thread(self._folder.file, key)
            await self._in_thread(self._folder.remove, path)

    # ------------------------------------------------------------------ threads and errors

    async def _in_thread(self, call: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def _raise_for(self, error: sqlite3.Error) -> None:
        """Raise what is not the file's fault."""
        # Extended codes have the plain one in their lowest byte.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise StoreUnavailable("The search index is busy: try again.") from error
        if code in _REFUSED:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> StoreRefused:
        return StoreRefused(
            f"The search index in {self._folder.path} cannot be written ({error}): make room, or "
            "let this user write there."
        )


def _ask(file: LibraryFile, ask: Callable[[LibraryFile], Answer]) -> Answer:
    with file.lock:
        if file.closed or not file.is_there():
            raise Vanished
        with file.snapshot():
            return ask(file)


def _held(file: LibraryFile, call: Callable[..., Answer], *arguments: object) -> Answer:
    """Alone with the file: somebody who was cancelled may have left a thread behind."""
    with file.lock:
        return call(*arguments)


def _give_back(trying: asyncio.Future[int | None]) -> None:
    if not trying.cancelled() and trying.exception() is None:
        fd = trying.result()
        if fd is not None:
            os.close(fd)


def _close(file: LibraryFile) -> None:
    _held(file, file.close)


def _put_in(writer: LibraryFile, blobs: Sequence[tuple[Shelf, bytes | None]]) -> None:
    batch: list[tuple[Shelf, Contents]] = []
    for shelf, data in blobs:
        if data is None:
            continue
        try:
            batch.append((shelf, unpack(data)))
        except NotPrepared:
            logger.warning("the passages of %s are damaged; it is not found", shelf.file_id)
    writer.add(batch)
