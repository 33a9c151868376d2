"""Searching vector stores.

Serial: nothing. Parallel: searches. What a search needs of a store (which files, their blobs and
attributes) is kept per version, so that while nothing changes a search costs one small round trip
to the store, and after a change what changed. A crash loses that memory and nothing else. It is
bounded by `FILES_IN_MEMORY`; the store that was not searched for longest goes first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.engine.searching import Library, Question, Ranking, SearchResult, Shelf, StoreExpired
from core.engine.validation import check_id
from core.engine.vectors.checks import check_search
from core.engine.vectors.filters import Filter
from core.engine.vectors.parts import VectorParts, has_expired, store_not_found
from core.engine.vectors.records import Look, Shelved, shown
from core.engine.vectors.requests import SearchRequest

FILES_IN_MEMORY: Final = 100_000
"""Some half a kilobyte each."""

_AT_ONCE: Final = 500
"""Files whose attributes are looked at without leaving the loop; a hundred conditions take ten
milliseconds for them."""


@dataclass(frozen=True, slots=True)
class _Shelves:
    """The completed files of a store at one version. `mortal`: one of the Files has an end."""

    library: Library
    files: Mapping[str, Shelved]
    mortal: bool


class StoreSearch:
    """Searches vector stores. A `tenant` sees its own objects only."""

    def __init__(self, parts: VectorParts, *, files_in_memory: int) -> None:
        self._parts = parts
        self._files_in_memory = files_in_memory
        self._known: OrderedDict[str, _Shelves] = OrderedDict()

    async def search(
        self, store_id: str, request: SearchRequest, *, tenant: str = ""
    ) -> list[SearchResult]:
        """The best passages of one store, best first. Words are looked for as they are given.

        Raises:
            InvalidRequest: outside the limits, or the store has expired.
            NotFound: no such vector store.
        """
        wanted = check_search(request)
        check_id("vector_store_id", store_id, "vs")
        try:
            found = await self.find(
                (store_id,), request.queries, limit=request.limit, ranking=request.ranking,
                tenant=tenant, wanted=wanted,
            )  # fmt: skip
        except StoreExpired as error:
            raise has_expired(store_id) from error
        if found is None:
            raise store_not_found(store_id)
        return found

    async def find(
        self,
        store_ids: Sequence[str],
        queries: Sequence[str],
        *,
        limit: int,
        ranking: Ranking,
        tenant: str = "",
        wanted: Filter | None = None,
    ) -> list[SearchResult] | None:
        """The best passages of these stores together, best first; None if there is no such store.

        Raises:
            StoreExpired: one of them has expired.
        """
        looked = await asyncio.gather(*(self._shelves(one, tenant) for one in store_ids))
        shelves = [one for one in looked if one is not None]
        if not shelves:
            return None
        question = Question(
            queries=tuple(queries),
            limit=limit,
            ranking=ranking,
            only=await self._only(shelves, wanted),
        )
        if question.only is not None and not question.only:
            return []
        libraries = [one.library for one in shelves]
        passages = await self._parts.retrieval.search(libraries, question)
        results: list[SearchResult] = []
        for passage in passages:
            file = _described(shelves, passage.file_id, wanted)
            if file is not None:
                results.append(
                    SearchResult(
                        file_id=passage.file_id,
                        filename=file.filename,
                        score=float(passage.score),
                        text=passage.text,
                        attributes=file.attributes,
                    )
                )
        return results

    async def _shelves(self, store_id: str, tenant: str) -> _Shelves | None:
        """The files of a store as they are now; None where there is no such store."""
        known = self._known.get(store_id)
        now = self._parts.clock.now()
        version = known.library.version if known else -1
        look = await self._parts.stores.look(store_id, version, int(now), tenant=tenant)
        if look is None:
            self._known.pop(store_id, None)
            return None
        if shown(look.record.store, now).status == "expired":
            raise StoreExpired(store_id)
        known = self._known.get(store_id)  # which another search may have renewed meanwhile
        if known is None or known.library.version < look.version:
            if known is None and not look.whole:
                return await self._shelves(store_id, tenant)  # what it builds upon was forgotten
            known = self._known[store_id] = _renewed(store_id, known, look)
        self._known.move_to_end(store_id)
        self._forget_some()
        return known

    def _forget_some(self) -> None:
        size = sum(len(one.files) for one in self._known.values())
        while size > self._files_in_memory and len(self._known) > 1:
            size -= len(self._known.popitem(last=False)[1].files)

    async def _only(
        self, shelves: Sequence[_Shelves], wanted: Filter | None
    ) -> frozenset[str] | None:
        """The files that a search may look at; None: all of them."""
        if wanted is None and not any(one.mortal for one in shelves):
            return None
        now = self._parts.clock.now()
        if sum(len(one.files) for one in shelves) <= _AT_ONCE:
            return _fitting(shelves, wanted, now)
        return await asyncio.to_thread(_fitting, shelves, wanted, now)


def _fitting(shelves: Sequence[_Shelves], wanted: Filter | None, now: float) -> frozenset[str]:
    """The files that have not ended and whose attributes fit."""
    return frozenset(
        file_id
        for one in shelves
        for file_id, file in one.files.items()
        if (file.until is None or file.until > now)
        and (wanted is None or wanted(file.attributes or {}))
    )


def _renewed(store_id: str, known: _Shelves | None, look: Look) -> _Shelves:
    files = {} if known is None or look.whole else dict(known.files)
    for file_id, file in look.changed.items():
        if file is None:
            files.pop(file_id, None)
        else:
            files[file_id] = file
    shelves = tuple(Shelf(file_id, file.blob) for file_id, file in files.items())
    mortal = any(file.until is not None for file in files.values())
    return _Shelves(Library(store_id, look.version, shelves), files, mortal)


def _described(shelves: Sequence[_Shelves], file_id: str, wanted: Filter | None) -> Shelved | None:
    """The file as the first store has it whose attributes fit."""
    for one in shelves:
        file = one.files.get(file_id)
        if file is not None and (wanted is None or wanted(file.attributes or {})):
            return file
    return None
