"""Messages: add, read, change, delete."""

from __future__ import annotations

from dataclasses import replace

from core.assistants import Message, Metadata
from core.clock import Clock
from core.engine.ports import ObjectStore, ThreadStore
from core.engine.records import Absent, Change, Conflict, Cursor, Exists, NoActiveRun, Page
from core.engine.requests import MessageRequest
from core.engine.service.access import check_files, message_of, page_of, thread_record
from core.engine.service.building import new_message
from core.engine.validation import check_message, check_metadata, named_files
from core.errors import InvalidRequest, NotFound
from core.ids import Ids


class Messages:
    """Operations on Messages. A `tenant` sees its own objects only."""

    def __init__(
        self, *, threads: ThreadStore, objects: ObjectStore, clock: Clock, ids: Ids
    ) -> None:
        self._threads = threads
        self._objects = objects
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
        await thread_record(self._threads, thread_id, tenant)
        now = self._clock.now()
        await check_files(self._objects, named_files(request), tenant, now)
        message = new_message(request, thread_id, self._ids, now, message_id=message_id)
        absent = (Absent(message_id=message_id),) if message_id else ()
        try:
            await self._threads.commit(
                Change(thread_id=thread_id, expect=(*absent, NoActiveRun()), put=(message,))
            )
        except Conflict as conflict:
            if isinstance(conflict.failed, Absent):
                return await self.get(thread_id, message.id, tenant=tenant)
            if conflict.active_run is None:
                raise NotFound.object("thread", thread_id) from conflict
            raise InvalidRequest(
                f"Can't add messages to {thread_id} while a run {conflict.active_run} is active."
            ) from conflict
        return message

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
        self, thread_id: str, message_id: str, metadata: Metadata, *, tenant: str = ""
    ) -> Message:
        """Replace the metadata, also while a Run is active.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Message.
        """
        check_metadata(metadata)
        message = await message_of(self._threads, thread_id, message_id, tenant)
        changed = replace(message, metadata=dict(metadata))
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

    async def _change(self, change: Change, message_id: str) -> None:
        try:
            await self._threads.commit(change)
        except Conflict as conflict:
            raise NotFound.object("message", message_id) from conflict
