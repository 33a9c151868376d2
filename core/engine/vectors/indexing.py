"""Indexes the files of vector stores for as long as the process lives.

Serial: nothing across files. Parallel: files, up to `limit`; of those that give the same (bytes,
chunking, recipe), one is prepared and the others find what it gave. A crash loses what was being
prepared; its lease runs out and another process begins anew. A file whose owners were lost three
times fails: it is probably the reason. Memory: the bytes of `limit` files and what they give.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

from core.assistants import File
from core.clock import Clock
from core.engine.ports import Blobs, ObjectStore
from core.engine.searching import Chunking, FileRejected, Retrieval
from core.engine.vectors.ports import IndexQueue, PreparedIndex
from core.engine.vectors.records import (
    FileGone,
    HandedOver,
    IndexClaim,
    Indexed,
    NotIndexed,
    Outcome,
    PreparedBlob,
    PutOff,
)
from core.errors import BobbinError, NotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

LOST_OWNERS: Final = 3
"""Owners that may be lost over one file."""

PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
"""Between the tries of a file that failed for a reason that may pass: three minutes in all."""

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is searched at most: it is in memory while its text is found."""

_OUTAGE_PAUSE_S: Final = 1.0

_LOST: Final = "Indexing this file ended {count} processes, so it was given up."
_GIVEN_UP: Final = "This file could not be indexed just now; add it again later."


