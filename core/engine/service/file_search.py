"""Vector stores as a Run uses them: searched together, waited for, and made for attachments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.assistants import Json
from core.clock import Clock
from core.engine.records import Cursor
from core.engine.searching import Ranking, Readiness, SearchResult
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.checks import check_queries
from core.engine.vectors.filters import filter_of
from core.engine.vectors.records import FILES_OF_STORE, NewEntry
from core.engine.vectors.requests import StoreRequest
from core.errors import InvalidRequest, NotFound

ATTACHMENT_DAYS: Final = 7
"""Of a store that is made for what is attached to Messages (the reference: tool resources)."""

_MOST_REFUSED: Final = 5
"""Files that could not be read and are named."""

_SHORTEST_S: Final = 0.05
_LONGEST_S: Final = 1.0
"""Pauses between two looks whether a store is ready."""


class StoresForRuns:
    """`FileSearch` on the services."""

    def __init__(self, stores: VectorStores, clock: Clock) -> None:
        self._stores = stores
        self._clock = clock

    async def search(
        self,
        store_ids: Sequence[str],
        queries: Sequence[str],
        *,
        limit: int,
        ranking: Ranking,
        tenant: str = "",
        filters: Json | None = None,
    ) -> list[SearchResult]:
        """The best passages of these stores together, best first. Stores that are gone are skipped.

        Raises:
            StoreExpired: one of them has expired.
            InvalidRequest: nothing is asked, or the filters are none.
        """
        check_queries(queries)
        wanted = None if filters is None else filter_of(filters)
        found = await self._stores.searching.find(
            store_ids, queries, limit=limit, ranking=ranking, tenant=tenant, wanted=wanted
        )
        return found or []

    async def ready(self, store_id: str, timeout_s: float, *, tenant: str = "") -> Readiness:
        """Wait until none of the store's files is in progress, at most so long.

        A store that is gone is ready: there is nothing to wait for.
        """
        end = self._clock.monotonic() + timeout_s
        pause = _SHORTEST_S
        while True:
            try:
                store = await self._stores.get(store_id, tenant=tenant)
            except NotFound:
                return Readiness(done=True)
            left = end - self._clock.monotonic()
            done = not store.file_counts["in_progress"]
            if done or left <= 0:
                refused = (
                    await self._refused(store_id, tenant) if store.file_counts["failed"] else ()
                )
                return Readiness(done, refused)
            await self._clock.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_S)

    async def _refused(self, store_id: str, tenant: str) -> tuple[str, ...]:
        """What is wrong with the newest files that could not be read."""
        newest = Cursor(limit=_MOST_REFUSED)
        try:
            page = await self._stores.files.list(store_id, newest, status="failed", tenant=tenant)
        except NotFound:
            return ()
        return tuple(str((file.last_error or {}).get("message", "")) for file in page.data)

    async def shelve(
        self, store_id: str | None, file_ids: Sequence[str], *, tenant: str = ""
    ) -> str:
        """Add files to this store, or to a new one that ends 7 days after its last use.

        A store that is gone or has expired is as good as none: the new one has only these files.

        Raises:
            NotFound: one of the Files is not there.
            InvalidRequest: the store would have too many.
        """
        names = tuple(dict.fromkeys(file_ids))
        if store_id is not None and await self._can_take(store_id, tenant):
            await self._stores.add_all(
                store_id, [NewEntry(file_id=name) for name in names], tenant=tenant
            )
            return store_id
        made = await self._stores.create(
            StoreRequest(
                file_ids=names,
                expires_after={"anchor": "last_active_at", "days": ATTACHMENT_DAYS},
            ),
            tenant=tenant,
            most_files=FILES_OF_STORE,
        )
        return made.id

    async def _can_take(self, store_id: str, tenant: str) -> bool:
        try:
            return (await self._stores.get(store_id, tenant=tenant)).status != "expired"
        except InvalidRequest:  # also: there is none
            return False
