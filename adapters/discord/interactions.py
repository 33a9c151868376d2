"""Slash commands, buttons and forms: acknowledged first.

Discord gives three seconds. The acknowledgement is on its way before anything else is awaited;
questions are stored beside it (`asking`), and the tokens of commands and presses are lent, so that
any process can answer.

Parallel: interactions. What survives a crash: questions; a press or command that is no question is
carried out at most once. Bounded: nothing is kept here.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, cast

from adapters.discord.acks import DEFER, DEFER_UPDATE, Acks, both
from adapters.discord.api import DiscordApi
from adapters.discord.asked import Slash, Where, slash_of, submitted, where_of
from adapters.discord.asking import Deliver, Questions
from adapters.discord.choices import SUGGESTIONS, suggested
from adapters.discord.events import PLATFORM, Me, Room, place, root_of_own
from adapters.discord.origin import Origin
from adapters.discord.render import ALONE, pressed
from adapters.discord.responses import Responses, private_place
from adapters.discord.rules import Mode
from adapters.discord.settings import NAME as SETTINGS
from adapters.discord.settings import SettingsCommand
from adapters.discord.slash import ASK_ABOUT, help_text
from core.chat.hearing import Hearing, Homes, Keeping
from core.chat.messages import Author, Command, ConversationKey
from core.chat.roster import Roster
from core.clock import Clock
from core.errors import StoreError

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

_QUIETLY_DONE: Final = {"stop": "Stopped.", "regenerate": "I write it again."}


class Interactions:
    """Takes interactions, whichever way they come."""

    def __init__(
        self,
        api: DiscordApi,
        me: Me,
        responses: Responses,
        hearing: Hearing,
        keeping: Keeping,
        homes: Homes,
        settings: SettingsCommand,
        deliver: Deliver,
        clock: Clock,
        *,
        roster: Roster,
    ) -> None:
        """
        Args:
            api: with the bot's token.
            me: who we are.
            responses: what answers commands and presses.
            hearing: what was taken already.
            keeping: keeps questions.
            homes: whose conversation a post is.
            settings: what moderators set.
            deliver: the intake.
            clock: for when it came.
            roster: the declared Assistants.
        """
        self._roster = roster
        self._me = me
        self._responses = responses
        self._hearing = hearing
        self._homes = homes
        self._settings = settings
        self._deliver = deliver
        self._clock = clock
        self._acks = Acks(api, responses)
        self._questions = Questions(api, me, responses, self._acks, keeping, deliver, clock)

    async def take(self, data: Json) -> None:
        """An interaction as Discord sends it. What fails is told to the person."""
        where = where_of(data)
        try:
            match data.get("type"), data.get("data", {}).get("type"):
                case 2, 3 if data["data"]["name"] == ASK_ABOUT:
                    await self._questions.open_form(where, data)
                case 2, _ if data["data"]["name"] == SETTINGS:
                    await self._set(where, data)
                case 2, _:
                    await self._command(where, slash_of(data))
                case 3, _:
                    await self._press(where, data)
                case 4, _:
                    await self._suggest(where, data)
                case 5, _:
                    asked = submitted(data)
                    if asked is not None:
                        await self._questions.ask(where, asked)
                case _:
                    return
        except StoreError as error:
            log.warning("an interaction could not be stored: %s", error)
            await self._acks.tell(where, "I cannot reach my memory just now. Please try again.")

    async def sweep(self) -> None:
        """Place the questions that were stored by a process which died. Raises StoreError."""
        await self._questions.sweep()

    # ------------------------------------------------------------------- controls

    async def _command(self, where: Where, slash: Slash) -> None:
        if slash.name == "ask":
            await self._questions.ask(where, slash.asked)
            return
        await both(
            self._responses.lend(where.id, where.token),
            self._acks.acknowledge(where, DEFER, alone=True),
        )
        if not await self._hearing.first(f"{PLATFORM}:{where.id}"):
            return
        if slash.name == "help":
            await self._acks.answer(where, help_text())
            return
        about = self._conversation(where)
        command = Command(
            id=str(Origin(where.channel, where.id, where.user, "s")),
            conversation=about,
            author=Author(id=where.user, name=where.name, is_admin=where.admin),
            name=slash.name,
            argument=slash.argument,
            received_at=self._clock.now(),
            shared=about.platform == PLATFORM and where.room.kind != "direct",
            alone=True,
        )
        await self._deliver(command)
        if not self._responses.has_answered(where.id):
            await self._acks.answer(where, _QUIETLY_DONE.get(slash.name, "Done."))

    async def _set(self, where: Where, data: Json) -> None:
        await self._acks.acknowledge(where, DEFER, alone=True)
        if await self._hearing.first(f"{PLATFORM}:{where.id}"):
            await self._acks.answer(where, await self._settings.carry_out(where, data))

    async def _suggest(self, where: Where, data: Json) -> None:
        """Somebody types what an option offers: answered from memory, within Discord's time."""
        slash, user = slash_of(data), where.user
        if slash.name != "ask":
            here = self._conversation(where)
        elif where.alone or slash.asked.private:
            here = private_place(self._me.application, user)
        else:
            here = place(where.room, user, where.id, "thread")  # its channel is what counts
        found = suggested(self._roster, here, user, data["data"])
        await self._acks.acknowledge(where, SUGGESTIONS, data={"choices": found})

    def _conversation(self, where: Where) -> ConversationKey:
        """What a command is about: the conversation of its place, or, in a channel where each
        question has a place of its own, the person's private one."""
        room = where.room
        mode = self._mode(room)
        in_channel = room.kind == "channel" and mode in ("thread", "reply")
        if in_channel or where.alone:
            return private_place(self._me.application, where.user)
        return place(room, where.user, where.id, mode)

    async def _press(self, where: Where, data: Json) -> None:
        found = pressed(str(data["data"].get("custom_id") or ""))
        await both(
            self._responses.lend(where.id, where.token),
            self._acks.acknowledge(where, DEFER_UPDATE),
        )
        if found is None or not await self._hearing.first(f"{PLATFORM}:{where.id}"):
            return
        name, argument = found
        message = cast("Json", data["message"])
        chosen = cast("list[str]", data["data"].get("values") or [])
        if chosen and int(message.get("flags") or 0) & ALONE:
            argument, about = chosen[0], self._conversation(where)  # the answer to a command
        else:
            argument = chosen[0] if chosen else argument
            about = await self._conversation_under(where, message)
        await self._deliver(
            Command(
                id=str(Origin(where.channel, where.id, where.user, "b")),
                conversation=about,
                author=Author(id=where.user, name=where.name, is_admin=where.admin),
                name=name,
                argument=argument,
                received_at=self._clock.now(),
            )
        )
        if name == "feedback":
            await self._acks.tell(where, "Noted, thank you.")

    async def _conversation_under(self, where: Where, message: Json) -> ConversationKey:
        """What a button is about: the conversation of the post that it stands under, whatever is
        set by the time that it is pressed."""
        room = where.room
        by_themselves = int(message.get("flags") or 0) & ALONE and room.kind != "direct"
        if where.alone or by_themselves:
            return private_place(self._me.application, where.user)
        if room.kind != "thread":  # an answer that found its place closed comes directly
            account = f"{PLATFORM}:{self._me.application}"
            home = await self._homes.of(account, str(message["id"]))
            if home is not None:
                return home
        # What replies to a message is of the conversation under it; the rest is the channel's.
        mode = "thread" if message.get("message_reference") else self._mode(room)
        return place(room, where.user, root_of_own(message), mode)

    def _mode(self, room: Room) -> Mode:
        return self._me.rules(room.guild, room.home).mode
