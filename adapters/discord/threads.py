"""Where an answer goes: direct messages, a Discord thread, or a reply in the channel.

A Discord thread on a message has the id of the message, so the conversation has its name before
the thread is there, and opening it twice is no harm (160004). Where none can be opened (no
permission, too many, a channel of another kind) the answer replies to the message instead.

Parallel: threads. Serial: the opening of one. What survives a crash: nothing is kept here; what is
there already says so. Bounded: `MOST` threads are remembered.
Source: https://docs.discord.com/developers/topics/threads.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.events import BY_PERSON, DIRECT, name_of
from adapters.discord.origin import Origin
from adapters.discord.words import title
from core.chat.messages import ConversationKey

log = logging.getLogger(__name__)

MOST: Final = 20_000
_THERE: Final = 160004
_UNKNOWN: Final = 10008
_ARCHIVE_MIN: Final = 1440


@dataclass(frozen=True, slots=True)
class Target:
    """A channel, and the message that is replied to there ("" for none)."""

    channel: str
    reply_to: str = ""


class Threads:
    """Finds the place of an answer, and opens threads."""

    def __init__(self, api: DiscordApi, *, wanted: bool) -> None:
        self._api = api
        self._wanted = wanted
        self._opening: dict[str, asyncio.Task[bool]] = {}

    async def target(self, conversation: ConversationKey, origin: Origin) -> Target:
        """Where what answers `origin` goes.

        Raises:
            PlatformError: it cannot be found out just now.
        """
        root = conversation.parts[-1]
        if conversation.parts[0] == DIRECT or root == origin.channel:
            return Target(origin.channel)
        if BY_PERSON in conversation.parts:
            return Target(origin.channel, origin.message)
        if self._wanted and await self._is_open(origin.channel, root):
            return Target(root)
        return Target(origin.channel, root)

    async def _is_open(self, channel: str, root: str) -> bool:
        task = self._opening.get(root)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._opening[root] = asyncio.create_task(
                self._open(channel, root), name=f"discord thread {root}"
            )
            while len(self._opening) > MOST:
                del self._opening[next(iter(self._opening))]
        return await asyncio.shield(task)

    async def _open(self, channel: str, root: str) -> bool:
        path = f"/channels/{channel}/messages/{root}"
        try:
            asked = await self._api.read(path)
            names = {str(one["id"]): name_of(one) for one in asked.get("mentions") or ()}
            name = title(str(asked.get("content") or ""), names)
            body = {"name": name, "auto_archive_duration": _ARCHIVE_MIN}
            await self._api.write("POST", f"{path}/threads", body)
        except DiscordRefused as error:
            if error.code == _THERE:
                return True
            if error.code == _UNKNOWN:
                return await self._is_there(root)
            log.info("no thread could be opened in %s: %s", channel, error)
            return False
        return True

    async def _is_there(self, thread: str) -> bool:
        """A thread outlives the message that it began with."""
        try:
            await self._api.read(f"/channels/{thread}")
        except DiscordRefused:
            return False
        return True
