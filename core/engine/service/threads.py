"""Threads: create, read, change, delete."""

from __future__ import annotations

import logging
from dataclasses import replace

from core import ids as prefixes
from core.assistants import TERMINAL_RUN_STATUSES, Json, Thread
from core.clock import Clock
from core.engine.ports import Interpreter, RunEvents, ThreadStore
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Exists,
    RunRecord,
    ThreadAt,
    ThreadRecord,
)
from core.engine.requests import ThreadRequest, ThreadUpdate, Unset
from core.engine.service.access import thread_record
from core.engine.service.attaching import ATTEMPTS, THREAD_DAYS, Attaching
from core.engine.service.building import new_message
from core.engine.validation import check_thread, merged_metadata
from core.errors import BobbinError, NotFound, StoreUnavailable
from core.ids import Ids

log = logging.getLogger(__name__)


class Threads:
    """Operations on Threads. A `tenant` sees its own objects only."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        attaching: Attaching,
        events: RunEvents,
        interpreter: Interpreter | None,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._threads = threads
        self._attaching = attaching
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
            NotFound: a File or vector store that is named, or a Thread of somebody else has that
                id.
        """
        check_thread(request)
        if thread_id is not None and await self._threads.thread(thread_id) is not None:
            return await self.get(thread_id, tenant=tenant)
        attaching = self._attaching
        await attaching.check(request.messages, tenant=tenant)
        resources = await attaching.resources(
            request.tool_resources, tenant=tenant, days=THREAD_DAYS
        )
        now = self._clock.now()
        thread = Thread(
            id=thread_id or self._ids.new(prefixes.THREAD),
            created_at=int(now),
            tool_resources=await attaching.attached(resources, request.messages, tenant=tenant),
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
        record = await thread_record(self._threads, thread_id, tenant)
        return await self._shown(record.thread, tenant)

    async def update(self, thread_id: str, request: ThreadUpdate, *, tenant: str = "") -> Thread:
        """Change what the request names, also while a Run is active.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Thread, or a File or vector store that its tools are to have.
        """
        values: Json = {}
        record = await thread_record(self._threads, thread_id, tenant)
        if not isinstance(request.tool_resources, Unset):
            values["tool_resources"] = await self._attaching.resources(
                request.tool_resources,
                tenant=tenant,
                days=THREAD_DAYS,
                before=record.thread.tool_resources,
            )
        for _ in range(ATTEMPTS):
            if not isinstance(request.metadata, Unset):
                values["metadata"] = merged_metadata(record.thread.metadata, request.metadata)
            thread = replace(record.thread, **values)
            change = Change(
                thread_id=thread_id,
                expect=(Exists(), ThreadAt(record.revision)),
                put=(replace(record, thread=thread),),
            )
            try:
                await self._threads.commit(change)
            except Conflict:  # it was changed or deleted meanwhile
                record = await thread_record(self._threads, thread_id, tenant)
            else:
                return await self._shown(thread, tenant)
        raise StoreUnavailable(f"Thread {thread_id} changes too fast. Try again.")

    async def delete(self, thread_id: str, *, tenant: str = "") -> None:
        """Remove the Thread with all that is in it; a Run that is active stops. Raises NotFound."""
        await thread_record(self._threads, thread_id, tenant)
        page = await self._threads.page(thread_id, "runs", Cursor(limit=1))
        if not await self._threads.delete_thread(thread_id):
            raise NotFound.object("thread", thread_id)
        for record in page.data:
            if isinstance(record, RunRecord) and record.run.status not in TERMINAL_RUN_STATUSES:
                await self._events.request_cancel(thread_id, record.run.id)
        await self._close_code(thread_id)

    async def close_code(self, thread_id: str, *, tenant: str = "") -> None:
        """Forget its code session with all files in it, in whatever process. Raises NotFound."""
        await thread_record(self._threads, thread_id, tenant)
        await self._close_code(thread_id)

    async def _close_code(self, thread_id: str) -> None:
        try:
            if self._interpreter is not None:
                await self._interpreter.close(thread_id)
            await self._events.request_cancel(thread_id, thread_id)
        except BobbinError as error:
            log.warning("the code session of %s was not closed: %s", thread_id, error)

    async def _shown(self, thread: Thread, tenant: str) -> Thread:
        return (await self._attaching.shown((thread,), tenant=tenant))[0]