class Indexer:
    """Claims files and indexes them; use as an async context.

    Leaving the context stops at once and hands over what was begun.
    """

    def __init__(
        self,
        *,
        owner: str,
        queue: IndexQueue,
        objects: ObjectStore,
        blobs: Blobs,
        prepared: PreparedIndex,
        retrieval: Retrieval,
        clock: Clock,
        limit: int = 2,
        lease_s: float = 10.0,
        idle_s: float = 2.0,
    ) -> None:
        """
        Args:
            owner: this process's name in leases.
            queue, objects, blobs, prepared: the stores.
            retrieval: what prepares files.
            clock: for all pauses.
            limit: files at a time.
            lease_s: what the queue gives; renewed every third of it.
            idle_s: how long a silent queue is trusted.
        """
        self._owner = owner
        self._queue = queue
        self._objects = objects
        self._blobs = blobs
        self._prepared = prepared
        self._retrieval = retrieval
        self._clock = clock
        self._limit = limit
        self._renew_s = lease_s / 3
        self._idle_s = idle_s
        self._running: dict[tuple[str, str, int], tuple[IndexClaim, asyncio.Task[None]]] = {}
        self._preparing: dict[str, asyncio.Lock] = {}
        self._room = asyncio.Event()
        self._claiming: asyncio.Task[list[IndexClaim]] | None = None
        self._loops: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._loops = [
            asyncio.create_task(self._forever(loop), name=f"indexer {self._owner}:{name}")
            for name, loop in (("claim", self._claim), ("renew", self._renew))
        ]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._loops[0].cancel()
        left = [claim for claim, _ in self._running.values()]
        tasks = [task for _, task in self._running.values()]
        for task in (*tasks, *self._loops):
            task.cancel()
        await asyncio.gather(*tasks, *self._loops, return_exceptions=True)
        if self._claiming is not None:
            try:
                left += await self._claiming  # what a claim on its way took would wait for its end
            except StoreError as failure:
                log.warning("the last claim failed: %s", failure)
        await asyncio.gather(*(self._hand_over(claim) for claim in left))

    # ---------------------------------------------------------------- loops

    async def _claim(self) -> None:
        room = self._limit - len(self._running)
        if room <= 0:
            self._room.clear()
            await self._room.wait()
            return
        claiming = self._claiming = asyncio.create_task(self._queue.claim(self._owner, room))
        await asyncio.wait({claiming})  # which a stop does not break off
        self._claiming = None
        claims = claiming.result()
        for claim in claims:
            self._begin(claim)
        if not claims:
            await self._queue.wait(self._idle_s)

    async def _renew(self) -> None:
        running = list(self._running.values())
        if running:
            kept = await self._queue.renew([claim for claim, _ in running])
            for (_, task), still in zip(running, kept, strict=True):
                if not still:
                    task.cancel()
        await self._clock.sleep(self._renew_s)

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await loop()
            except StoreError as error:
                log.warning("the store is away: %s", error)
                await self._clock.sleep(_OUTAGE_PAUSE_S)
            except Exception:
                log.exception("a loop of the indexer failed; it goes on")
                await self._clock.sleep(_OUTAGE_PAUSE_S)

    # ---------------------------------------------------------------- one file

    def _begin(self, claim: IndexClaim) -> None:
        key = (claim.store_id, claim.file_id, claim.epoch)
        task = asyncio.create_task(self._index(claim), name=f"index {self._owner}:{claim.file_id}")
        self._running[key] = (claim, task)

        def ended(done: asyncio.Task[None]) -> None:
            self._running.pop(key, None)
            self._room.set()
            if not done.cancelled() and (error := done.exception()) is not None:
                log.error("indexing %s failed", claim.file_id, exc_info=error)

        task.add_done_callback(ended)

    async def _index(self, claim: IndexClaim) -> None:
        outcome = await self._outcome(claim)
        while True:
            try:
                if not await self._queue.end(claim, outcome):
                    log.info("%s in %s went to another owner", claim.file_id, claim.store_id)
                return
            except StoreError as error:  # the lease is renewed meanwhile, or lost
                log.warning("what came of %s could not be stored: %s", claim.file_id, error)
                await self._clock.sleep(_OUTAGE_PAUSE_S)

    async def _outcome(self, claim: IndexClaim) -> Outcome:
        if claim.takeovers >= LOST_OWNERS:
            return NotIndexed("server_error", _LOST.format(count=claim.takeovers))
        try:
            return await self._indexed(claim)
        except FileRejected as error:
            return NotIndexed(error.code, error.message)
        except BobbinError as error:
            log.warning("%s could not be indexed: %s", claim.file_id, error)
        except Exception:
            log.exception("%s could not be indexed", claim.file_id)
        if claim.tries < len(PAUSES_S):
            return PutOff(PAUSES_S[claim.tries])
        return NotIndexed("server_error", _GIVEN_UP)

    async def _indexed(self, claim: IndexClaim) -> Outcome:
        record = await self._objects.get("file", claim.file_id, tenant=claim.tenant)
        if record is None or not isinstance(record.value, File):
            return FileGone()
        file, source = record.value, record.state["blob"]
        if file.bytes > LARGEST:
            raise FileRejected(
                "invalid_file",
                f"{file.filename} has {file.bytes} bytes, and {LARGEST} is the most that can be "
                "searched: divide it.",
            )
        if file.expires_at is not None and file.expires_at <= self._clock.now():
            return FileGone()
        key = digest(source, claim.chunking, self._retrieval.recipe)
        async with self._alone(key):
            found = await self._prepared.find(key)
            if found is None:
                found = await self._prepare(key, file.filename, source, claim.chunking)
        return Indexed(
            blob=found.blob, size=found.size, filename=file.filename, until=file.expires_at
        )

    async def _prepare(
        self, key: str, filename: str, source: str, chunking: Chunking
    ) -> PreparedBlob:
        try:
            data = await self._blobs.get(source)
        except NotFound:
            raise FileRejected("invalid_file", f"The bytes of {filename} are lost.") from None
        given = await self._retrieval.prepare(filename, data, chunking)
        found = PreparedBlob(await self._blobs.put(given.data), len(given.data))
        await self._prepared.remember(key, found)
        return found

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        """Nobody else in this process prepares the same meanwhile."""
        lock = self._preparing.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._preparing.pop(key, None)

    async def _hand_over(self, claim: IndexClaim) -> None:
        """Offer it to the next process; without the store its lease runs out instead."""
        try:
            await self._queue.end(claim, HandedOver())
        except StoreError as error:
            log.warning("%s could not be handed over: %s", claim.file_id, error)


def digest(blob: str, chunking: Chunking, recipe: str) -> str:
    """The name of what these bytes give, cut like this, by this recipe."""
    cut = f"{chunking.max_tokens}/{chunking.overlap_tokens}"
    return hashlib.sha256("\0".join((blob, cut, recipe)).encode()).hexdigest()
