"""`Assistants` of core/chat/ports.py, served by the engine in this process.

Threads are named after the conversation's session, so making one twice gives the same one. A Run's
events come from memory where this process executes it, else from its log.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence

from adapters.local.removals import LocalRemovals
from core.assistants import Message, Run, RunStep, StreamEvent
from core.chat.turn_messages import TurnMessage
from core.engine.records import Cursor
from core.engine.requests import (
    FileRequest,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ToolOutputRequest,
)
from core.engine.resources import CODE
from core.engine.service.engine import Engine
from core.errors import InvalidRequest, NotFound
from core.ids import THREAD, derived

RECENT_RUNS = 20
PAGE = 100
"""Messages that one request gives at most."""


class LocalAssistants(LocalRemovals):
    """The engine as the relay sees it.

    `names` gives the ids of declared Assistants by the names that configuration uses; any other
    name is taken as an id. `tenant` owns everything that conversations make.
    """

    def __init__(self, engine: Engine, names: Mapping[str, str], *, tenant: str = "") -> None:
        super().__init__(engine, tenant)
        self._names = names

    async def create_thread(self, key: str, metadata: dict[str, str]) -> str:
        thread = await self._engine.threads.create(
            ThreadRequest(metadata=metadata),
            tenant=self._tenant,
            thread_id=derived(THREAD, "conversation", key),
        )
        return thread.id

    async def messages(self, thread_id: str, *, run_id: str | None, limit: int) -> list[Message]:
        found: list[Message] = []
        while len(found) < limit:
            cursor = Cursor(
                limit=min(PAGE, limit - len(found)),
                order="desc",
                after=found[-1].id if found else None,
                run_id=run_id,
            )
            page = await self._engine.messages.list(thread_id, cursor, tenant=self._tenant)
            found += page.data
            if not page.has_more or not page.data:
                break
        return list(reversed(found))

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.messages.delete(thread_id, message_id, tenant=self._tenant)

    async def file(self, file_id: str) -> tuple[str, bytes]:
        file = await self._engine.files.get(file_id, tenant=self._tenant)
        return file.filename, await self._engine.files.content(file_id, tenant=self._tenant)

    async def keep_file(self, name: str, data: bytes, *, picture: bool) -> str:
        request = FileRequest(
            filename=name, purpose="vision" if picture else "assistants", data=data
        )
        return (await self._engine.files.create(request, tenant=self._tenant)).id

    async def tools_of(self, assistant: str) -> frozenset[str]:
        name = self._names.get(assistant, assistant)
        found = await self._engine.assistants.get(name, tenant=self._tenant)
        return frozenset(tool["type"] for tool in found.tools)

    async def create_run(
        self,
        thread_id: str,
        assistant: str,
        messages: Sequence[TurnMessage],
        metadata: dict[str, str],
        *,
        instructions: str = "",
    ) -> Run:
        request = RunRequest(
            assistant_id=self._names.get(assistant, assistant),
            additional_instructions=instructions or None,
            additional_messages=tuple(_requested(message) for message in messages),
            metadata=metadata,
        )
        return await self._engine.runs.create(thread_id, request, tenant=self._tenant)

    async def note_run(self, thread_id: str, run_id: str, metadata: dict[str, str]) -> None:
        with contextlib.suppress(NotFound):
            run = await self._engine.runs.get(thread_id, run_id, tenant=self._tenant)
            await self._engine.runs.update(
                thread_id, run_id, run.metadata | metadata, tenant=self._tenant
            )

    async def steps(self, thread_id: str, run_id: str) -> list[RunStep]:
        cursor = Cursor(limit=PAGE, order="asc")
        try:
            page = await self._engine.runs.steps(thread_id, run_id, cursor, tenant=self._tenant)
        except NotFound:
            return []
        return list(page.data)

    async def find_runs(self, thread_id: str, metadata: dict[str, str]) -> list[Run]:
        page = await self._engine.runs.list(
            thread_id, Cursor(limit=RECENT_RUNS), tenant=self._tenant
        )
        return [run for run in page.data if metadata.items() <= run.metadata.items()]

    async def run(self, thread_id: str, run_id: str) -> Run:
        return await self._engine.runs.get(thread_id, run_id, tenant=self._tenant)

    async def cancel(self, thread_id: str, run_id: str) -> None:
        try:
            await self._engine.runs.cancel(thread_id, run_id, tenant=self._tenant)
        except InvalidRequest as error:
            if not str(error).startswith("Cannot cancel run"):
                raise

    async def submit_outputs(self, thread_id: str, run_id: str, outputs: Mapping[str, str]) -> None:
        given = [ToolOutputRequest(call, output) for call, output in outputs.items()]
        await self._engine.runs.submit_tool_outputs(thread_id, run_id, given, tenant=self._tenant)

    def events(
        self, thread_id: str, run_id: str, *, behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        return self._engine.runs.follow(
            thread_id, run_id, tenant=self._tenant, behind_call=behind_call
        )


def _requested(message: TurnMessage) -> MessageRequest:
    content = message.content()
    # A picture is for whoever sees, and for code that works on it.
    for_code = [{"file_id": one, "tools": [{"type": CODE}]} for one in message.images]
    return MessageRequest(
        content=content if isinstance(content, str) else tuple(content),
        attachments=(*message.attachments(), *for_code),
        metadata=message.metadata,
    )
