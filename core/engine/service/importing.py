"""Objects of another service come in under their own ids, as often as you like.

What is there already stays as it is, unless it is to be replaced; so the second import of the same
dump changes nothing, and one that was interrupted goes on. A Thread's Messages come in with the
Thread, in the order in which they were said, in few changes; a Thread that only its Messages tell
of is made. Nothing is taken that another tenant has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeVar

from core.assistants import Assistant, Json, Message, Thread
from core.engine.ports import ObjectStore, ThreadStore
from core.engine.records import (
    Absent,
    Change,
    Conflict,
    Cursor,
    Document,
    Exists,
    Expectation,
    NoActiveRun,
    ObjectRecord,
    ThreadRecord,
)
from core.errors import InvalidRequest

_AT_ONCE: Final = 200
"""Messages of one change: some 100 KB, which a store takes within milliseconds."""

_T = TypeVar("_T", Assistant, Message)

Came = Literal["added", "replaced", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadCame:
    """What became of a Thread and its Messages. `late` are Messages that were added behind later
    ones, since the Thread had those already."""

    thread: Came
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    late: int = 0


class Importing:
    """Takes Assistants and Threads. A `tenant` gets its own objects."""

    def __init__(self, *, threads: ThreadStore, objects: ObjectStore) -> None:
        self._threads = threads
        self._objects = objects

    async def assistant(
        self, assistant: Assistant, state: Json, *, tenant: str = "", replace: bool = False
    ) -> Came:
        """Add it, or replace the one with its id if that is wanted."""
        found = await self._objects.get("assistant", assistant.id, tenant=tenant)
        record = ObjectRecord(value=assistant, tenant=tenant, state=state)
        if found is not None and (not replace or found == record):
            return "unchanged"
        await self._objects.put(record)
        return "added" if found is None else "replaced"

    async def thread(
        self,
        thread_id: str,
        thread: Thread | None,
        messages: Sequence[Message],
        *,
        tenant: str = "",
        replace: bool = False,
    ) -> ThreadCame:
        """Add the Thread, and those of its Messages that are not there, in this order.

        Without `thread` one is made if there is none: as old as its first Message.

        Raises:
            InvalidRequest: the Thread is somebody else's, or a Run of it is active.
        """
        record = await self._threads.thread(thread_id)
        if record is not None and record.tenant != tenant:
            raise InvalidRequest(
                f"its Thread {thread_id} belongs to another key; nothing of it was taken"
            )
        came: Came = "unchanged"
        first: list[Document] = []
        if record is None:
            oldest = messages[0].created_at if messages else 0
            made = thread or Thread(id=thread_id, created_at=oldest)
            first, came = [ThreadRecord(thread=made, tenant=tenant)], "added"
        elif replace and thread is not None and record.thread != thread:
            first, came = [ThreadRecord(thread=thread, tenant=tenant)], "replaced"
        stored = await self._stored(thread_id, messages) if record is not None else {}
        new = [message for message in messages if message.id not in stored]
        changed = [
            message
            for message in messages
            if replace and stored.get(message.id) not in (None, message)
        ]
        last = await self._last_stamp(thread_id) if record is not None and new else 0
        await self._put(thread_id, record is None, [*first, *changed, *new])
        return ThreadCame(
            thread=came,
            added=len(new),
            replaced=len(changed),
            unchanged=len(messages) - len(new) - len(changed),
            late=sum(message.created_at < last for message in new),
        )

    async def _put(self, thread_id: str, is_new: bool, documents: Sequence[Document]) -> None:
        for start in range(0, len(documents), _AT_ONCE):
            expect: tuple[Expectation, ...] = (
                (Absent(),) if is_new and start == 0 else (Exists(), NoActiveRun())
            )
            put = tuple(documents[start : start + _AT_ONCE])
            try:
                await self._threads.commit(Change(thread_id=thread_id, expect=expect, put=put))
            except Conflict as conflict:
                raise InvalidRequest(
                    f"its Thread {thread_id} is in use ({conflict.active_run or 'a change'} is "
                    "under way); import it again when that has ended"
                ) from conflict

    async def _stored(self, thread_id: str, messages: Sequence[Message]) -> dict[str, Message]:
        found: dict[str, Message] = {}
        for start in range(0, len(messages), _AT_ONCE):
            ids = [message.id for message in messages[start : start + _AT_ONCE]]
            for document in await self._threads.get(thread_id, "messages", *ids):
                if isinstance(document, Message):
                    found[document.id] = document
        return found

    async def _last_stamp(self, thread_id: str) -> int:
        page = await self._threads.page(thread_id, "messages", Cursor(limit=1))
        return max((one.created_at for one in page.data if isinstance(one, Message)), default=0)


def in_order(given: Sequence[_T], *, newest_first: bool) -> list[_T]:
    """Objects as they were made, the oldest first, of a dump in either direction.

    Their stamps are whole seconds, so the direction of the dump decides within one. Stamps that
    only fall or only rise tell it; where all are the same, `newest_first` does (the API's lists
    begin with the newest).
    """
    stamps = [one.created_at for one in given]
    falls = sum(later < earlier for earlier, later in pairwise(stamps))
    rises = sum(later > earlier for earlier, later in pairwise(stamps))
    backwards = falls > rises or (falls == rises and newest_first)
    return sorted(reversed(given) if backwards else given, key=lambda one: one.created_at)
