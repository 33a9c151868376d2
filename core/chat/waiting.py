"""A sign for whoever waits: within a second, and then how many are before them.

Volatile on purpose: it lives in the process that took the message, shows what the store says, and
when that process dies only the sign is gone. Bounded: one watch a conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from core.chat.messages import ConversationKey, Sign
from core.chat.ports import ChatPlatform, MailControl
from core.errors import BobbinError

log = logging.getLogger(__name__)

FIRST_SIGN_S = 0.6
NEXT_SIGN_S = 5.0


class Waiting:
    """Watches conversations whose mail nobody has begun yet."""

    def __init__(self, control: MailControl, platforms: dict[str, ChatPlatform]) -> None:
        self._control = control
        self._platforms = platforms
        self._watches: dict[ConversationKey, asyncio.Task[None]] = {}

    def watch(self, conversation: ConversationKey) -> None:
        """Show signs until a turn of this conversation begins."""
        if conversation in self._watches:
            return
        task = asyncio.create_task(self._watch(conversation), name=f"waiting {conversation}")
        self._watches[conversation] = task
        task.add_done_callback(lambda _: self._watches.pop(conversation, None))

    async def close(self) -> None:
        """Stop all watches."""
        tasks = list(self._watches.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, conversation: ConversationKey) -> None:
        pause = FIRST_SIGN_S
        with contextlib.suppress(BobbinError):
            while True:
                await asyncio.sleep(pause)
                ahead = await self._control.ahead(conversation)
                if ahead is None:
                    return
                await self._platforms[conversation.platform].signal(
                    conversation, Sign("waiting", ahead=ahead)
                )
                pause = NEXT_SIGN_S
