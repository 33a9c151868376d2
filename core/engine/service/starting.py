"""Starting Runs, on a Thread that is there or on a new one."""

from __future__ import annotations

import asyncio

from core import ids as prefixes
from core.assistants import Assistant, Json, Message, Run, StreamEvent, Thread
from core.clock import Clock
from core.engine.lifecycle import opening
from core.engine.ports import ObjectStore, ThreadStore
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Expectation,
    NoActiveRun,
    ObjectRecord,
    RunRecord,
    ThreadRecord,
)
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from core.engine.service.access import assistant_record, check_files, owned, run_of
from core.engine.service.building import new_message, new_run
from core.engine.service.launching import Launcher
from core.engine.validation import (
    check_id,
    check_run,
    check_thread,
    check_tool_choice,
    named_files,
)
from core.errors import InvalidRequest, NotFound
from core.ids import Ids


class Starting:
    """Creates Runs."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        launcher: Launcher,
        clock: Clock,
        ids: Ids,
        run_ttl_s: int,
    ) -> None:
        self._threads = threads
        self._objects = objects
        self._launcher = launcher
        self._clock = clock
        self._ids = ids
        self._run_ttl_s = run_ttl_s

    async def run(
        self, thread_id: str, request: RunRequest, *, tenant: str, run_id: str | None
    ) -> Run:
        """A Run on a Thread that is there; see `Runs.create`."""
        check_id("thread_id", thread_id, "thread")
        check_run(request)
        found, assistant, _ = await asyncio.gather(
            self._threads.thread(thread_id),
            assistant_record(self._objects, request.assistant_id, tenant),
            self._check_files(request.additional_messages, tenant),
        )
        thread = owned(found, thread_id, tenant).thread
        record = self._record(thread_id, request, assistant, thread.tool_resources, run_id)
        messages = self._messages(thread_id, request.additional_messages)
        if not record.run.instructions and not messages:
            await self._check_something_to_say(thread_id)
        absent: tuple[Expectation, ...] = (Absent(run_id=run_id),) if run_id else ()
        try:
            await self._launch(record, messages, (*absent, NoActiveRun()))
        except Conflict as conflict:
            if isinstance(conflict.failed, Absent):
                return (await run_of(self._threads, thread_id, record.run.id, tenant)).run
            if conflict.active_run is None:
                raise NotFound.object("thread", thread_id) from conflict
            raise InvalidRequest(
                f"Thread {thread_id} already has an active run {conflict.active_run}."
            ) from conflict
        return record.run

    async def run_with_thread(
        self,
        start: ThreadRequest,
        request: RunRequest,
        *,
        tenant: str,
        thread_id: str | None,
        run_id: str | None,
    ) -> Run:
        """A Run on a new Thread, in one step; see `Runs.create_with_thread`."""
        check_thread(start)
        check_run(request)
        spoken = (*start.messages, *request.additional_messages)
        await self._check_files(spoken, tenant)
        new_id = thread_id or self._ids.new(prefixes.THREAD)
        assistant = await assistant_record(self._objects, request.assistant_id, tenant)
        record = self._record(new_id, request, assistant, start.tool_resources, run_id)
        messages = self._messages(new_id, spoken)
        thread = Thread(
            id=new_id,
            created_at=int(self._clock.now()),
            tool_resources=start.tool_resources,
            metadata=dict(start.metadata),
        )
        try:
            await self._launch(
                record, messages, (Absent(),), ThreadRecord(thread=thread, tenant=tenant)
            )
        except Conflict as conflict:
            if run_id is None:
                raise InvalidRequest(f"Thread {new_id} already exists.") from conflict
            return (await run_of(self._threads, new_id, run_id, tenant)).run
        return record.run

    async def _launch(
        self,
        record: RunRecord,
        messages: list[Message],
        expect: tuple[Expectation, ...],
        thread: ThreadRecord | None = None,
    ) -> None:
        first = (StreamEvent("thread.created", thread.thread),) if thread else ()
        change = Change(
            thread_id=record.run.thread_id,
            expect=expect,
            put=(*((thread,) if thread else ()), *messages, record),
            run_id=record.run.id,
            events=(*first, *opening(record.run)),
            activate=True,
            expires_at=record.run.expires_at,
        )
        await self._launcher.launch(change, record, whole=True)

    def _record(
        self,
        thread_id: str,
        request: RunRequest,
        found: tuple[ObjectRecord, Assistant],
        resources: Json | None,
        run_id: str | None,
    ) -> RunRecord:
        kept, assistant = found
        record = new_run(
            request,
            assistant,
            kept,
            resources,
            thread_id=thread_id,
            run_id=run_id or self._ids.new(prefixes.RUN),
            now=self._clock.now(),
            ttl_s=self._run_ttl_s,
        )
        check_tool_choice(request.tool_choice, record.run.tools)
        return record

    def _messages(self, thread_id: str, requests: tuple[MessageRequest, ...]) -> list[Message]:
        now = self._clock.now()
        return [new_message(request, thread_id, self._ids, now) for request in requests]

    async def _check_files(self, requests: tuple[MessageRequest, ...], tenant: str) -> None:
        named = {file_id for request in requests for file_id in named_files(request)}
        if named:
            await check_files(self._objects, named, tenant, self._clock.now())

    async def _check_something_to_say(self, thread_id: str) -> None:
        page = await self._threads.page(thread_id, "messages", Cursor(limit=1))
        if not page.data:
            raise InvalidRequest(
                "Run creation requires a Thread with a user message or an assistant with "
                "instructions"
            )
