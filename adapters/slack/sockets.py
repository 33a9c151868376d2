"""Socket Mode: several connections, so that events come while one of them is being replaced.

Slack closes each socket every few hours, and the client closes the old one before it opens the
next; with two, one is always there. A payload goes to any one of them.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode (up to ten connections an app).

A token that Slack takes back leaves the sockets closed; the log says so once, and Slack is asked
again now and then, since an app that is installed again may keep its token.

Serial: opening of sockets. What survives a crash: nothing is kept here; what was not acknowledged
comes again. Bounded: `count` sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from adapters.slack.api import KeyRefused, SlackApi, SlackRefused, api_error
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

REFUSED_S: Final = 60.0
"""Between two tries with a token that Slack does not take."""


class Sockets:
    """The open sockets of one app."""

    def __init__(
        self, api: SlackApi, ears: Ears, app_token: str, clock: Clock, *, count: int
    ) -> None:
        """
        Args:
            api: asks why a socket does not open.
            ears: hear what comes.
            app_token: `xapp-…`.
            clock: for the pauses between looks.
            count: how many sockets there shall be.
        """
        self._api = api
        self._ears = ears
        self._app_token = app_token
        self._clock = clock
        self._count = count
        self._open: list[AsyncSocketModeHandler] = []
        self._down: dict[AsyncSocketModeHandler, int] = {}
        self._log = _quiet_log()
        self._doubtful = False
        """Whether the token may be refused."""
        self.refused = ""
        """Why Slack opens no socket, in a sentence; empty: it does, or is away."""

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
        """Hear until the block ends. The first socket is open when it begins.

        Raises:
            ConfigurationError: Slack does not take the token; the text names the variable.
            PlatformUnavailable: Slack opens no socket just now.
        """
        tasks: list[asyncio.Task[None]] = []
        await check_app_token(self._api, self._app_token)
        try:
            try:
                await self._add()
            except Exception as error:
                raise PlatformUnavailable(f"Slack opens no socket: {_said(error)}") from error
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
        pause_s, said = STAGGER_S, ""
        while True:
            await self._clock.sleep(pause_s)
            try:
                pause_s, said = await self._look(), ""
            except Exception as error:  # noqa: BLE001  (whatever a connection can fail with)
                pause_s, reason = await self._trouble(error, pause_s)
                if reason != said:
                    log.warning("a Slack socket could not be opened, trying again: %s", reason)
                said = reason

    async def _look(self) -> float:
        """One look; after how many seconds the next one is due."""
        if len(self._open) < self._count:
            if self._doubtful:  # the client of a socket would try a refused token on and on
                await check_app_token(self._api, self._app_token)
                self._doubtful, self.refused = False, ""
            await self._add()
            return STAGGER_S if len(self._open) < self._count else WATCH_S
        for handler in tuple(self._open):
            if await handler.client.is_connected():
                self._down[handler] = 0
                continue
            self._down[handler] += 1
            if self._down[handler] >= DEAF:
                log.warning("a Slack socket is deaf and is made anew")
                self._doubtful = True
                await self._drop(handler)
                return STAGGER_S
        return WATCH_S

    async def _trouble(self, error: Exception, pause_s: float) -> tuple[float, str]:
        """How long to wait before the next try, and what is wrong."""
        self._doubtful = True
        if not isinstance(error, ConfigurationError):
            return min(pause_s * 2, WATCH_S), _said(error)
        self.refused = str(error)
        for handler in tuple(self._open):
            if not await handler.client.is_connected():
                await self._drop(handler)
        return REFUSED_S, self.refused

    async def _drop(self, handler: AsyncSocketModeHandler) -> None:
        self._open.remove(handler)
        del self._down[handler]
        await _close(handler)

    async def _add(self) -> None:
        handler = await self._connected_handler()
        self._open.append(handler)
        self._down[handler] = 0

    async def _connected_handler(self) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(
            self._ears.app, self._app_token, logger=self._log, ping_interval=PING_S
        )
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
    client: Any = api.client  # whose types are partly unknown
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        problem = api_error("apps.connections.open", error, unclear=False)
        if not isinstance(problem, SlackRefused | KeyRefused):
            raise problem from error
        raise ConfigurationError(
            f"Slack does not take SLACK_APP_TOKEN: {problem.code}. Make an app-level token "
            "(xapp-…) with the scope connections:write on the app's page, Basic Information."
        ) from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise PlatformUnavailable(f"Slack cannot be reached: {_said(error)}") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _quiet_log() -> logging.Logger:
    """For the client of a socket, which logs every try with a traceback, and says to whom it is
    connected: one line a minute is enough."""
    quiet = log.getChild("client")
    quiet.setLevel(logging.WARNING)
    quiet.filters[:] = [_OneAMinute()]
    return quiet


class _OneAMinute(logging.Filter):
    """Lets one line a minute pass, without its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created - self._last < 60.0:
            return False
        self._last = record.created
        record.exc_info = None
        return True


async def _close(handler: AsyncSocketModeHandler) -> None:
    client: Any = handler.client
    try:
        await client.close()
    except Exception as error:  # noqa: BLE001  (whatever its connection died of)
        log.info("a socket did not close well: %s", error)
