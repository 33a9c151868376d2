"""Starting Runs, on a Thread that is there or on a new one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core import ids as prefixes
from core.assistants import (
    TERMINAL_RUN_STATUSES,
    Assistant,
    Message,
    Run,
    StreamEvent,
    Thread,
)
from core.clock import Clock
from core.engine.lifecycle import opening
from core.engine.ports import ObjectStore, ThreadStore
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Document,
    Expectation,
    NoActiveRun,
    ObjectRecord,
    RunRecord,
    ThreadAt,
    ThreadRecord,
)
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from core.engine.service.access import assistant_record, owned, run_of
from core.engine.service.attaching import ATTEMPTS, THREAD_DAYS, Attaching, attaches
from core.engine.service.building import new_message, new_run
from core.engine.service.launching import Launcher
from core.engine.stored import run_record
from core.engine.validation import check_id, check_run, check_thread, check_tool_choice
from core.errors import InvalidRequest, StoreUnavailable
from core.ids import Ids


class Starting:
    """Creates Runs."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        attaching: Attaching,
        launcher: Launcher,
        clock: Clock,
        ids: Ids,
        run_ttl_s: int,
    ) -> None:
        self._threads = threads
        self._objects = objects
        self._attaching = attaching
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
            self._attaching.check(request.additional_messages, tenant=tenant),
        )
        before = owned(found, thread_id, tenant)
        messages = self._messages(thread_id, request.additional_messages)
        for _ in range(ATTEMPTS):
            after = await self._with_attachments(before, request, tenant, run_id)
            record = self._record(thread_id, request, assistant, after.thread, run_id)
            if not record.run.instructions and not messages:
                await self._check_something_to_say(thread_id)
            changed = (after,) if after is not before else ()
            expect: list[Expectation] = [Absent(run_id=run_id)] if run_id else []
            expect += [NoActiveRun(), *([ThreadAt(before.revision)] if changed else ())]
            try:
                await self._launch(record, (*changed, *messages), tuple(expect))
            except Conflict as conflict:
                if isinstance(conflict.failed, Absent):
                    return (await run_of(self._threads, thread_id, record.run.id, tenant)).run
                if conflict.active_run is not None:
                    raise _locked(thread_id, conflict.active_run) from conflict
                before = owned(await self._threads.thread(thread_id), thread_id, tenant)
            else:
                return record.run
        raise StoreUnavailable(f"Thread {thread_id} changes too fast. Try again.")

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
        if thread_id is not None and run_id is not None:
            known = await run_record(self._threads, thread_id, run_id)
            if known is not None:
                return (await run_of(self._threads, thread_id, run_id, tenant)).run
        attaching = self._attaching
        await attaching.check(spoken, tenant=tenant)
        new_id = thread_id or self._ids.new(prefixes.THREAD)
        assistant = await assistant_record(self._objects, request.assistant_id, tenant)
        resources = await attaching.resources(start.tool_resources, tenant=tenant, days=THREAD_DAYS)
        thread = Thread(
            id=new_id,
            created_at=int(self._clock.now()),
            tool_resources=await attaching.attached(resources, spoken, tenant=tenant),
            metadata=dict(start.metadata),
        )
        record = self._record(new_id, request, assistant, thread, run_id)
        made = ThreadRecord(thread=thread, tenant=tenant)
        first = (StreamEvent("thread.created", thread),)
        try:
            await self._launch(record, (made, *self._messages(new_id, spoken)), (Absent(),), first)
        except Conflict as conflict:
            if run_id is None:
                raise InvalidRequest(f"Thread {new_id} already exists.") from conflict
            return (await run_of(self._threads, new_id, run_id, tenant)).run
        return record.run

    async def _with_attachments(
        self, before: ThreadRecord, request: RunRequest, tenant: str, run_id: str | None
    ) -> ThreadRecord:
        """The Thread with what the Run's Messages bring for tools; the same where that is nothing.

        A Run that is there already, or in the way, is left for the commit to find.
        """
        spoken = request.additional_messages
        thread = before.thread
        if not attaches(spoken):
            return before
        newest = await self._threads.page(thread.id, "runs", Cursor(limit=1))
        for known in newest.data:
            if isinstance(known, RunRecord) and (
                known.run.id == run_id or known.run.status not in TERMINAL_RUN_STATUSES
            ):
                return before
        resources = await self._attaching.attached(thread.tool_resources, spoken, tenant=tenant)
        return replace(before, thread=replace(thread, tool_resources=resources))

    async def _launch(
        self,
        record: RunRecord,
        documents: tuple[Document, ...],
        expect: tuple[Expectation, ...],
        first: tuple[StreamEvent, ...] = (),
    ) -> None:
        """Store the Run with what comes before it, and see that it is executed."""
        change = Change(
            thread_id=record.run.thread_id,
            expect=expect,
            put=(*documents, record),
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
        thread: Thread,
        run_id: str | None,
    ) -> RunRecord:
        kept, assistant = found
        record = new_run(
            request,
            assistant,
            kept,
            thread.tool_resources,
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

    async def _check_something_to_say(self, thread_id: str) -> None:
        page = await self._threads.page(thread_id, "messages", Cursor(limit=1))
        if not page.data:
            raise InvalidRequest(
                "Run creation requires a Thread with a user message or an assistant with "
                "instructions"
            )


def _locked(thread_id: str, run_id: str) -> InvalidRequest:
    return InvalidRequest(f"Thread {thread_id} already has an active run {run_id}.")
