"""A sign for whoever waits: within a second, and then how many are before them.

Volatile on purpose: it lives in the process that took the message, shows what the store says, and
when that process dies only the sign is gone. Bounded: one watch a conversation, as long as mail
waits there. What is written while an answer is written gets the sign of being worked on; once that
is complete, it may have to wait for a place. Whoever writes while a person is asked for an
approval is told so.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from core.chat.function_ports import Approvals
from core.chat.messages import ConversationKey, Sign
from core.chat.ports import ChatPlatform, MailControl
from core.errors import BobbinError

log = logging.getLogger(__name__)

FIRST_SIGN_S = 0.6
NEXT_SIGN_S = 5.0

ASKING = "I wait for somebody's approval, and go on with your message after that."


class Waiting:
    """Watches conversations whose mail nobody has begun yet."""

    def __init__(
        self, control: MailControl, approvals: Approvals, platforms: dict[str, ChatPlatform]
    ) -> None:
        self._control = control
        self._approvals = approvals
        self._platforms = platforms
        self._watches: dict[ConversationKey, _Watch] = {}

    def watch(self, conversation: ConversationKey) -> None:
        """Somebody wrote there: show signs until no mail of this conversation waits any more."""
        if conversation in self._watches:
            self._watches[conversation].news.set()
            return
        news = asyncio.Event()
        task = asyncio.create_task(self._watch(conversation, news), name=f"waiting {conversation}")
        self._watches[conversation] = _Watch(task, news)
        task.add_done_callback(lambda _: self._watches.pop(conversation, None))

    async def close(self) -> None:
        """Stop all watches."""
        tasks = [watch.task for watch in self._watches.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, conversation: ConversationKey, news: asyncio.Event) -> None:
        platform = self._platforms.get(conversation.platform)
        pause, told = FIRST_SIGN_S, False
        signed: set[str] = set()
        while platform is not None:
            if await _heard(news, pause):
                news.clear()
                told = False
                await asyncio.sleep(FIRST_SIGN_S)
            try:
                ahead = await self._control.ahead(conversation)
                mail = tuple(one.id for one in await self._control.pending(conversation))
                if ahead is None and not mail:
                    return
                asking = ahead is None and await self._is_asking(conversation)
            except BobbinError as error:
                log.warning("who waits where is not known just now: %s", error)
                continue
            pause = NEXT_SIGN_S if ahead is not None or asking else FIRST_SIGN_S
            if ahead is not None:
                await platform.signal(conversation, Sign("waiting", ahead=ahead, turn=mail))
            elif asking and not told:
                told = True
                await platform.signal(conversation, Sign("waiting", sentence=ASKING, turn=mail))
            elif not asking and (new := tuple(one for one in mail if one not in signed)):
                # Where each message has a thread of its own, the answer is no sign for all.
                await platform.signal(conversation, Sign("working", turn=new))
            signed.update(mail)

    async def _is_asking(self, conversation: ConversationKey) -> bool:
        found = await self._approvals.list(conversation)
        return any(one.decision == "open" for one in found)


@dataclass(frozen=True, slots=True)
class _Watch:
    """`news` is set when somebody wrote again."""

    task: asyncio.Task[None]
    news: asyncio.Event


async def _heard(news: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            return await news.wait()
    except TimeoutError:
        return False
