"""Messages: add, read, change, delete."""

from __future__ import annotations

from dataclasses import replace

from core.assistants import TERMINAL_RUN_STATUSES, Message, Metadata
from core.clock import Clock
from core.engine.ports import ThreadStore
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Document,
    Exists,
    NoActiveRun,
    Page,
    RunRecord,
    ThreadAt,
    ThreadRecord,
)
from core.engine.requests import MessageRequest
from core.engine.service.access import message_of, page_of, thread_record
from core.engine.service.attaching import ATTEMPTS, Attaching, attaches
from core.engine.service.building import new_message
from core.engine.validation import check_message, merged_metadata
from core.errors import InvalidRequest, NotFound, StoreUnavailable
from core.ids import Ids


class Messages:
    """Operations on Messages. A `tenant` sees its own objects only."""

    def __init__(
        self, *, threads: ThreadStore, attaching: Attaching, clock: Clock, ids: Ids
    ) -> None:
        self._threads = threads
        self._attaching = attaching
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        thread_id: str,
        request: MessageRequest,
        *,
        tenant: str = "",
        message_id: str | None = None,
    ) -> Message:
        """Add a Message. With `message_id`, one that is there already is returned as it is.

        Raises:
            InvalidRequest: outside the limits, or a Run of the Thread is active.
            NotFound: no such Thread, or File.
        """
        check_message(request)
        record = await thread_record(self._threads, thread_id, tenant)
        await self._attaching.check((request,), tenant=tenant)
        now = self._clock.now()
        message = new_message(request, thread_id, self._ids, now, message_id=message_id)
        absent = (Absent(message_id=message_id),) if message_id else ()
        for _ in range(ATTEMPTS):
            put = await self._put(record, message, request, tenant)
            at = (ThreadAt(record.revision),) if len(put) > 1 else ()
            change = Change(thread_id=thread_id, expect=(*absent, NoActiveRun(), *at), put=put)
            try:
                await self._threads.commit(change)
            except Conflict as conflict:
                if isinstance(conflict.failed, Absent):
                    return await self.get(thread_id, message.id, tenant=tenant)
                if conflict.active_run is not None:
                    raise _locked(thread_id, conflict.active_run) from conflict
                record = await thread_record(self._threads, thread_id, tenant)
            else:
                return message
        raise StoreUnavailable(f"Thread {thread_id} changes too fast. Try again.")

    async def get(self, thread_id: str, message_id: str, *, tenant: str = "") -> Message:
        """The Message. Raises NotFound."""
        return await message_of(self._threads, thread_id, message_id, tenant)

    async def list(self, thread_id: str, cursor: Cursor, *, tenant: str = "") -> Page[Message]:
        """A part of the Thread's Messages, newest first unless the cursor says otherwise.

        Raises:
            InvalidRequest: a bad limit.
            NotFound: no such Thread.
        """
        return await page_of(self._threads, thread_id, "messages", cursor, tenant, Message)

    async def update(
        self, thread_id: str, message_id: str, metadata: Metadata | None, *, tenant: str = ""
    ) -> Message:
        """Merge this into the metadata (None: remove all), also while a Run is active.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Message.
        """
        message = await message_of(self._threads, thread_id, message_id, tenant)
        changed = replace(message, metadata=merged_metadata(message.metadata, metadata))
        await self._change(
            Change(thread_id=thread_id, expect=(Exists(message_id),), put=(changed,)), message_id
        )
        return changed

    async def delete(self, thread_id: str, message_id: str, *, tenant: str = "") -> None:
        """Remove it, also while a Run is active. Raises NotFound."""
        await message_of(self._threads, thread_id, message_id, tenant)
        await self._change(
            Change(
                thread_id=thread_id, expect=(Exists(message_id),), remove_messages=(message_id,)
            ),
            message_id,
        )

    async def _put(
        self, record: ThreadRecord, message: Message, request: MessageRequest, tenant: str
    ) -> tuple[Document, ...]:
        """What adding the Message stores: the Thread, too, where it brings something for tools."""
        if not attaches((request,)):
            return (message,)
        thread = record.thread
        newest = await self._threads.page(thread.id, "runs", Cursor(limit=1))
        for (
            known
        ) in newest.data:  # nothing is added to a vector store for a Message that is refused
            if isinstance(known, RunRecord) and known.run.status not in TERMINAL_RUN_STATUSES:
                raise _locked(thread.id, known.run.id)
        resources = await self._attaching.attached(thread.tool_resources, (request,), tenant=tenant)
        return (replace(record, thread=replace(thread, tool_resources=resources)), message)

    async def _change(self, change: Change, message_id: str) -> None:
        try:
            await self._threads.commit(change)
        except Conflict as conflict:
            raise NotFound.object("message", message_id) from conflict


def _locked(thread_id: str, run_id: str) -> InvalidRequest:
    return InvalidRequest(f"Can't add messages to {thread_id} while a run {run_id} is active.")
