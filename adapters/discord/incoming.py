"""What is written, changed and deleted on Discord, looked up and handed to the intake.

`events` says what a message means; here is what it takes to know that: the kind of place, whose
conversation the post is that it replies to, whether another bot gets its turn. What comes in twice
is known by its mailbox.

Serial: the messages of a channel (see `ears`). What survives a crash: what is stored. Bounded:
`MOST_MET` channels of direct messages.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.asking import Deliver
from adapters.discord.backfill import Backfill
from adapters.discord.events import (
    PLATFORM,
    Me,
    Room,
    deleted,
    edited,
    heard,
    own_post,
    program_of,
    tells_itself,
    unreadable,
)
from adapters.discord.house import HouseRules
from adapters.discord.origin import made_at
from adapters.discord.programs import Programs
from adapters.discord.render import QUIET, nonce
from adapters.discord.rooms import Rooms
from core.chat.commands import parse_command
from core.chat.hearing import Hearing, Homes
from core.chat.manners import Places
from core.chat.messages import ConversationKey, Inbound
from core.clock import Clock

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

MOST_MET: Final = 10_000
"""Direct messages of which this process knows that they are remembered."""

HINT: Final = (
    "I cannot read messages here that do not mention me (Discord has not given me the Message "
    "Content Intent). Please mention me by my own name, not by my role, or use `/ask`."
)


class Incoming:
    """Takes messages in.

    Args:
        api: with the bot's token.
        me: who we are.
        rooms: what kind of places channels are.
        house: which bots may ask.
        programs: whether one of them gets a turn.
        homes: whose conversation a post is.
        hearing: what is known of direct messages.
        places: what was said once.
        backfill: what was said before.
        deliver: the intake.
        clock: for when it came.
        ear: the name of this share of Discord.
    """

    def __init__(
        self,
        api: DiscordApi,
        me: Me,
        rooms: Rooms,
        house: HouseRules,
        programs: Programs,
        homes: Homes,
        hearing: Hearing,
        places: Places,
        backfill: Backfill,
        deliver: Deliver,
        clock: Clock,
        *,
        ear: str,
    ) -> None:
        self._api = api
        self._me = me
        self._rooms = rooms
        self._house = house
        self._programs = programs
        self._homes = homes
        self._hearing = hearing
        self._places = places
        self._backfill = backfill
        self._deliver = deliver
        self._clock = clock
        self._ear = ear
        self._account = f"{PLATFORM}:{me.application}"
        self._met: set[str] = set()
        self._taking: set[str] = set()
        self.contents = True
        """Whether we are told what messages say that do not mention us."""

    def passes_over(self, message: Json) -> bool:
        """Whether it is written by a program that nobody let in, by us, or by nobody: these start
        nothing, wherever they stand."""
        if not isinstance(message.get("author"), Mapping):
            return True
        if str(message["author"].get("id")) == self._me.user:
            return True
        program = program_of(message)
        return bool(program) and not self._house.welcomes(program)

    async def message(self, message: Json) -> None:
        """A new message.

        Raises:
            StoreError: it is not stored.
            PlatformError: what it means is not known just now.
        """
        room = await self._room(message)
        program = program_of(message)
        if not program and room.kind != "direct":
            self._programs.person(room, str(message["id"]))
        home = await self._home(message, room)
        inbound = heard(message, room, self._me, self._clock.now(), home=home)
        if inbound is None:
            if not self.contents and unreadable(message, room, self._me):
                await self._hint(room.channel, str(message["id"]))
            return
        if program and not await self._has_its_turn(inbound, room):
            return
        # Mail that comes twice is known by its mailbox; a command is carried out at once.
        if inbound.text.startswith("!") and not await self._takes(inbound.id):
            return
        known = room.channel in self._met
        if room.kind == "direct" and not known:
            await self._meet(room, inbound.message_id)
        await self._deliver(inbound)
        self._taking.discard(inbound.id)
        if known:
            await self._hearing.met(self._ear, room.channel, made_at(inbound.message_id))
        if not tells_itself(inbound.conversation, room, inbound.message_id):
            await self._homes.put(self._account, inbound.message_id, inbound.conversation)

    async def _has_its_turn(self, inbound: Inbound, room: Room) -> bool:
        is_command = parse_command(inbound) is not None
        return not is_command and await self._programs.may(room, inbound.message_id)

    async def visited(self, interaction: Json) -> None:
        """Somebody used a command or a button in direct messages. Raises as `message`."""
        channel = str(interaction["channel_id"])
        if channel not in self._met:
            user = str(interaction["user"]["id"])
            await self._meet(Room("direct", channel, user=user), str(interaction["id"]))

    async def _meet(self, room: Room, came: str) -> None:
        """Remember direct messages, before what is said there is stored, so that they are read
        when nobody has listened for a while. Where nobody knew them, something may have been said
        before `came` that nobody heard."""
        if await self._hearing.met(self._ear, room.channel, made_at(came)):
            async for earlier in self._backfill.earlier(room.channel, came):
                found = heard(earlier, room, self._me, self._clock.now())
                if found is not None and not found.text.startswith("!"):
                    await self._deliver(found)
        self._met.add(room.channel)
        while len(self._met) > MOST_MET:
            self._met.pop()

    async def edited(self, message: Json) -> None:
        """A message was changed. Raises as `message`."""
        room = await self._room(message)
        home = await self._home(message, room)
        found = edited(message, room, self._me, self._clock.now(), home=home)
        if found is None or not await self._takes(f"{found[1].name}@{found[1].revision}"):
            return
        inbound, edit = found
        named = inbound.setting.shared and inbound.setting.addressed
        # It may name us only now; if it did before, its mailbox knows it.
        if not named or await self._deliver(inbound) == "duplicate":
            await self._deliver(edit)
        self._taking.discard(f"{edit.name}@{edit.revision}")

    async def _takes(self, name: str) -> bool:
        """Whether this process is the one that takes it; still so when the store fails meanwhile
        and it is tried again. Raises StoreError."""
        if name not in self._taking and not await self._hearing.first(name):
            return False
        self._taking.add(name)
        return True

    async def deleted(self, event: Json) -> None:
        """A message is gone. Raises as `message`."""
        room = await self._rooms.of(str(event["channel_id"]))
        home = None
        if room.kind == "channel":
            home = await self._homes.of(self._account, str(event["id"]))
        found = deleted(event, room, self._me, home=home)
        if found is not None:
            await self._deliver(found)

    async def _home(self, message: Json, room: Room) -> ConversationKey | None:
        """The conversation of the post of ours that it replies to, where that was remembered."""
        post = own_post(message, self._me) if room.kind == "channel" else ""
        return await self._homes.of(self._account, post) if post else None

    async def _room(self, message: Json) -> Room:
        channel = str(message["channel_id"])
        if "guild_id" not in message and "member" not in message:
            self._rooms.remember_direct(channel, str(message["author"]["id"]))
        try:
            return await self._rooms.of(channel)
        except DiscordRefused as error:
            if error.code:
                raise
            log.info("what kind of place %s is cannot be read: %s", channel, error)
            return Room("channel", channel, str(message.get("guild_id") or ""))

    async def _hint(self, channel: str, message: str) -> None:
        """Say once in a channel or thread why its messages are not answered."""
        if not await self._places.first_time(f"{self._account} contents {channel}", message):
            return
        body = {
            "content": HINT,
            "allowed_mentions": QUIET,
            "nonce": nonce(f"hint:{channel}"),
            "enforce_nonce": True,
        }
        await self._api.write("POST", f"/channels/{channel}/messages", body)
