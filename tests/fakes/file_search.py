"""A `FileSearch` that finds what it was told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.assistants import Json
from core.engine.searching import Ranking, Readiness, SearchResult, StoreExpired


@dataclass(frozen=True, slots=True)
class Asked:
    """One search."""

    store_ids: tuple[str, ...]
    queries: tuple[str, ...]
    limit: int
    ranking: Ranking
    tenant: str


class ScriptedFileSearch:
    """Answers each search with the next script, and every further one with nothing."""

    def __init__(self, *found: Sequence[SearchResult]) -> None:
        self._found = list(found)
        self.asked: list[Asked] = []
        self.waited: list[tuple[str, float]] = []
        """Stores that somebody waited for, and how long they would have."""
        self.hold: asyncio.Event | None = None
        """Searches wait for it."""
        self.unready = False
        """Files are never all read."""
        self.refused: tuple[str, ...] = ()
        """What is wrong with files that could not be read."""
        self.expired = False
        """The last store of a search has expired."""
        self.failures: list[Exception] = []
        """Raised by the next searches, one each."""

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
        self.asked.append(Asked(tuple(store_ids), tuple(queries), limit, ranking, tenant))
        if self.hold is not None:
            await self.hold.wait()
        if self.expired:
            raise StoreExpired(store_ids[-1])
        if self.failures:
            raise self.failures.pop(0)
        found = self._found.pop(0) if self._found else ()
        return [one for one in found if one.score >= ranking.threshold][:limit]

    async def ready(self, store_id: str, timeout_s: float, *, tenant: str = "") -> Readiness:
        self.waited.append((store_id, timeout_s))
        return Readiness(not self.unready, self.refused)

    async def shelve(
        self, store_id: str | None, file_ids: Sequence[str], *, tenant: str = ""
    ) -> str:
        raise NotImplementedError("nothing is attached here")
