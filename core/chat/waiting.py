"""A sign for whoever waits: within a second, and then how many are before them.

Volatile on purpose: it lives in the process that took the message, shows what the store says, and
when that process dies only the sign is gone. Bounded: one watch a conversation, as long as mail
waits there. While an answer is written that is the sign; once it is complete, what was written
meanwhile may have to wait for a place.
"""

from __future__ import annotations

import asyncio
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
        """Show signs until no mail of this conversation waits any more."""
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
        platform = self._platforms.get(conversation.platform)
        pause = FIRST_SIGN_S
        while platform is not None:
            await asyncio.sleep(pause)
            try:
                ahead = await self._control.ahead(conversation)
                if ahead is None and not await self._control.pending(conversation):
                    return
            except BobbinError as error:
                log.warning("who waits where is not known just now: %s", error)
                continue
            pause = FIRST_SIGN_S
            if ahead is not None:
                await platform.signal(conversation, Sign("waiting", ahead=ahead))
                pause = NEXT_SIGN_S
