"""The sign that Bobbin is at work, by whatever this app may use.

    agent      agents.sessions.setStatus: Slack's loader with its own Stop button
    legacy     assistant.threads.setStatus: a line of text for two minutes
    reaction   :eyes: on the message that is answered

The best one that works is found by trying, once for a process and a kind of place. Best effort: no
failure of it ever reaches a reply. A sign that could not be taken back is tried again in the
background, so that nothing stays "thinking" because Slack was busy.
Source: https://docs.slack.dev/reference/methods/agents.sessions.setStatus, and
assistant.threads.setStatus, reactions.add.

Parallel: places. Survives a crash: nothing; the turn's next owner takes the sign back. Bounded:
`MOST` signs that are still to be taken back.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Literal

from adapters.slack.api import SlackApi, SlackRefused
from adapters.slack.origin import NO_THREAD, Origin
from core.clock import Clock
from core.errors import ConversationGone, PlatformError, PlatformRateLimited

log = logging.getLogger(__name__)

WAYS: Final = ("agent", "legacy", "reaction", "none")
State = Literal["processing", "active", "suspended"]

PATIENCE_S: Final = 5.0
"""How long a sign may take; a reply waits for none longer."""

TRIES: Final = 70
"""How often a sign is tried to be taken back: an hour long, after which Slack does so by itself."""

MOST: Final = 1_000

_NO_STOP: Final = "missing_agent_session_stopped_event_subscription"

_EYES: Final = "eyes"
_HERE_ALREADY: Final = frozenset({"already_reacted", "no_reaction"})


class Presence:
    """Shows and takes back the sign."""

    def __init__(self, api: SlackApi, clock: Clock, way: str = "agent") -> None:
        self._api = api
        self._clock = clock
        self._first = WAYS.index(way)
        self._ways: dict[str, int] = {}
        self._sessions: set[str] = set()
        self._later: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._warned = False

    async def aclose(self) -> None:
        """Stop; what is still to be taken back stays to its next owner or to time."""
        for task in self._later.values():
            task.cancel()
        await asyncio.gather(*self._later.values(), return_exceptions=True)

    def way(self, channel: str) -> str:
        """Which sign is used in a channel like this one."""
        return WAYS[self._ways.get(channel[:1], self._first)]

    def has_session(self, channel: str) -> bool:
        """Whether Slack showed an agent session in a channel like this one."""
        return channel[:1] in self._sessions

    async def doing(self, origin: Origin, sentence: str) -> None:
        """Say what is being done, where the sign has words."""
        if self.way(origin.channel) == "legacy":
            await self._show(origin, "processing", sentence)

    async def working(self, origin: Origin, sentence: str = "") -> None:
        """Say that this message is being worked on."""
        if (task := self._later.pop(_place(origin), None)) is not None:
            task.cancel()
        await self._show(origin, "processing", sentence or "is thinking…")

    async def paused(self, origin: Origin) -> None:
        """It waits for a person."""
        await self._take_back(origin, "suspended")

    async def idle(self, origin: Origin) -> None:
        """Take the sign back."""
        await self._take_back(origin, "active")

    async def _take_back(self, origin: Origin, state: State) -> None:
        wait_s = await self._show(origin, state)
        place = _place(origin)
        if wait_s is None or place in self._later or len(self._later) >= MOST:
            return
        task = asyncio.create_task(self._insist(origin, state, wait_s), name="slack sign")
        self._later[place] = task
        task.add_done_callback(lambda done: self._forget(place, done))

    def _forget(self, place: tuple[str, str], done: asyncio.Task[None]) -> None:
        if self._later.get(place) is done:
            del self._later[place]

    async def _insist(self, origin: Origin, state: State, wait_s: float) -> None:
        for _ in range(TRIES):
            await self._clock.sleep(wait_s)
            again_s = await self._show(origin, state)
            if again_s is None:
                return
            wait_s = max(again_s, min(wait_s * 2, 60.0))

    async def _show(self, origin: Origin, state: State, sentence: str = "") -> float | None:
        """Try; None when nothing is left to do, else after how many seconds to try again."""
        if origin.root == NO_THREAD:
            return None
        kind = origin.channel[:1]
        while True:
            tried = self._ways.get(kind, self._first)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._ask(WAYS[tried], origin, state, sentence)
            except SlackRefused as error:
                if error.code in _HERE_ALREADY:
                    return None
                # This app may not use it; another turn may have found that out meanwhile.
                self._ways[kind] = max(self._ways.get(kind, self._first), tried + 1)
            except ConversationGone:
                return None
            except PlatformRateLimited as error:
                return error.retry_after_s
            except (PlatformError, TimeoutError) as error:
                log.info("a sign could not be shown: %s", error)
                return 1.0
            else:
                return None

    async def _ask(self, way: str, origin: Origin, state: State, sentence: str) -> None:
        channel, root, at_work = origin.channel, origin.root, state == "processing"
        match way:
            case "agent":
                answer = await self._api.write(
                    "agents.sessions.setStatus",
                    channel_id=channel,
                    thread_ts=root,
                    status=state,
                    **({"initiator_user_id": origin.user} if at_work else {}),
                )
                self._sessions.add(channel[:1])
                self._warn(str(answer.get("warning") or ""))
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

    def _warn(self, warning: str) -> None:
        if _NO_STOP in warning and not self._warned:
            self._warned = True
            log.warning(
                "Slack shows no Stop button: subscribe to agent_session_stopped on the app's page, "
                "Event Subscriptions > Subscribe to bot events"
            )


def _place(origin: Origin) -> tuple[str, str]:
    return origin.channel, origin.root
