"""Reading as much of a Thread as a prompt has room for, and no more.

Pages come newest first until the room is used up; only then, and only for `auto` truncation, one
page of the beginning is read. So the cost is linear in what goes into the prompt and does not grow
with the Thread.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Final

from core.assistants import File, Message
from core.engine.context import OLDEST_KEPT, Entry, Estimate, History, entry_of, named_pictures
from core.engine.ports import Blobs, ObjectStore, ThreadStore
from core.engine.records import Cursor
from core.errors import NotFound

_FIRST_PAGE: Final = 24
_SMALLEST_PAGE: Final = 8
_LARGEST_PAGE: Final = 100
"""Messages asked for at a time; behind the first page, about as many as there is room for."""

MOST_PICTURES: Final = 8
MOST_PICTURE_BYTES: Final = 8_000_000
"""Of all pictures of a prompt together; older ones are named only."""


class HistoryReader:
    """Reads Threads and Files for prompts."""

    def __init__(
        self, *, threads: ThreadStore, objects: ObjectStore, blobs: Blobs, estimate: Estimate
    ) -> None:
        self._threads = threads
        self._objects = objects
        self._blobs = blobs
        self._estimate = estimate

    async def read(
        self, thread_id: str, *, room: int, last_messages: int | None, run_id: str
    ) -> History:
        """The end of the Thread in about `room` tokens, and its beginning if there is a gap.

        What the Run itself said is left out: its executor knows it better.
        """
        found: list[Entry] = []
        tokens = 0
        after: str | None = None
        limit = _FIRST_PAGE
        while True:
            cursor = Cursor(limit=limit, order="desc", after=after)
            page = await self._threads.page(thread_id, "messages", cursor)
            messages = [value for value in page.data if isinstance(value, Message)]
            for entry in self._entries(messages, run_id):
                found.append(entry)
                tokens += entry.tokens
            enough = tokens > room or (last_messages is not None and len(found) >= last_messages)
            if enough or not page.has_more or not messages:
                break
            after = messages[-1].id
            limit = _next_page(room - tokens, tokens, len(found))
        newest = tuple(reversed(found))
        if not page.has_more:
            return History(newest)
        oldest = () if last_messages else await self._beginning(thread_id, run_id)
        known = {entry.message_id for entry in newest}
        return History(
            newest, tuple(entry for entry in oldest if entry.message_id not in known), whole=False
        )

    async def pictures(self, entries: Sequence[Entry], *, tenant: str) -> dict[str, str]:
        """`data:` URLs of the pictures that a prompt shows, by File id, within limits."""
        wanted = list(dict.fromkeys(named_pictures(entries, MOST_PICTURES)))
        found = await asyncio.gather(*(self._picture(file_id, tenant) for file_id in wanted))
        urls: dict[str, str] = {}
        left = MOST_PICTURE_BYTES
        for file_id, url in zip(wanted, found, strict=True):
            if url is None or len(url) > left:
                continue
            left -= len(url)
            urls[file_id] = url
        return urls

    def _entries(self, messages: Sequence[Message], run_id: str) -> list[Entry]:
        return [
            entry
            for message in messages
            if message.run_id != run_id and (entry := entry_of(message, self._estimate)) is not None
        ]

    async def _beginning(self, thread_id: str, run_id: str) -> tuple[Entry, ...]:
        cursor = Cursor(limit=OLDEST_KEPT, order="asc")
        page = await self._threads.page(thread_id, "messages", cursor)
        messages = [value for value in page.data if isinstance(value, Message)]
        return tuple(self._entries(messages, run_id))

    async def _picture(self, file_id: str, tenant: str) -> str | None:
        record = await self._objects.get("file", file_id, tenant=tenant)
        if record is None or not isinstance(record.value, File):
            return None
        if record.value.bytes > MOST_PICTURE_BYTES:
            return None
        try:
            data = await self._blobs.get(record.state["blob"])
        except NotFound:
            return None
        kind = _media_type(data)
        return kind and f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _next_page(left: int, tokens: int, messages: int) -> int:
    """How many Messages of the size seen so far fill what is left."""
    wanted = left * messages // tokens + 1 if tokens else _LARGEST_PAGE
    return min(max(wanted, _SMALLEST_PAGE), _LARGEST_PAGE)


def _media_type(data: bytes) -> str | None:
    """The picture's type by its first bytes, which cannot lie as a file name can; None for what is
    no picture that models take."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/png" if data.startswith(b"\x89PNG") else None
