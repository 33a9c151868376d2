"""Sessions in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from core.chat.messages import ConversationKey, Session


class FakeSessions:
    """`Sessions` and `Bindings` of one process."""

    def __init__(self) -> None:
        self._known: dict[ConversationKey, dict[int, Session]] = defaultdict(dict)
        self._current: dict[ConversationKey, int] = {}

    async def current(self, conversation: ConversationKey) -> Session:
        return self._of(conversation, self._current.get(conversation, 1))

    async def start(
        self, conversation: ConversationKey, now: float, *, afresh: bool = False
    ) -> Session:
        before = await self.current(conversation)
        number = max([1, *self._known[conversation]]) + 1
        kept = None if afresh else before.assistant
        self._current[conversation] = number
        self._known[conversation][number] = Session(ordinal=number, assistant=kept, created_at=now)
        return self._known[conversation][number]

    async def resume(self, conversation: ConversationKey, ordinal: int) -> Session | None:
        if not 1 <= ordinal <= max([1, *self._known[conversation]]):
            return None
        self._current[conversation] = ordinal
        return self._of(conversation, ordinal)

    async def list(self, conversation: ConversationKey, limit: int) -> list[Session]:
        rows = sorted(self._known[conversation].items(), reverse=True)
        return [one for _, one in rows if one.thread_id or one.last][:limit]

    async def save(self, conversation: ConversationKey, session: Session) -> None:
        there = self._known[conversation].get(session.ordinal, session)
        self._known[conversation][session.ordinal] = replace(
            there, title=session.title, edits=session.edits
        )

    async def bind(
        self, conversation: ConversationKey, assistant: str, *, ordinal: int | None = None
    ) -> Session:
        number = self._current.get(conversation, 1) if ordinal is None else ordinal
        bound = replace(self._of(conversation, number), assistant=assistant)
        self._known[conversation][number] = bound
        return bound

    def _of(self, conversation: ConversationKey, ordinal: int) -> Session:
        return self._known[conversation].get(ordinal, Session(ordinal=ordinal))
