"""Where an answer goes: direct messages, a Discord thread, or a reply in the channel.

A Discord thread on a message has the id of the message, so the conversation has its name before
the thread is there, and opening it twice is no harm (160004). Where none can be opened (no
permission, too many, a channel of another kind) the answer replies to the message instead, and
where it is a permission that is missing, that is said once in the channel.

Parallel: threads. Serial: the opening of one. What survives a crash: nothing is kept here; what is
there already says so. Bounded: `MOST` threads are remembered.
Source: https://docs.discord.com/developers/topics/threads.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.events import BY_PERSON, DIRECT, PLATFORM, name_of
from adapters.discord.origin import Origin
from adapters.discord.render import QUIET, nonce
from adapters.discord.rules import RulesOf
from adapters.discord.words import title
from core.chat.hearing import Homes
from core.chat.manners import Places
from core.chat.messages import ConversationKey
from core.errors import BobbinError, StoreError

log = logging.getLogger(__name__)

MOST: Final = 20_000
_THERE: Final = 160004
_UNKNOWN: Final = 10008
_FORBIDDEN: Final = frozenset({50001, 50013})
_ARCHIVE_MIN: Final = 1440

NO_THREADS: Final = (
    "I may not open threads in this channel, so I answer right here. For threads I need the "
    "permissions *Create Public Threads* and *Send Messages in Threads*; a moderator can also "
    "leave it so: `/settings mode: reply`."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A channel, and the message that is replied to there ("" for none)."""

    channel: str
    reply_to: str = ""


class Threads:
    """Finds the place of an answer, and opens threads.

    Args:
        api: with the bot's token.
        rules: where answers are wanted.
        homes: whose conversation a post is.
        places: for what is said only once.
        application: whose posts.
    """

    def __init__(
        self, api: DiscordApi, rules: RulesOf, homes: Homes, places: Places, application: str
    ) -> None:
        self._api = api
        self._rules = rules
        self._homes = homes
        self._places = places
        self._account = f"{PLATFORM}:{application}"
        self._opening: dict[str, asyncio.Task[str]] = {}
        self._hints: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Stop."""
        for task in (*self._opening.values(), *self._hints):
            task.cancel()
        await asyncio.gather(*self._opening.values(), *self._hints, return_exceptions=True)

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
        wanted = self._rules(conversation.parts[0], origin.channel).mode == "thread"
        # One that was begun stays, whatever is set meanwhile.
        if wanted or root in self._opening:
            thread = await self._opened(origin.channel, root)
            if thread:
                return Target(thread)
        return Target(origin.channel, root)

    async def posted(self, conversation: ConversationKey, target: Target, post: str) -> None:
        """A post of ours stands there. Where it does not tell itself whose conversation it is, that
        is remembered, for its buttons and for replies to it. Raises nothing."""
        guild, channel = conversation.parts[:2]
        in_its_thread = target.channel != channel and target.channel in conversation.parts
        if guild == DIRECT or in_its_thread or conversation.parts[2:] == (target.reply_to,):
            return
        try:
            await self._homes.put(self._account, post, conversation)
        except StoreError as error:
            log.warning("whose conversation a post is could not be kept: %s", error)

    async def _opened(self, channel: str, root: str) -> str:
        """The thread on a message; "" where none can be opened."""
        task = self._opening.get(root)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._opening[root] = asyncio.create_task(
                self._open(channel, root), name=f"discord thread {root}"
            )
            while len(self._opening) > MOST:
                del self._opening[next(iter(self._opening))]
        return await asyncio.shield(task)

    async def _open(self, channel: str, root: str) -> str:
        path = f"/channels/{channel}/messages/{root}"
        try:
            asked = await self._asked(path)
            names = {str(one["id"]): name_of(one) for one in asked.get("mentions") or ()}
            name = title(str(asked.get("content") or ""), names)
            body = {"name": name, "auto_archive_duration": _ARCHIVE_MIN}
            found: dict[str, Any] | None = await self._api.write("POST", f"{path}/threads", body)
        except DiscordRefused as error:
            if error.code == _THERE:
                return root
            if error.code == _UNKNOWN:
                return root if await self._is_there(root) else ""
            log.info("no thread could be opened in %s: %s", channel, error)
            if error.code in _FORBIDDEN:
                task = asyncio.create_task(self._hint(channel, root), name="discord hint")
                self._hints.add(task)
                task.add_done_callback(self._hints.discard)
            return ""
        return str((found or {}).get("id") or root)

    async def _asked(self, path: str) -> dict[str, Any]:
        """The message that a thread is to be opened on; nothing of it where we may not look."""
        try:
            return await self._api.read(path)
        except DiscordRefused as error:
            if error.code not in _FORBIDDEN | {0}:
                raise
            return {}

    async def _hint(self, channel: str, root: str) -> None:
        """Say once in a channel why there are no threads."""
        body = {
            "content": NO_THREADS,
            "allowed_mentions": QUIET,
            "nonce": nonce(f"threads:{channel}"),
            "enforce_nonce": True,
        }
        try:
            if await self._places.first_time(f"{self._account} threads {channel}", root):
                await self._api.write("POST", f"/channels/{channel}/messages", body)
        except BobbinError as error:
            log.info("that threads are not permitted could not be said: %s", error)

    async def _is_there(self, thread: str) -> bool:
        """A thread outlives the message that it began with."""
        try:
            await self._api.read(f"/channels/{thread}")
        except DiscordRefused:
            return False
        return True
