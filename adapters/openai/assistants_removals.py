"""`Removals` of core/chat/ports.py at a remote Assistants-compatible service.

What its API deletes is deleted. It has no call that ends a code session, and what it keeps for
itself (logs, backups) is its own.
"""

from __future__ import annotations

import contextlib
from typing import Any

from adapters.openai.assistants_service import Call, RemoteService
from core.assistants import (
    Belongings,
    Json,
    Message,
    Run,
    RunStep,
    Thread,
    files_of_message,
    files_of_step,
)
from core.errors import NotFound

MOST = 1_000_000
"""Objects of a list that are looked through."""


class RemoteRemovals:
    """What the service can remove."""

    def __init__(self, service: RemoteService) -> None:
        self._service = service
        self._files = service.api.files.with_raw_response
        self._threads = service.api.beta.threads.with_raw_response
        self._messages = service.api.beta.threads.messages.with_raw_response
        self._runs = service.api.beta.threads.runs.with_raw_response
        self._steps = service.api.beta.threads.runs.steps.with_raw_response
        self._stores = service.api.vector_stores.with_raw_response
        self._shelved = service.api.vector_stores.files.with_raw_response

    async def belongings(self, thread_id: str) -> Belongings:
        service = self._service
        try:
            thread = service.read(Thread, await service.json(self._threads.retrieve, thread_id))
            messages = await service.listed(Message, self._messages.list, thread_id, limit=MOST)
            runs = await service.listed(Run, self._runs.list, thread_id, limit=MOST)
            resources: Json = thread.tool_resources or {}
            files = list(resources.get("code_interpreter", {}).get("file_ids") or ())
            for message in messages:
                files += files_of_message(message)
            for run in runs:
                for step in await service.listed(
                    RunStep, self._steps.list, run.id, thread_id=thread_id, limit=MOST
                ):
                    files += files_of_step(step)
        except NotFound:
            return Belongings()
        stores: list[str] = []
        for store_id in resources.get("file_search", {}).get("vector_store_ids") or ():
            found = await self._made_for_it(store_id)
            if found is not None:
                stores.append(store_id)
                files += found
        return Belongings(tuple(dict.fromkeys(files)), tuple(stores))

    async def delete_thread(self, thread_id: str) -> None:
        await self._gone(self._threads.delete, thread_id)

    async def delete_file(self, file_id: str) -> None:
        await self._gone(self._files.delete, file_id)

    async def delete_store(self, store_id: str) -> None:
        await self._gone(self._stores.delete, store_id)

    async def close_code(self, thread_id: str) -> None:
        return  # the API has no such call; sessions of a service end by themselves

    async def _gone(self, call: Call, name: str) -> None:
        with contextlib.suppress(NotFound):
            await self._service.json(call, name)

    async def _made_for_it(self, store_id: str) -> list[str] | None:
        """As the engine's: the Files of a store without a name that ends by itself."""
        try:
            store = await self._service.json(self._stores.retrieve, store_id)
            if store.get("expires_after") is None or store.get("name"):
                return None
            found: list[str] = []
            while True:
                query: dict[str, Any] = {"after": found[-1]} if found else {}
                page = await self._service.json(self._shelved.list, store_id, limit=100, **query)
                rows: list[Json] = page.get("data") or []
                found += [str(row["id"]) for row in rows]
                if not rows or not page.get("has_more"):
                    return found
        except NotFound:
            return None
