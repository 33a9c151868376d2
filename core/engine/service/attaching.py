"""What tools work with, as callers name it: files and vector stores that are there, or are made.

`tool_resources` of Assistants and Threads name Files and vector stores; a vector store may also be
described there, and is made then. What Messages attach is added to their Thread's.

What is deleted leaves `tool_resources`: they are read without it (`shown`). What is stored still
names it until it is given anew, since an id may be of something that is imported later.

Serial: the changes of one Thread, by its revision. A vector store is made before anything names
it; one that a crash or a refusal left without a name ends 7 days later if a Thread was to have it.

Source: the Assistants API reference, v2 (tool resources, attachments).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from core.assistants import Assistant, Json, Thread
from core.clock import Clock
from core.engine.limits import too_many
from core.engine.ports import ObjectStore
from core.engine.requests import MessageRequest
from core.engine.resources import CODE, SEARCH, code_files, vector_stores, with_list, without
from core.engine.searching import Chunking, FileSearch
from core.engine.service.access import check_files, living_file
from core.engine.service.vector_stores import VectorStores
from core.engine.validation import named_files
from core.engine.vectors.records import FILES_OF_STORE
from core.engine.vectors.requests import StoreRequest

_Owner = TypeVar("_Owner", Assistant, Thread)

FILES_OF_CODE: Final = 20
STORES: Final = 1
"""Files for code, and vector stores, that an Assistant or a Thread may name."""

THREAD_DAYS: Final = 7
"""How long after its last use a vector store ends that was made together with a Thread."""

ATTEMPTS: Final = 10
"""Changes of one Thread that may come between while we try ours: more is a fault."""


class Attaching:
    """Checks and makes what tools work with."""

    def __init__(
        self, *, objects: ObjectStore, stores: VectorStores, search: FileSearch, clock: Clock
    ) -> None:
        self._objects = objects
        self._stores = stores
        self._search = search
        self._clock = clock

    async def resources(
        self,
        given: Json | None,
        *,
        tenant: str,
        days: int | None = None,
        before: Json | None = None,
    ) -> Json | None:
        """`tool_resources` as they are kept: by ids alone, of what is there.

        A vector store that is made for them ends `days` after its last use, or never. What they
        take over from those `before` and is gone is left out: a caller may have read them earlier.

        Raises:
            InvalidRequest: too many, or outside the limits of a vector store.
            NotFound: a File or a vector store is not there.
        """
        if given is None:
            return None
        given = without(given, await self._gone((before,), tenant)) or {}
        kept = {tool: body for tool, body in given.items() if tool != SEARCH}
        files, stores = code_files(given), vector_stores(given)
        _bound("tool_resources.code_interpreter.file_ids", len(files), FILES_OF_CODE)
        _bound("tool_resources.file_search.vector_store_ids", len(stores), STORES)
        await asyncio.gather(
            check_files(self._objects, files, tenant, self._clock.now()),
            *(self._stores.get(store_id, tenant=tenant) for store_id in stores),
        )
        search: Json | None = given.get(SEARCH)
        if search is None:
            return kept
        wanted: list[Json] = search.get("vector_stores") or []
        _bound("tool_resources.file_search.vector_stores", len(stores) + len(wanted), STORES)
        made = [await self._made(one, tenant, days) for one in wanted]
        return with_list(kept, SEARCH, "vector_store_ids", (*stores, *made))

    async def attached(
        self, resources: Json | None, requests: Iterable[MessageRequest], *, tenant: str
    ) -> Json | None:
        """A Thread's `tool_resources` with what these Messages attach; the same ones where that is
        nothing.

        A dialogue may go on for long: of the Files for code the newest stay, as many as a Thread
        may have. The others are still attached to their Messages.

        Raises:
            InvalidRequest: these Messages alone attach more Files than a Thread may have.
            NotFound: a File is not there.
        """
        for_code, for_search = _attached(requests)
        if for_code:
            new = tuple(dict.fromkeys(for_code))
            _bound("tool_resources.code_interpreter.file_ids", len(new), FILES_OF_CODE)
            resources = without(resources, await self._gone((resources,), tenant))
            known = [one for one in code_files(resources) if one not in new]
            files = (*known, *new)[-FILES_OF_CODE:]
            resources = with_list(resources, CODE, "file_ids", files)
        if for_search:
            there = vector_stores(resources)
            store = await self._search.shelve(
                there[0] if there else None, for_search, tenant=tenant
            )
            resources = with_list(resources, SEARCH, "vector_store_ids", (store,))
        return resources

    async def shown(self, owners: Iterable[_Owner], *, tenant: str) -> tuple[_Owner, ...]:
        """These Assistants or Threads as callers see them: without what is gone."""
        owners = tuple(owners)
        gone = await self._gone((one.tool_resources for one in owners), tenant)
        if not gone:
            return owners
        return tuple(
            replace(one, tool_resources=without(one.tool_resources, gone)) for one in owners
        )

    async def check(self, requests: Iterable[MessageRequest], *, tenant: str) -> None:
        """Refuse Messages that name Files which are not there. Raises NotFound."""
        named = {file_id for request in requests for file_id in named_files(request)}
        if named:
            await check_files(self._objects, named, tenant, self._clock.now())

    async def _gone(self, given: Iterable[Json | None], tenant: str) -> set[str]:
        """Ids in `tool_resources` of Files and vector stores that are not there, by one look at
        each kind that is named. A vector store that has expired is there."""
        given = tuple(given)
        files = tuple({one for resources in given for one in code_files(resources)})
        stores = tuple({one for resources in given for one in vector_stores(resources)})
        if not files and not stores:
            return set()
        now = self._clock.now()
        of_files, of_stores = await asyncio.gather(
            self._objects.get_many("file", files, tenant=tenant),
            self._objects.get_many("vector_store", stores, tenant=tenant),
        )
        living = [living_file(record, now) for record in of_files]
        living_stores = [record.value if record else None for record in of_stores]
        pairs = zip((*files, *stores), (*living, *living_stores), strict=True)
        return {name for name, value in pairs if value is None}

    async def _made(self, wanted: Json, tenant: str, days: int | None) -> str:
        expires = None if days is None else {"anchor": "last_active_at", "days": days}
        store = await self._stores.create(
            StoreRequest(
                file_ids=tuple(wanted.get("file_ids") or ()),
                chunking=_chunking(wanted.get("chunking_strategy")),
                expires_after=expires,
                metadata=wanted.get("metadata") or {},
            ),
            tenant=tenant,
            most_files=FILES_OF_STORE,
        )
        return store.id


def attaches(requests: Iterable[MessageRequest]) -> bool:
    """Whether these Messages bring something for tools."""
    return any(_attached(requests))


def _attached(requests: Iterable[MessageRequest]) -> tuple[list[str], list[str]]:
    """Ids of the Files that are for code, and of those that are to be searched."""
    found: dict[str, list[str]] = {CODE: [], SEARCH: []}
    for request in requests:
        for item in request.attachments:
            for tool in item.get("tools") or ():
                if item.get("file_id") and tool["type"] in found:
                    found[tool["type"]].append(item["file_id"])
    return found[CODE], found[SEARCH]


def _chunking(strategy: Json | None) -> Chunking:
    sizes: Json | None = (strategy or {}).get("static")
    if sizes is None:
        return Chunking()
    return Chunking(sizes["max_chunk_size_tokens"], sizes["chunk_overlap_tokens"])


def _bound(param: str, size: int, most: int) -> None:
    if size > most:
        raise too_many(param, most, size)
