"""Hearing Slack: the same listener behind Socket Mode and signed HTTP, on slack-bolt.

An event is acknowledged when the mailbox has it and not before: the one middleware at the end of
Bolt's own awaits the delivery, and when that fails it answers 500, which over a socket means no
acknowledgement at all; Slack sends the event again either way. What we do not understand is
acknowledged too, or Slack would repeat it and in the end stop sending.

Bolt asks who we are by a function of ours that answers from memory: its own look-up, when Slack
fails it, acknowledges the event and loses it.

Messages that come twice are known by their stamps; a command or a press has none, and is carried
out once however many sockets bring it.
Sources: https://docs.slack.dev/apis/events-api (retries), slack_bolt/app/async_app.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from adapters.slack.api import Json, SlackApi, dict_of
from adapters.slack.events import Me, heard, pressed, turned_away
from adapters.slack.noting import Noting
from adapters.slack.surfaces import Surfaces
from adapters.slack.words import mentioned
from core.chat.messages import Event
from core.clock import Clock
from core.errors import BobbinError, PlatformError

log = logging.getLogger(__name__)

SAME_S: Final = 3.0
"""For how long the same command, press or form, to the last letter, is one that came again."""

Deliver = Callable[[Event], Awaitable[object]]
"""Takes an event in; returns when it is durable, and raises when it is not."""

Typed = Callable[[Json], Awaitable[str]]
"""Carries out a slash command; what the person who typed it is told at once."""


class Ears:
    """What Slack says, on its way to the intake.

    Args:
        api: with the workspace's bot token.
        me: who we are there.
        deliver: the intake.
        typed: slash commands.
        surfaces: tabs and forms.
        met: hears of people whose names may be wanted.
        clock: for when it came.
        noting: is told of all that comes.
        signing_secret: of the app; needed where Slack calls by HTTP.
    """

    def __init__(
        self,
        api: SlackApi,
        me: Me,
        deliver: Deliver,
        *,
        typed: Typed,
        met: Callable[[frozenset[str]], None],
        surfaces: Surfaces,
        clock: Clock,
        noting: Noting,
        signing_secret: str = "",
    ) -> None:
        self._noting = noting
        self._api = api
        self._asking: asyncio.Task[None] | None = None
        self._me = me
        self._deliver = deliver
        self._typed = typed
        self._met = met
        self._surfaces = surfaces
        self._clock = clock
        self._done: dict[str, tuple[float, asyncio.Task[BoltResponse]]] = {}
        result = AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_user_id=me.user,
            bot_id=me.bot,
            bot_token=api.client.token,
        )

        async def authorize() -> AuthorizeResult:
            return result

        quiet = log.getChild("bolt")
        quiet.setLevel(logging.ERROR)  # it warns of what is meant so: `authorize`, not a token
        self.app = AsyncApp(
            logger=quiet,
            client=api.client,
            signing_secret=signing_secret or "not used",
            request_verification_enabled=bool(signing_secret),
            authorize=authorize,
            process_before_response=True,
            attaching_conversation_kwargs_enabled=False,
        )
        bolt: Any = self.app  # whose types are partly unknown
        bolt.middleware(self._take)

    async def aclose(self) -> None:
        """Leave what nobody waits for."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _take(self, body: dict[str, Any]) -> BoltResponse:
        """Anything that Slack sent and Bolt found genuine."""
        self._noting.came(body)
        try:
            if body.get("type") == "event_callback":
                return await self._answer(body)
            return await self._once(body)
        except BobbinError as error:
            log.warning("an event could not be stored; Slack will send it again: %s", error)
            return BoltResponse(status=500, body="")

    async def _ask_who_we_are(self) -> None:
        """Some token was revoked: if it is ours, the answer says so, and so does the log."""
        with contextlib.suppress(PlatformError):
            await self._api.whoami()

    async def _once(self, body: Json) -> BoltResponse:
        """What was answered to the same words a moment ago, or is being answered."""
        now = self._clock.monotonic()
        for name, (at, task) in tuple(self._done.items()):
            if task.done() and (now - at > SAME_S or task.cancelled() or task.exception()):
                del self._done[name]
        name = json.dumps(body, sort_keys=True, default=str)
        if name not in self._done:
            self._done[name] = now, asyncio.create_task(self._answer(body), name="slack command")
        return await asyncio.shield(self._done[name][1])

    async def _answer(self, body: Json) -> BoltResponse:
        if "command" in body:
            said = await self._typed(body)
            return BoltResponse(
                status=200,
                body={"response_type": "ephemeral", "text": said} if said else "",
            )
        kind = body.get("type")
        found: Event | None = None
        if kind == "event_callback":
            event = dict_of(body.get("event"))
            if event.get("type") == "app_home_opened":
                self._surfaces.opened(event)
            elif event.get("type") in ("app_uninstalled", "tokens_revoked"):
                self._asking = asyncio.create_task(self._ask_who_we_are(), name="slack token")
            if turned_away(event, self._me):
                self._surfaces.turn_away(event)
            found = heard(event, self._me, self._clock.now())
            if found is not None:
                user = event.get("user")
                here = frozenset({user}) if isinstance(user, str) else frozenset[str]()
                self._met((here | mentioned(str(event.get("text") or ""))) - {self._me.user})
        elif kind == "block_actions":
            found = pressed(body, self._me, self._clock.now()) or self._surfaces.chose(body)
        elif kind == "message_action":
            await self._surfaces.used(body)
        elif kind == "view_submission":
            found = await self._surfaces.asked(body)
        elif kind == "app_rate_limited":
            log.error("Slack holds events back: more than 30,000 an hour in this workspace")
        if found is not None:
            await self._deliver(found)
            self._surfaces.took(body)
        return BoltResponse(status=200, body="")
