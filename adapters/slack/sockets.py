"""Socket Mode: several connections, so that events come while one of them is being replaced.

Slack closes each socket every few hours, and the client closes the old one before it opens the
next; with two, one is always there. A payload goes to any one of them.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode (up to ten connections an app).

Serial: opening of sockets. What survives a crash: nothing is kept here; what was not acknowledged
comes again. Bounded: `count` sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from adapters.slack.api import SlackApi
from adapters.slack.ears import Ears
from core.clock import Clock
from core.errors import ConfigurationError, PlatformUnavailable

log = logging.getLogger(__name__)

STAGGER_S: Final = 1.0
"""Between two openings, so that Slack does not replace all sockets at the same time."""

WATCH_S: Final = 10.0
"""How often the sockets are looked at."""

PING_S: Final = 5.0
"""Between two pings, and between two tries to open a socket again."""

OPEN_S: Final = 20.0
"""How long one opening may take."""

DEAF: Final = 3
"""Looks in a row that found a socket down, after which it is made anew."""


class Sockets:
    """The open sockets of one app."""

    def __init__(self, ears: Ears, app_token: str, clock: Clock, *, count: int) -> None:
        self._ears = ears
        self._app_token = app_token
        self._clock = clock
        self._count = count
        self._open: list[AsyncSocketModeHandler] = []
        self._down: dict[AsyncSocketModeHandler, int] = {}

    @property
    def count(self) -> int:
        """How many there are meant to be."""
        return self._count

    async def connected(self) -> int:
        """How many can hear."""
        states = [await handler.client.is_connected() for handler in self._open]
        return sum(states)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Sockets]:
        """Hear until the block ends. The first socket is open when it begins."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._add()
            tasks.append(asyncio.create_task(self._keep(), name="slack sockets"))
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for handler in self._open:
                await _close(handler)

    async def _keep(self) -> None:
        """Open what is missing and watch what is open, whatever Slack says to it."""
        pause_s = STAGGER_S
        while True:
            await self._clock.sleep(pause_s)
            try:
                pause_s = await self._look()
            except Exception as error:  # noqa: BLE001  (whatever a connection can fail with)
                log.warning("a Slack socket could not be opened, trying again: %s", error)
                pause_s = min(pause_s * 2, WATCH_S)

    async def _look(self) -> float:
        """One look; after how many seconds the next one is due."""
        if len(self._open) < self._count:
            await self._add()
            return STAGGER_S if len(self._open) < self._count else WATCH_S
        for handler in tuple(self._open):
            if await handler.client.is_connected():
                self._down[handler] = 0
                continue
            self._down[handler] += 1
            if self._down[handler] >= DEAF:
                log.warning("a Slack socket is deaf and is made anew")
                self._open.remove(handler)
                del self._down[handler]
                await _close(handler)
                return STAGGER_S
        return WATCH_S

    async def _add(self) -> None:
        handler = await self._connected_handler()
        self._open.append(handler)
        self._down[handler] = 0

    async def _connected_handler(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(self._ears.app, self._app_token, ping_interval=PING_S)
        client: Any = handler.client
        try:
            async with asyncio.timeout(OPEN_S):  # left alone, it tries a refused token for ever
                await client.connect()
        except BaseException:
            await _close(handler)
            raise
        return handler


async def check_app_token(api: SlackApi, app_token: str) -> None:
    """Ask for a socket and leave it: the client itself would try a wrong token for ever.

    Raises:
        ConfigurationError: Slack does not take the token; the text names the variable.
        PlatformUnavailable: Slack cannot be reached.
    """
    from slack_sdk.errors import SlackApiError

    client: Any = api.client  # whose types are partly unknown
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        answer: Any = error.response
        raise ConfigurationError(
            f"Slack does not take SLACK_APP_TOKEN: {answer.get('error')}. Make an app-level token "
            "(xapp-…) with the scope connections:write on the app's page, Basic Information."
        ) from error
    except OSError as error:
        raise PlatformUnavailable(f"Slack cannot be reached: {error}") from error


async def _close(handler: AsyncSocketModeHandler) -> None:
    client: Any = handler.client
    try:
        await client.close()
    except Exception as error:  # noqa: BLE001  (whatever its connection died of)
        log.info("a socket did not close well: %s", error)
