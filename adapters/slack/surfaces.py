"""What people do in Slack beside writing: they open Bobbin's tabs, and ask about a message.

Best effort where nothing was asked: a tab that cannot be shown is no lost message. A question is
taken in like any other, and its form closes when the mailbox has it.
Sources: https://docs.slack.dev/reference/events/app_home_opened, /reference/methods/views.publish,
/views.open (a trigger lives three seconds), /assistant.threads.setSuggestedPrompts.

Parallel: tabs. Survives a crash: nothing but questions. Bounded: `MOST` tabs being shown at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from adapters.slack.api import Json, SlackApi, dict_of
from adapters.slack.events import Me, place
from adapters.slack.origin import NO_THREAD, Origin
from adapters.slack.prompting import Prompting
from adapters.slack.views import ASK, Asked, Home, about_of, asked_of, chosen_of, form, home
from adapters.slack.words import readable
from core.chat.messages import Author, Command, ConversationKey, Inbound, Setting
from core.clock import Clock
from core.errors import BobbinError, PlatformError, PlatformRateLimited

log = logging.getLogger(__name__)

MOST: Final = 50

PATIENCE_S: Final = 30.0
"""How long a tab, or a word to one person, waits for Slack's patience."""
TRIGGER_S: Final = 2.0
"""How long a form waits, whose trigger lives three seconds."""

AWAY: Final = "I answer people of the organisation that runs me only."

Known = Callable[[ConversationKey, str], Awaitable[Home]]
"""What a person's Home tab says, by the conversation of their direct messages and their user id."""


class Surfaces:
    """Tabs and forms.

    Args:
        api: with the workspace's bot token.
        me: who we are there.
        known: what Home tabs say.
        clock: for when a question came.
        prompting: suggests what may be asked.
    """

    def __init__(
        self, api: SlackApi, me: Me, known: Known, clock: Clock, prompting: Prompting
    ) -> None:
        self._api = api
        self._me = me
        self._known = known
        self._clock = clock
        self._prompting = prompting
        self._turned_away: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Leave what is not shown yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def opened(self, event: Mapping[str, Any]) -> None:
        """Somebody opened one of our tabs; nobody waits for what it shows."""
        user, channel = event.get("user"), event.get("channel")
        if not isinstance(user, str) or not isinstance(channel, str) or len(self._tasks) >= MOST:
            return
        if event.get("tab") == "home":
            doing = self._show_home(user, channel)
        elif event.get("tab") == "messages" and self._prompting.wanted:
            doing = self._suggest(user, channel)
        else:
            return
        self._do(doing)

    def turn_away(self, event: Mapping[str, Any]) -> None:
        """Somebody asked whom we do not answer: only they are told."""
        user, channel = event.get("user"), event.get("channel")
        if not isinstance(user, str) or not isinstance(channel, str) or len(self._tasks) >= MOST:
            return
        name = f"{channel}:{event.get('ts')}"
        if name in self._turned_away:  # Slack tells of it again
            return
        self._turned_away[name] = None
        if len(self._turned_away) > MOST:
            del self._turned_away[next(iter(self._turned_away))]
        thread = event.get("thread_ts")
        place: Json = {"thread_ts": thread} if isinstance(thread, str) else {}
        self._do(self._tell(place | {"channel": channel, "user": user}))

    def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing, name="slack tab")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def used(self, payload: Mapping[str, Any]) -> None:
        """Somebody used the message shortcut: show the form."""
        about = about_of(payload)
        if payload.get("callback_id") != ASK or about is None:
            return
        trigger = str(payload.get("trigger_id") or "")
        try:
            await self._write("views.open", TRIGGER_S, trigger_id=trigger, view=form(about))
        except PlatformError as error:
            log.warning("the form of a question could not be shown: %s", error)

    def chose(self, payload: Mapping[str, Any]) -> Command | None:
        """The choice of an Assistant in a Home tab, which shows it once it is taken in (`took`);
        None for other presses."""
        found, me = chosen_of(payload), self._me
        if found is None or (found.team not in ("", me.team) and not me.strangers):
            return None
        return Command(
            id=str(Origin(found.channel, found.stamp, NO_THREAD, found.user)),
            conversation=place(me.team, found.channel, NO_THREAD, direct=True),
            author=Author(id=found.user, name=me.names.get(found.user, "")),
            name="assistant",
            argument=found.assistant,
            received_at=self._clock.now(),
        )

    def took(self, payload: Mapping[str, Any]) -> None:
        """What somebody pressed was taken in: a Home tab shows what became of it."""
        found = chosen_of(payload)
        if found is not None and len(self._tasks) < MOST:
            self._do(self._show_home(found.user, found.channel))

    async def asked(self, payload: Mapping[str, Any]) -> Inbound | None:
        """The question of a form that was sent off; None for other forms.

        Raises:
            PlatformError: where the answer would go is not known just now.
        """
        found = asked_of(payload)
        if found is None:
            return None
        about, now = found.about, self._clock.now()
        names = self._me.names
        said = readable(about.text, names=names) or "(no text)"
        by = names.get(about.user) or about.user or "somebody"
        quoted = "\n".join(f"> {line}" for line in said.splitlines())
        text = f"{readable(found.text)}\n\nThe message that I ask about, by {by}:\n\n{quoted}"
        origin, where = await self._aim(found, now)
        return Inbound(
            id=f"{origin}.{found.name}",
            message_id=f"{origin.ts}.{found.name}",
            conversation=where,
            author=Author(
                id=found.user,
                name=names.get(found.user, ""),
                is_admin=found.user in self._me.admins,
            ),
            text=text,
            received_at=now,
            setting=Setting(shared=found.shared, called_in=found.shared),
        )

    async def _aim(self, found: Asked, now: float) -> tuple[Origin, ConversationKey]:
        about = found.about
        if found.shared:
            direct = about.channel.startswith("D") and not self._me.apart
            origin = Origin(about.channel, about.ts, about.root, found.user)
            return origin, place(self._me.team, about.channel, about.root, direct=direct)
        answer = await self._api.write("conversations.open", users=found.user)
        channel = str(dict_of(answer.get("channel"))["id"])
        origin = Origin(channel, f"{now:.6f}", NO_THREAD, found.user)
        return origin, place(self._me.team, channel, NO_THREAD, direct=True)

    async def _write(self, method: str, patience_s: float, **body: Any) -> None:
        """Call it, and once more where Slack asks for no more patience than this."""
        try:
            await self._api.write(method, **body)
        except PlatformRateLimited as error:
            if error.retry_after_s > patience_s:
                raise
            await self._clock.sleep(error.retry_after_s)
            await self._api.write(method, **body)

    async def _tell(self, place: Json) -> None:
        try:
            await self._write("chat.postEphemeral", PATIENCE_S, text=AWAY, **place)
        except PlatformError as error:
            log.info("somebody could not be told that they are not answered: %s", error)

    async def _show_home(self, user: str, channel: str) -> None:
        try:
            facts = await self._facts(user, channel)
            view = home(facts, channel)
            await self._write("views.publish", PATIENCE_S, user_id=user, view=view)
        except BobbinError as error:
            log.warning("a Home tab could not be shown: %s", error)

    async def _suggest(self, user: str, channel: str) -> None:
        try:
            facts = await self._facts(user, channel)
        except BobbinError as error:
            log.info("prompts could not be suggested: %s", error)
            return
        self._prompting.suggest(channel, facts.prompts)

    async def _facts(self, user: str, channel: str) -> Home:
        where = place(self._me.team, channel, NO_THREAD, direct=True)
        return await self._known(where, user)
