"""The sign that Bobbin is at work, by whatever this app may use.

    agent      agents.sessions.setStatus: Slack's loader with its own Stop button
    legacy     assistant.threads.setStatus: a line of text for two minutes
    reaction   :eyes: on the message that is answered

The best one that works is found by trying, once for a process. Best effort: no failure of it ever
reaches a reply, and nobody waits for it.
Source: https://docs.slack.dev/reference/methods/agents.sessions.setStatus, and
assistant.threads.setStatus, reactions.add.
"""

from __future__ import annotations

import logging
from typing import Final

from adapters.slack.api import SlackApi, SlackRefused
from adapters.slack.origin import Origin
from core.errors import PlatformError

log = logging.getLogger(__name__)

WAYS: Final = ("agent", "legacy", "reaction", "none")
_EYES: Final = "eyes"
_HERE_ALREADY: Final = frozenset({"already_reacted", "no_reaction"})


class Presence:
    """Shows and takes back the sign."""

    def __init__(self, api: SlackApi, way: str = "agent") -> None:
        self._api = api
        self._way = WAYS.index(way)

    @property
    def way(self) -> str:
        """Which sign is used now."""
        return WAYS[self._way]

    async def working(self, origin: Origin, sentence: str = "") -> None:
        """Say that this message is being worked on."""
        await self._show(origin, sentence or "is thinking…", at_work=True)

    async def idle(self, origin: Origin) -> None:
        """Take the sign back."""
        await self._show(origin, "", at_work=False)

    async def _show(self, origin: Origin, sentence: str, *, at_work: bool) -> None:
        while True:
            tried = self._way
            try:
                await self._ask(origin, sentence, at_work=at_work)
            except SlackRefused as error:
                if error.code in _HERE_ALREADY:
                    return
                # This app may not use it; another one may have found that out meanwhile.
                self._way = max(self._way, tried + 1)
            except PlatformError as error:
                log.info("a sign could not be shown: %s", error)
                return
            else:
                return

    async def _ask(self, origin: Origin, sentence: str, *, at_work: bool) -> None:
        channel, root = origin.channel, origin.root
        match self.way:
            case "agent":
                await self._api.write(
                    "agents.sessions.setStatus",
                    channel_id=channel,
                    thread_ts=root,
                    status="processing" if at_work else "active",
                    **({"initiator_user_id": origin.user} if at_work else {}),
                )
            case "legacy":
                await self._api.write(
                    "assistant.threads.setStatus",
                    channel_id=channel,
                    thread_ts=root,
                    status=sentence if at_work else "",
                )
            case "reaction":
                method = "reactions.add" if at_work else "reactions.remove"
                await self._api.write(method, channel=channel, timestamp=origin.ts, name=_EYES)
            case _:
                return
