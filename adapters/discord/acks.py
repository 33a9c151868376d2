"""Telling Discord in time that an interaction was heard, and a person what became of it.

What came over the gateway is acknowledged by a call; what came by HTTP in the answer to that, as
long as it is open (`Line`), and what follows waits until Discord has had time to read it.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding: three seconds
for the acknowledgement.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.asked import Where
from adapters.discord.render import ALONE
from adapters.discord.responses import Responses
from core.errors import BobbinError, PlatformError, PlatformRateLimited

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

DEFER: Final = 5
DEFER_UPDATE: Final = 6
MODAL: Final = 9

ACK_S: Final = 1.2
SETTLE_S: Final = 0.1
"""Between an answer by HTTP and what refers to it."""
_TRIES: Final = 3
_ACKED: Final = 40060


class Line:
    """An open HTTP request of Discord's, to be answered once."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.answered = asyncio.Event()
        """Set when the answer has left."""

    async def say(self, body: Json) -> bool:
        """Answer it; False where it is answered or over already."""
        if self.answer.done():
            return False
        self.answer.set_result(body)
        await self.answered.wait()
        await asyncio.sleep(SETTLE_S)
        return True


LINE: Final[ContextVar[Line | None]] = ContextVar("the request that brought it", default=None)


class Acks:
    """Acknowledges interactions, and answers them with a sentence. Nothing here raises."""

    def __init__(self, api: DiscordApi, responses: Responses) -> None:
        self._api = api
        self._responses = responses

    async def acknowledge(
        self, where: Where, kind: int, *, alone: bool = False, data: Json | None = None
    ) -> bool:
        """Tell Discord that it was heard; whether that went well.

        Told twice is no failure: the first answer may have been lost, or another process was told
        of the same interaction.
        """
        body: dict[str, Any] = {"type": kind}
        if data is not None:
            body["data"] = data
        elif alone:
            body["data"] = {"flags": ALONE}
        line = LINE.get()
        if line is not None and await line.say(body):
            return True
        path = f"/interactions/{where.id}/{where.token}/callback"
        for _ in range(_TRIES):
            try:
                await self._api.write("POST", path, body, as_bot=False, timeout_s=ACK_S)
            except DiscordRefused as error:
                if error.code != _ACKED:
                    log.warning("an interaction could not be acknowledged: %s", error)
                return error.code == _ACKED
            except PlatformRateLimited as error:
                log.warning("an interaction could not be acknowledged: %s", error)
                return False
            except BobbinError as error:
                log.info("an acknowledgement is tried again: %s", error)
            else:
                return True
        return False

    async def answer(self, where: Where, sentence: str) -> None:
        """Put a sentence into the place of "thinking…"."""
        try:
            await self._responses.original(where.token, sentence)
        except PlatformError as error:
            log.warning("the answer to a command could not be shown: %s", error)

    async def tell(self, where: Where, sentence: str) -> None:
        """Say something to the person alone, beside what was said."""
        try:
            await self._responses.tell(where.token, sentence)
        except PlatformError as error:
            log.info("a sentence could not be shown: %s", error)


async def both(stored: Awaitable[Any], told: Awaitable[bool]) -> tuple[Any, bool]:
    """Both at the same time, the call to Discord begun first; a failure of the store is raised
    when both are over."""
    telling = asyncio.ensure_future(told)
    await asyncio.sleep(0)
    results = await asyncio.gather(telling, stored, return_exceptions=True)
    if isinstance(results[1], BaseException):
        raise results[1]
    return results[1], results[0] is True
