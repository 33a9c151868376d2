"""What is being carried out, in memory."""

from __future__ import annotations

from typing import Literal

from core.chat.messages import ConversationKey


class FakeTurnstile:
    """The `Turnstile` port; nothing in it ends by itself."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], Literal["busy", "done"]] = {}

    async def enter(
        self, conversation: ConversationKey, name: str
    ) -> Literal["first", "busy", "done"]:
        key = str(conversation), name
        if key in self._states:
            return self._states[key]
        self._states[key] = "busy"
        return "first"

    async def leave(self, conversation: ConversationKey, name: str, *, done: bool) -> None:
        key = str(conversation), name
        if done:
            self._states[key] = "done"
        else:
            self._states.pop(key, None)
