"""What people are called, as far as it is known by now, and of which team they are.

Names are asked for in the background and only once: nobody waits for a name, and a message that
came before its writer's name was known carries the id, which is what counts anyway.
Source: https://docs.slack.dev/reference/methods/users.info (Tier 4).

Parallel: one question at a time. Bounded: `MOST` names, the oldest go first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Final

from adapters.slack.api import Json, SlackApi, dict_of
from core.errors import PlatformError

log = logging.getLogger(__name__)

MOST: Final = 10_000
_ASKED_AT_ONCE: Final = 200


class People:
    """Display names by user id.

    Args:
        api: with the workspace's bot token.
        strangers: people of other organisations (Slack Connect) are talked to as well.
    """

    def __init__(self, api: SlackApi, *, strangers: bool = False) -> None:
        self._api = api
        self._strangers = strangers
        self.names: dict[str, str] = {}
        self._teams: dict[str, str] = {}
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

    async def team_of(self, user: str, own: str) -> str:
        """The team that somebody is of: `own`, unless people of others are talked to and Slack
        says that this is one of them."""
        if self._strangers and user not in self._teams:
            with contextlib.suppress(PlatformError):
                self._learn(
                    user, dict_of((await self._api.read("users.info", user=user)).get("user"))
                )
        return self._teams.get(user) or own

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
            self._learn(user, found)

    def _learn(self, user: str, found: Json) -> None:
        profile, team = dict_of(found.get("profile")), found.get("team_id")
        name = profile.get("display_name") or found.get("real_name") or found.get("name")
        if isinstance(name, str) and name:
            self.names[user] = name
        if isinstance(team, str) and team:
            self._teams[user] = team
        for known in (self.names, self._teams):
            while len(known) > MOST:
                del known[next(iter(known))]
