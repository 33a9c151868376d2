"""Which kinds of events Slack sends us, so that `bobbin doctor` can say which are missing: Slack
tells a bot nothing of what its app is subscribed to.

Best effort: nothing waits for it, and nothing is lost with it. Each kind is stored once a minute.
Parallel: one write at a time. Bounded: the kinds that Slack has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from adapters.slack.api import dict_of
from core.chat.hearing import Kinds
from core.clock import Clock
from core.errors import StoreError

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
MOST: Final = 100

_CHANNELS: Final = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def ear_of(team: str) -> str:
    """The name under which a workspace's kinds are kept."""
    return f"slack:{team}"


def kind_of(body: Mapping[str, Any]) -> str:
    """What an app subscribes to in order to be sent this; empty for what is none of that."""
    if "command" in body:
        return "commands"
    if body.get("type") != "event_callback":
        return "interactivity" if body.get("type") in ("block_actions", "view_submission") else ""
    event = dict_of(body.get("event"))
    kind = str(event.get("type") or "")
    if kind != "message":
        return kind[:50]
    channels = _CHANNELS.get(str(event.get("channel_type")), "")
    return f"message.{channels}" if channels else ""


class Noting:
    """Notes what comes.

    Args:
        kinds: where it is kept; None: nowhere.
        team: of the workspace.
        clock: for when it came.
    """

    def __init__(self, kinds: Kinds | None, team: str, clock: Clock) -> None:
        self._kinds = kinds
        self._ear = ear_of(team)
        self._clock = clock
        self._noted: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def came(self, body: Mapping[str, Any]) -> None:
        """Something came from Slack; nobody waits."""
        kind, now = kind_of(body), self._clock.now()
        if self._kinds is None or not kind or now - self._noted.get(kind, 0.0) < EVERY_S:
            return
        if kind in self._noted or len(self._noted) < MOST:
            self._noted[kind] = self._waiting[kind] = now
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store(self._kinds), name="slack kinds")

    async def aclose(self) -> None:
        """Leave what is not stored yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _store(self, kinds: Kinds) -> None:
        while self._waiting:
            came, self._waiting = self._waiting, {}
            try:
                await kinds.heard(self._ear, came)
            except StoreError as error:
                log.debug("what kinds of events came is not noted: %s", error)
