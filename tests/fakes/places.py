"""Shared places in memory."""

from __future__ import annotations

from core.chat.manners import Place
from core.chat.messages import ConversationKey


class FakePlaces:
    """`Places` of one process."""

    def __init__(self) -> None:
        self._writers: dict[ConversationKey, set[str]] = {}
        self._quiet: set[ConversationKey] = set()
        self._away: set[str] = set()
        self._told: dict[str, str] = {}

    async def heard(
        self, conversation: ConversationKey, author: str, *, addressed: bool
    ) -> Place | None:
        if conversation.channel in self._away:
            return Place(0, away=True)
        if not addressed and conversation not in self._writers:
            return None
        writers = self._writers.setdefault(conversation, set())
        writers.add(author)
        return Place(len(writers), quiet=conversation in self._quiet)

    async def set_quiet(self, conversation: ConversationKey, *, quiet: bool) -> None:
        self._writers.setdefault(conversation, set())
        (self._quiet.add if quiet else self._quiet.discard)(conversation)

    async def set_away(self, conversation: ConversationKey, *, away: bool) -> None:
        (self._away.add if away else self._away.discard)(conversation.channel)

    async def is_away(self, conversation: ConversationKey) -> bool:
        return conversation.channel in self._away

    async def first_time(self, name: str, by: str) -> bool:
        return self._told.setdefault(name, by) == by
