"""What people are called, as far as it is known by now.

Names are asked for in the background and only once: nobody waits for a name, and a message that
came before its writer's name was known carries the id, which is what counts anyway.
Source: https://docs.slack.dev/reference/methods/users.info (Tier 4).

Parallel: one question at a time. Bounded: `MOST` names, the oldest go first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from adapters.slack.api import SlackApi, dict_of
from core.errors import PlatformError

log = logging.getLogger(__name__)

MOST: Final = 10_000
_ASKED_AT_ONCE: Final = 200


class People:
    """Display names by user id."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self.names: dict[str, str] = {}
        self._wanted: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def met(self, users: Iterable[str]) -> None:
        """Somebody was seen; find out the name unless it is known."""
        for user in users:
            if user not in self.names and user not in self._wanted:
                self._wanted.append(user)
        del self._wanted[_ASKED_AT_ONCE:]
        if self._wanted and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._ask(), name="slack names")

    async def aclose(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        while self._wanted:
            user = self._wanted[0]
            try:
                found = dict_of((await self._api.read("users.info", user=user)).get("user"))
            except PlatformError as error:
                log.info("the name of %s is not known: %s", user, error)
                found = {}
            self._wanted.remove(user)
            profile = dict_of(found.get("profile"))
            name = profile.get("display_name") or found.get("real_name") or found.get("name")
            if isinstance(name, str) and name:
                self.names[user] = name
                while len(self.names) > MOST:
                    del self.names[next(iter(self.names))]
