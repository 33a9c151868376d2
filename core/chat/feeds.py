"""What platforms of our own need from outside: a place where their posts wait to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.chat.messages import ConversationKey, Json


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """Something to show in a terminal or a page; `sequence` orders the entries of a feed."""

    sequence: str
    body: Json


class Feed(Protocol):
    """A capped, durable list of what a conversation is to be shown, for platforms of our own.

    Whatever process answers appends; the process with the screen reads.
    """

    async def append(
        self, conversation: ConversationKey, body: Json, *, once: str | None = None
    ) -> str:
        """Add an entry; its sequence. With `once`, a second entry of that name is not added and
        the first one's sequence is returned."""
        ...

    async def find(self, conversation: ConversationKey, once: str) -> str | None:
        """The sequence of the entry added under that name."""
        ...

    async def read(
        self, conversation: ConversationKey, after: str, timeout_s: float
    ) -> list[FeedEntry]:
        """Entries behind `after`; waits up to `timeout_s` for the first one."""
        ...

    async def seen(self, conversation: ConversationKey) -> str:
        """How far a person has been shown this feed; "0" at first."""
        ...

    async def mark_seen(self, conversation: ConversationKey, sequence: str) -> None:
        """Entries up to here were shown."""
        ...
