"""Removing blobs that nothing names any more: of deleted Files, and what crashes left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING, Final

from adapters.redis.connection import Client
from adapters.redis.references import BlobReferences
from core.clock import Clock
from core.errors import BobbinError
from core.ids import Ids

if TYPE_CHECKING:
    from bots.wiring.blobs import BlobStore

log = logging.getLogger(__name__)

EVERY_S: Final = 23 * 3600
"""Between two sweeps of one store."""

GRACE_S: Final = 24 * 3600.0
"""Far longer than anything takes from a blob to what names it, and than a sweep."""

_FIRST_S: Final = 600.0
_LOOK_S: Final = 3600.0


@contextlib.asynccontextmanager
async def sweeping(client: Client, blobs: BlobStore, clock: Clock, ids: Ids) -> AsyncIterator[None]:
    """Sweep once a day, in one of the processes, until the block ends."""
    references = BlobReferences(client, ids)
    await blobs.refer(await references.store_id())
    task = asyncio.create_task(_forever(references, blobs, clock), name="sweep of blobs")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sweep(references: BlobReferences, blobs: BlobStore) -> int:
    """Remove what nothing names, if it is this process's turn; how many.

    Nothing is removed where another store has named blobs of this folder.
    """
    if not await blobs.refer(await references.store_id()):
        log.info("blobs are not swept: more than one store names those of this folder")
        return 0
    if not await references.my_turn(EVERY_S):
        return 0
    used = await references.in_use()

    async def kept(names: Sequence[str]) -> Collection[str]:
        return used.intersection(names)

    return await blobs.sweep(kept, GRACE_S)


async def _forever(references: BlobReferences, blobs: BlobStore, clock: Clock) -> None:
    await clock.sleep(_FIRST_S)
    while True:
        try:
            removed = await sweep(references, blobs)
            if removed:
                log.info("%s blobs that nothing named were removed", removed)
        except BobbinError as error:
            log.warning("blobs could not be swept: %s", error)
        except Exception:
            log.exception("sweeping blobs failed; it is tried again")
        await clock.sleep(_LOOK_S)
