"""Assistants as v1's callers know them: with files of their own, for whatever tools they have.

The files stand among those of the code interpreter. Where the Assistant searches files they are
in a vector store as well, which is made when it is first needed. Files that somebody put into that
store by v2's means stay.

Source: the Assistants API reference of November 2023 (assistants, assistant files).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.assistants import Assistant
from core.engine.requests import AssistantRequest, AssistantUpdate, Unset
from core.engine.resources import CODE, SEARCH, code_files, vector_stores, with_list
from core.engine.service.assistants import Assistants
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.records import NewEntry
from core.errors import NotFound


class FirstVersion:
    """Operations on Assistants and their files. A `tenant` sees its own objects only."""

    def __init__(self, assistants: Assistants, stores: VectorStores) -> None:
        self._assistants = assistants
        self._stores = stores

    async def create(self, request: AssistantRequest, *, tenant: str = "") -> Assistant:
        """A new Assistant, its files searchable if it searches. Raises as `Assistants.create`."""
        made = await self._assistants.create(request, tenant=tenant)
        return await self._searchable(made, (), tenant)

    async def update(
        self, assistant_id: str, request: AssistantUpdate, *, tenant: str = ""
    ) -> Assistant:
        """Change what the request names; given files replace the former ones.

        Raises: as `Assistants.update`.
        """
        before = await self._assistants.get(assistant_id, tenant=tenant)
        given = request.tool_resources
        if not isinstance(given, Unset):
            files = with_list(before.tool_resources, CODE, "file_ids", code_files(given))
            request = replace(request, tool_resources=files)
        changed = await self._assistants.update(assistant_id, request, tenant=tenant)
        return await self._searchable(changed, code_files(before.tool_resources), tenant)

    async def add_file(self, assistant_id: str, file_id: str, *, tenant: str = "") -> Assistant:
        """Give the Assistant one file more. Raises NotFound."""
        assistant = await self._assistants.get(assistant_id, tenant=tenant)
        files = dict.fromkeys((*code_files(assistant.tool_resources), file_id))
        return await self._with_files(assistant, tuple(files), tenant)

    async def remove_file(self, assistant_id: str, file_id: str, *, tenant: str = "") -> Assistant:
        """Take a file from the Assistant; the File stays. Raises NotFound."""
        assistant = await self._assistants.get(assistant_id, tenant=tenant)
        files = check_file(file_id, code_files(assistant.tool_resources))
        rest = tuple(one for one in files if one != file_id)
        return await self._with_files(assistant, rest, tenant)

    async def _with_files(
        self, assistant: Assistant, files: tuple[str, ...], tenant: str
    ) -> Assistant:
        given = {CODE: {"file_ids": list(files)}}
        request = AssistantUpdate(tool_resources=given)
        return await self.update(assistant.id, request, tenant=tenant)

    async def _searchable(
        self, assistant: Assistant, before: tuple[str, ...], tenant: str
    ) -> Assistant:
        """The Assistant with its files in its vector store, if it searches."""
        if not any(tool["type"] == SEARCH for tool in assistant.tools):
            return assistant
        files, known = code_files(assistant.tool_resources), vector_stores(assistant.tool_resources)
        if not known:
            if not files:
                return assistant
            resources = {**(assistant.tool_resources or {})}
            resources[SEARCH] = {"vector_stores": [{"file_ids": list(files)}]}
            request = AssistantUpdate(tool_resources=resources)
            return await self._assistants.update(assistant.id, request, tenant=tenant)
        added = (one for one in files if one not in before)
        removed = (one for one in before if one not in files)
        await asyncio.gather(
            *(
                self._stores.files.add(known[0], NewEntry(file_id=one), tenant=tenant)
                for one in added
            ),
            *(self._dropped(known[0], one, tenant) for one in removed),
        )
        return assistant

    async def _dropped(self, store_id: str, file_id: str, tenant: str) -> None:
        try:
            await self._stores.files.delete(store_id, file_id, tenant=tenant)
        except NotFound:
            return  # somebody took it out already


def check_file(file_id: str, files: tuple[str, ...]) -> tuple[str, ...]:
    """The files, if this is one of them. Raises NotFound."""
    if file_id not in files:
        raise NotFound.object("file", file_id)
    return files
