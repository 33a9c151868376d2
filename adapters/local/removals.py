"""`Removals` of core/chat/ports.py, served by the engine in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from core.assistants import Belongings, files_of_message, files_of_step
from core.engine.records import Cursor, Page
from core.engine.resources import code_files, vector_stores
from core.engine.service.engine import Engine
from core.errors import NotFound

PAGE = 100
"""Objects that one request gives at most."""


class LocalRemovals:
    """What the engine can remove. `tenant` owns everything that conversations make."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    async def belongings(self, thread_id: str) -> Belongings:
        engine, tenant = self._engine, self._tenant
        try:
            thread = await engine.threads.get(thread_id, tenant=tenant)
        except NotFound:
            return Belongings()
        files = list(code_files(thread.tool_resources))
        for message in await _all(
            lambda cursor: engine.messages.list(thread_id, cursor, tenant=tenant)
        ):
            files += files_of_message(message)
        for run in await _all(lambda cursor: engine.runs.list(thread_id, cursor, tenant=tenant)):
            for step in await _steps(engine, thread_id, run.id, tenant):
                files += files_of_step(step)
        stores: list[str] = []
        for store_id in vector_stores(thread.tool_resources):
            found = await self._made_for_it(store_id)
            if found is not None:
                stores.append(store_id)
                files += found
        return Belongings(tuple(dict.fromkeys(files)), tuple(stores))

    async def delete_thread(self, thread_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.threads.delete(thread_id, tenant=self._tenant)

    async def delete_file(self, file_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.files.delete(file_id, tenant=self._tenant)

    async def delete_store(self, store_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.vector_stores.delete(store_id, tenant=self._tenant)

    async def close_code(self, thread_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.threads.close_code(thread_id, tenant=self._tenant)

    async def _made_for_it(self, store_id: str) -> list[str] | None:
        """The Files of a store that was made for what Messages attach (it ends by itself and has
        no name); None for one that somebody else made, or that is gone."""
        stores, tenant = self._engine.vector_stores, self._tenant
        try:
            store = await stores.get(store_id, tenant=tenant)
        except NotFound:
            return None
        if store.expires_after is None or store.name:
            return None
        shelved = await _all(lambda cursor: stores.files.list(store_id, cursor, tenant=tenant))
        return [file.id for file in shelved]


async def _steps(engine: Engine, thread_id: str, run_id: str, tenant: str) -> list[Any]:
    return await _all(lambda cursor: engine.runs.steps(thread_id, run_id, cursor, tenant=tenant))


async def _all(page: Callable[[Cursor], Awaitable[Page[Any]]]) -> list[Any]:
    """All objects of a list, oldest first; none of what is gone meanwhile."""
    found: list[Any] = []
    while True:
        after = found[-1].id if found else None
        try:
            part = await page(Cursor(limit=PAGE, order="asc", after=after))
        except NotFound:
            return found
        found += part.data
        if not part.has_more or not part.data:
            return found
