"""What was said while nobody listened: asked for when a new session begins.

Discord replays events to who resumes; a new session gets none. So each channel in which something
was written since the moment that the last session had reached is read from there, at most
`WINDOW_S` and `MOST` messages back. What comes twice that way is known by its mailbox.

Direct messages stand in no list of Discord's, so those are read in which somebody wrote before.
Somebody's very first one, written while nobody listens, is found when they write again within
`WINDOW_S` (`earlier`).

Serial: the pages of a channel. Parallel: a few channels. Bounded: a page of messages a channel.
Source: https://docs.discord.com/developers/resources/message#get-channel-messages: `after` gives
the messages nearest after it, newest first within the page; without Read Message History none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final, cast

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.origin import snowflake_at
from core.chat.hearing import Hearing
from core.clock import Clock
from core.errors import StoreError

log = logging.getLogger(__name__)

Json = dict[str, Any]

WINDOW_S: Final = 3600.0
"""How far back is asked for at most."""
OVERLAP_S: Final = 30.0
"""How much is asked for again: clocks differ, and what was under way may not have arrived."""
MOST: Final = 500
"""Messages of one channel."""
MOST_DIRECT: Final = 500
DIRECT_S: Final = 30 * 86_400.0
_PAGE: Final = 100
_AT_ONCE: Final = 4


class Backfill:
    """Asks for what was missed."""

    def __init__(self, api: DiscordApi, hearing: Hearing, clock: Clock, *, ear: str) -> None:
        self._api = api
        self._hearing = hearing
        self._clock = clock
        self._ear = ear
        self._since: asyncio.Task[float | None] | None = None
        self._born = 0.0
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def asking(self) -> bool:
        """Whether it is not known yet from when on to ask."""
        return self._since is not None and not self._since.done()

    def begin(self) -> None:
        """A new session has begun."""
        if self._since is not None:
            self._since.cancel()
        self._since = asyncio.create_task(self._ask(), name="discord backfill")

    async def _ask(self) -> float | None:
        """From when on something may have been missed; None when nobody ever listened."""
        while True:
            try:
                reached = await self._hearing.reached(self._ear)
                if reached is None:  # from here on there is something to come back to
                    self._born = self._clock.now()
                    await self._hearing.reach(self._ear, self._born)
            except StoreError as error:
                log.warning("how far was heard is not known yet: %s", error)
                await self._clock.sleep(1.0)
                continue
            if reached is None:
                return None
            return max(reached - OVERLAP_S, self._clock.now() - WINDOW_S)

    async def _from(self) -> float | None:
        return None if self._since is None else await asyncio.shield(self._since)

    async def direct(self) -> list[str]:
        """Channels of direct messages that are to be read."""
        if await self._from() is None:
            return []
        while True:
            try:
                since = self._clock.now() - DIRECT_S
                return await self._hearing.places(self._ear, since, MOST_DIRECT)
            except StoreError as error:
                log.warning("the direct messages are not known yet: %s", error)
                await self._clock.sleep(1.0)

    async def earlier(self, channel: str, before: str) -> AsyncIterator[Json]:
        """What stands in front of somebody's first message that we heard, oldest first.

        Raises:
            PlatformError: not to be had just now.
        """
        await self._from()
        floor = snowflake_at(max(self._born, self._clock.now() - WINDOW_S))
        async with self._places:
            page = await self._page(channel, before=before)
        for message in page:
            if int(message["id"]) >= int(floor):
                yield message

    async def missed(self, channel: str, last: str = "") -> AsyncIterator[Json]:
        """The messages that may have been missed there, oldest first. `last` is the newest one, if
        it is known.

        Raises:
            PlatformError: not to be had just now.
        """
        since = await self._from()
        if since is None:
            return
        after = snowflake_at(since)
        if last and int(last) <= int(after):
            return
        for _ in range(MOST // _PAGE):
            async with self._places:
                page = await self._page(channel, after=after)
            for message in page:
                yield message
            if len(page) < _PAGE:
                return
            after = str(page[-1]["id"])
        log.warning("more than %d messages were missed in %s; the rest is left", MOST, channel)

    async def _page(self, channel: str, **edge: str) -> list[Json]:
        try:
            path = f"/channels/{channel}/messages"
            found = await self._api.read(path, **edge, limit=str(_PAGE))
        except DiscordRefused as error:
            log.info("what was missed in %s cannot be read: %s", channel, error)
            return []
        return sorted(cast("list[Json]", found), key=lambda one: int(one["id"]))
