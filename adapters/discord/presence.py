"""The sign that Bobbin is at work: typing, and a sentence where something has to be said.

Discord shows typing for ten seconds, so it is repeated until there is something to see, at most
`LONGEST_S`. What a turn waits for stands in a message of its own, which is deleted when the wait is
over. Best effort: no failure of it ever reaches a reply, and nobody waits for it.

Parallel: conversations. Survives a crash: a sentence stays. Bounded: one task a conversation.
Source: https://docs.discord.com/developers/resources/channel#trigger-typing-indicator.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any, Final

from adapters.discord.api import DiscordApi
from adapters.discord.origin import Origin
from adapters.discord.render import QUIET, nonce
from adapters.discord.threads import Threads
from core.chat.messages import ConversationKey
from core.clock import Clock
from core.errors import PlatformError, PlatformRateLimited, TooEarly

log = logging.getLogger(__name__)

TYPING_S: Final = 8.0
LONGEST_S: Final = 300.0


class Presence:
    """Shows and takes back the sign."""

    def __init__(self, api: DiscordApi, threads: Threads, clock: Clock) -> None:
        self._api = api
        self._threads = threads
        self._clock = clock
        self._typing: dict[ConversationKey, asyncio.Task[None]] = {}
        self._said: dict[ConversationKey, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Stop."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def working(self, conversation: ConversationKey, origin: Origin) -> None:
        """Say that this message is being worked on."""
        if conversation not in self._typing:
            task = self._spawn(self._type(conversation, origin))
            self._typing[conversation] = task
            task.add_done_callback(lambda done: self._forget(conversation, done))

    def waits(self, conversation: ConversationKey, origin: Origin, sentence: str) -> None:
        """Say what it waits for, once."""
        self._stop_typing(conversation)
        if conversation not in self._said:
            self._said[conversation] = ""
            self._spawn(self._say(conversation, origin, sentence))

    def idle(self, conversation: ConversationKey) -> None:
        """Take the sign back."""
        self._stop_typing(conversation)
        said = self._said.pop(conversation, "")
        if said:
            self._spawn(self._unsay(said))

    def _stop_typing(self, conversation: ConversationKey) -> None:
        typing = self._typing.pop(conversation, None)
        if typing is not None:
            typing.cancel()

    def _forget(self, conversation: ConversationKey, done: asyncio.Task[None]) -> None:
        if self._typing.get(conversation) is done:
            del self._typing[conversation]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="discord sign")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _type(self, conversation: ConversationKey, origin: Origin) -> None:
        begun = self._clock.monotonic()
        try:
            while self._clock.monotonic() - begun < LONGEST_S:
                target = await self._threads.target(conversation, origin)
                with contextlib.suppress(PlatformRateLimited, TooEarly):
                    await self._api.write(
                        "POST", f"/channels/{target.channel}/typing", patient=False
                    )
                await self._clock.sleep(TYPING_S)
        except PlatformError as error:
            log.info("a sign could not be shown: %s", error)

    async def _say(self, conversation: ConversationKey, origin: Origin, sentence: str) -> None:
        body = {
            "content": sentence,
            "allowed_mentions": QUIET,
            "nonce": nonce(f"{origin}.sign"),
            "enforce_nonce": True,
        }
        try:
            target = await self._threads.target(conversation, origin)
            path = f"/channels/{target.channel}/messages"
            found = await self._api.write("POST", path, body)
        except PlatformError as error:
            log.info("a sign could not be shown: %s", error)
            return
        said = f"{path}/{found['id']}"
        if conversation in self._said:
            self._said[conversation] = said
        else:
            await self._unsay(said)

    async def _unsay(self, path: str) -> None:
        try:
            await self._api.write("DELETE", path)
        except PlatformError as error:
            log.info("a sign could not be taken back: %s", error)
