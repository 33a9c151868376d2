"""Threads: create, read, change, delete."""

from __future__ import annotations

import logging
from dataclasses import replace

from core import ids as prefixes
from core.assistants import TERMINAL_RUN_STATUSES, Thread
from core.clock import Clock
from core.engine.ports import Interpreter, ObjectStore, RunEvents, ThreadStore
from core.engine.records import Absent, Change, Conflict, Cursor, Exists, RunRecord, ThreadRecord
from core.engine.requests import ThreadRequest, ThreadUpdate, Unset
from core.engine.service.access import check_files, thread_record
from core.engine.service.building import new_message
from core.engine.validation import check_metadata, check_thread, named_files
from core.errors import BobbinError, NotFound
from core.ids import Ids

log = logging.getLogger(__name__)


class Threads:
    """Operations on Threads. A `tenant` sees its own objects only."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        events: RunEvents,
        interpreter: Interpreter | None,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._threads = threads
        self._objects = objects
        self._events = events
        self._interpreter = interpreter
        self._clock = clock
        self._ids = ids

    async def create(
        self, request: ThreadRequest, *, tenant: str = "", thread_id: str | None = None
    ) -> Thread:
        """A new Thread. With `thread_id`, one that is there already is returned as it is.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: a File that a Message names, or a Thread of somebody else has that id.
        """
        check_thread(request)
        now = self._clock.now()
        for message in request.messages:
            await check_files(self._objects, named_files(message), tenant, now)
        thread = Thread(
            id=thread_id or self._ids.new(prefixes.THREAD),
            created_at=int(now),
            tool_resources=request.tool_resources,
            metadata=dict(request.metadata),
        )
        messages = [new_message(message, thread.id, self._ids, now) for message in request.messages]
        record = ThreadRecord(thread=thread, tenant=tenant)
        try:
            await self._threads.commit(
                Change(thread_id=thread.id, expect=(Absent(),), put=(record, *messages))
            )
        except Conflict:
            return await self.get(thread.id, tenant=tenant)
        return thread

    async def get(self, thread_id: str, *, tenant: str = "") -> Thread:
        """The Thread. Raises NotFound."""
        return (await thread_record(self._threads, thread_id, tenant)).thread

    async def update(self, thread_id: str, request: ThreadUpdate, *, tenant: str = "") -> Thread:
        """Change what the request names, also while a Run is active.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Thread.
        """
        if not isinstance(request.metadata, Unset):
            check_metadata(request.metadata)
        record = await thread_record(self._threads, thread_id, tenant)
        thread = record.thread
        if not isinstance(request.metadata, Unset):
            thread = replace(thread, metadata=dict(request.metadata))
        if not isinstance(request.tool_resources, Unset):
            thread = replace(thread, tool_resources=request.tool_resources)
        try:
            await self._threads.commit(
                Change(
                    thread_id=thread_id, expect=(Exists(),), put=(replace(record, thread=thread),)
                )
            )
        except Conflict as error:
            raise NotFound.object("thread", thread_id) from error
        return thread

    async def delete(self, thread_id: str, *, tenant: str = "") -> None:
        """Remove the Thread with all that is in it; a Run that is active stops. Raises NotFound."""
        await thread_record(self._threads, thread_id, tenant)
        page = await self._threads.page(thread_id, "runs", Cursor(limit=1))
        if not await self._threads.delete_thread(thread_id):
            raise NotFound.object("thread", thread_id)
        for record in page.data:
            if isinstance(record, RunRecord) and record.run.status not in TERMINAL_RUN_STATUSES:
                await self._events.request_cancel(thread_id, record.run.id)
        if self._interpreter is not None:
            try:
                await self._interpreter.close(thread_id)
            except BobbinError as error:
                log.warning("the code session of %s was not closed: %s", thread_id, error)
