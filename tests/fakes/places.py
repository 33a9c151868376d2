"""Shared places in memory."""

from __future__ import annotations

from core.chat.manners import Place
from core.chat.messages import ConversationKey


class FakePlaces:
    """`Places` of one process."""

    def __init__(self) -> None:
        self._writers: dict[ConversationKey, set[str]] = {}
        self._quiet: set[ConversationKey] = set()
        self._told: set[str] = set()

    async def heard(
        self, conversation: ConversationKey, author: str, *, addressed: bool
    ) -> Place | None:
        if not addressed and conversation not in self._writers:
            return None
        writers = self._writers.setdefault(conversation, set())
        writers.add(author)
        return Place(len(writers), quiet=conversation in self._quiet)

    async def set_quiet(self, conversation: ConversationKey, *, quiet: bool) -> None:
        self._writers.setdefault(conversation, set())
        (self._quiet.add if quiet else self._quiet.discard)(conversation)

    async def first_time(self, name: str) -> bool:
        first = name not in self._told
        self._told.add(name)
        return first
