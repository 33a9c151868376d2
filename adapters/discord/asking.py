"""Questions by slash command and by the message menu: stored beside their acknowledgement.

The question survives this process from then on; who stores it takes it, and another process that
was told of it too does not. Its place comes after that: the response becomes the message that shows
the question, and the question goes into a mailbox under that message's id. Every step can be
repeated; what was stored and has no place after `LATE_S` is placed by whoever looks (`sweep`). A
response whose token is dead is replaced by a message of the bot's own.

Parallel: questions. What survives a crash: see above. Bounded: nothing is kept here.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, cast

from adapters.discord.acks import DEFER, MODAL, Acks, both
from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.asked import Asked, Where, form
from adapters.discord.events import PLATFORM, Me, Room, place
from adapters.discord.origin import Origin
from adapters.discord.render import QUIET, nonce
from adapters.discord.responses import Responses, private_place
from adapters.discord.rules import Rules
from adapters.discord.words import quoted
from core.chat.hearing import Keeping
from core.chat.messages import ALONE, Author, Event, Inbound, InFile, Setting
from core.clock import Clock
from core.errors import PlatformError, StoreError

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
Deliver = Callable[[Event], Awaitable[object]]
"""Takes an event in; returns when it is durable, and raises when it is not."""

LATE_S: Final = 10.0
SWITCHED_OFF: Final = (
    "A moderator has switched me off in this channel. With `private: True` I answer you alone."
)
LEFT: Final = (
    "I was asked to be silent in this channel. `!return` with a mention of me brings me back, and "
    "with `private: True` I answer you alone."
)

MOST_SHOWN: Final = 1_990
_SHOWN: Final = 1_700
"""Characters of a question that its message shows."""

_DEAD: Final = frozenset({10015, 50027, 10062, 10008})


class Questions:
    """Takes questions, and gives them their places."""

    def __init__(
        self,
        api: DiscordApi,
        me: Me,
        responses: Responses,
        acks: Acks,
        keeping: Keeping,
        deliver: Deliver,
        clock: Clock,
    ) -> None:
        self._api = api
        self._me = me
        self._responses = responses
        self._acks = acks
        self._keeping = keeping
        self._deliver = deliver
        self._clock = clock
        self._ear = f"{PLATFORM}:{me.application}"

    async def sweep(self) -> None:
        """Place the questions that were stored by a process which died. Raises StoreError."""
        now = self._clock.now()
        for name, body in (await self._keeping.kept(self._ear)).items():
            if now - float(body["at"]) >= LATE_S:
                await self._place(name, body)

    # ------------------------------------------------------------------- questions

    async def ask(self, where: Where, asked: Asked) -> None:
        """Acknowledge and store it, then give it a place. Raises StoreError."""
        room = where.room
        private = where.alone or (asked.private and room.kind != "direct")
        if not private and room.kind != "direct" and not self._rules(room).answers:
            await self._acks.acknowledge(where, DEFER, alone=True)
            await self._acks.answer(where, SWITCHED_OFF)
            return
        body = {
            **asdict(where),
            **asdict(asked),
            "private": private,
            "at": self._clock.now(),
        }
        ours, _ = await both(
            self._keeping.keep(self._ear, where.id, body),
            self._acks.acknowledge(where, DEFER, alone=private),
        )
        if not ours:
            return
        try:
            await self._place(where.id, body)
        except StoreError as error:
            log.warning("a question is stored and has no place yet: %s", error)

    async def _place(self, name: str, body: Json) -> None:
        """Give a stored question its message, and put it into the mailbox."""
        where = Where(**{key: body[key] for key in Where.__dataclass_fields__})
        try:
            text = await self._words(body)
            inbound = await self._inbound(where, body, text)
        except DiscordRefused as error:
            log.warning("a question has no place where it was asked: %s", error)
            await self._keeping.done(self._ear, name)
            return
        except PlatformError as error:
            log.warning("a question has no place yet: %s", error)
            return
        if await self._deliver(inbound) == "ignored":
            await self._acks.answer(where, LEFT)
        await self._keeping.done(self._ear, name)

    def _rules(self, room: Room) -> Rules:
        return self._me.rules(room.guild, room.home)

    async def _words(self, body: Json) -> str:
        """The question, and the message that it is about."""
        about = str(body["about"])
        found = await self._keeping.lent(f"about:{about}") if about else None
        if found is None:
            return str(body["text"])
        message = cast("dict[str, str]", json.loads(found))
        cited = f"The message it is about, by {message['name']}:\n{quoted(message['text'])}"
        return f"{body['text']}\n\n{cited}"

    async def _inbound(self, where: Where, body: Json, text: str) -> Inbound:
        author = Author(id=where.user, name=where.name, is_admin=where.admin)
        files = tuple(InFile(**one) for one in body["files"])
        at = float(body["at"])
        if body["private"]:
            await self._responses.lend(where.id, where.token)
            return Inbound(
                id=str(Origin(where.channel, where.id, where.user, "s")),
                message_id=where.id,
                conversation=private_place(self._me.application, where.user),
                author=author,
                text=text,
                received_at=at,
                files=files,
                assistant=str(body.get("assistant") or ""),
            )
        shown = await self._show(where, str(body["text"]))
        room = where.room
        return Inbound(
            id=str(Origin(where.channel, shown, where.user)),
            message_id=shown,
            conversation=place(room, where.user, shown, self._rules(room).mode),
            author=author,
            text=text,
            received_at=at,
            setting=ALONE
            if room.kind == "direct"
            else Setting(
                shared=True, called_in=room.kind == "thread" and room.owner != self._me.user
            ),
            files=files,
            assistant=str(body.get("assistant") or ""),
        )

    async def _show(self, where: Where, text: str) -> str:
        """The id of the message that shows the question."""
        cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        try:
            found = await self._responses.original(where.token, quoted(cut)[:MOST_SHOWN])
        except DiscordRefused as error:
            if error.code not in _DEAD:
                raise
            body = {
                "content": f"**{where.name}** asks:\n{quoted(cut)}"[:MOST_SHOWN],
                "allowed_mentions": QUIET,
                "nonce": nonce(where.id),
                "enforce_nonce": True,
            }
            found = await self._api.write("POST", f"/channels/{where.channel}/messages", body)
        return str(found["id"])

    # ------------------------------------------------------------------- the message menu

    async def open_form(self, where: Where, data: Json) -> None:
        """Show the form for a question about a message. Raises StoreError."""
        message = cast("dict[str, Any]", next(iter(data["data"]["resolved"]["messages"].values())))
        author = cast("dict[str, Any]", message.get("author") or {})
        about = {
            "name": str(author.get("global_name") or author.get("username") or "someone"),
            "text": str(message.get("content") or ""),
        }
        await both(
            self._keeping.lend(f"about:{where.id}", json.dumps(about)),
            self._acks.acknowledge(where, MODAL, data=form(where.id)),
        )
