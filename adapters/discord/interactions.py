"""Slash commands, buttons and the message menu: acknowledged first, and never lost after that.

Discord gives three seconds. The acknowledgement is on its way before anything else is awaited, and
beside it a question is stored, so that it survives this process; who stores it takes it, and
another process that was told of it too does not. Its place comes after that: the response becomes
the message that shows the question, and the question goes into a mailbox under that message's id.
Every step can be repeated; what was stored and has no place after `LATE_S` is placed by whoever
looks (`sweep`). A response whose token is dead is replaced by a message of the bot's own.

Parallel: interactions. What survives a crash: see above; a press or command that is no question is
carried out at most once. Bounded: nothing is kept here.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, cast

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.asked import Asked, Slash, Where, form, slash_of, submitted, where_of
from adapters.discord.events import PLATFORM, Me, place, root_of_own
from adapters.discord.origin import Origin
from adapters.discord.render import ALONE, QUIET, nonce, pressed
from adapters.discord.responses import Responses, private_place
from adapters.discord.slash import ASK_ABOUT, help_text
from adapters.discord.words import quoted
from core.chat.hearing import Hearing, Keeping
from core.chat.messages import (
    ALONE as BY_THEMSELVES,
)
from core.chat.messages import (
    Author,
    Command,
    ConversationKey,
    Event,
    Inbound,
    InFile,
    Setting,
)
from core.clock import Clock
from core.errors import BobbinError, PlatformError, PlatformRateLimited, StoreError

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
Deliver = Callable[[Event], Awaitable[object]]
"""Takes an event in; returns when it is durable, and raises when it is not."""

LATE_S: Final = 10.0
ACK_S: Final = 1.2
_ACK_TRIES: Final = 3
MOST_SHOWN: Final = 1_990
_SHOWN: Final = 1_700
"""Characters of a question that its message shows."""

_ACKED: Final = 40060
_TOO_LATE: Final = 10062
_DEAD: Final = frozenset({10015, 50027, 10062, 10008})

_DEFER: Final = 5
_DEFER_UPDATE: Final = 6
_MODAL: Final = 9

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
        deliver: Deliver,
        clock: Clock,
    ) -> None:
        self._api = api
        self._me = me
        self._responses = responses
        self._hearing = hearing
        self._keeping = keeping
        self._deliver = deliver
        self._clock = clock
        self._ear = f"{PLATFORM}:{me.application}"

    async def take(self, data: Json) -> None:
        """An interaction as Discord sends it. What fails is told to the person."""
        where = where_of(data)
        try:
            match data.get("type"), data.get("data", {}).get("type"):
                case 2, 3 if data["data"]["name"] == ASK_ABOUT:
                    await self._open_form(where, data)
                case 2, _:
                    await self._command(where, slash_of(data))
                case 3, _:
                    await self._press(where, data)
                case 5, _:
                    asked = submitted(data)
                    if asked is not None:
                        await self._ask(where, asked)
                case _:
                    return
        except StoreError as error:
            log.warning("an interaction could not be stored: %s", error)
            await self._tell(where, "I cannot reach my memory just now. Please try again.")

    async def sweep(self) -> None:
        """Place the questions that were stored by a process which died. Raises StoreError."""
        now = self._clock.now()
        for name, body in (await self._keeping.kept(self._ear)).items():
            if now - float(body["at"]) >= LATE_S:
                await self._place(name, body)

    # ------------------------------------------------------------------- questions

    async def _ask(self, where: Where, asked: Asked) -> None:
        private = where.alone or (asked.private and where.room.kind != "direct")
        body = {
            **asdict(where),
            **asdict(asked),
            "private": private,
            "at": self._clock.now(),
        }
        ours, _ = await _both(
            self._keeping.keep(self._ear, where.id, body),
            self._acknowledge(where, _DEFER, alone=private),
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
        await self._deliver(inbound)
        await self._keeping.done(self._ear, name)

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
            )
        shown = await self._show(where, str(body["text"]))
        room = where.room
        return Inbound(
            id=str(Origin(where.channel, shown, where.user)),
            message_id=shown,
            conversation=place(room, where.user, shown, self._me.mode),
            author=author,
            text=text,
            received_at=at,
            setting=BY_THEMSELVES
            if room.kind == "direct"
            else Setting(
                shared=True, called_in=room.kind == "thread" and room.owner != self._me.user
            ),
            files=files,
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

    async def _open_form(self, where: Where, data: Json) -> None:
        message = cast("dict[str, Any]", next(iter(data["data"]["resolved"]["messages"].values())))
        author = cast("dict[str, Any]", message.get("author") or {})
        about = {
            "name": str(author.get("global_name") or author.get("username") or "someone"),
            "text": str(message.get("content") or ""),
        }
        await _both(
            self._keeping.lend(f"about:{where.id}", json.dumps(about)),
            self._acknowledge(where, _MODAL, data=form(where.id)),
        )

    # ------------------------------------------------------------------- controls

    async def _command(self, where: Where, slash: Slash) -> None:
        if slash.name == "ask":
            await self._ask(where, slash.asked)
            return
        await _both(
            self._responses.lend(where.id, where.token),
            self._acknowledge(where, _DEFER, alone=True),
        )
        if not await self._hearing.first(f"{PLATFORM}:{where.id}"):
            return
        if slash.name == "help":
            await self._answer(where, help_text())
            return
        command = Command(
            id=str(Origin(where.channel, where.id, where.user, "s")),
            conversation=self._conversation(where),
            author=Author(id=where.user, name=where.name, is_admin=where.admin),
            name=slash.name,
            argument=slash.argument,
            received_at=self._clock.now(),
        )
        await self._deliver(command)
        if not self._responses.has_answered(where.id):
            await self._answer(where, _QUIETLY_DONE.get(slash.name, "Done."))

    def _conversation(self, where: Where) -> ConversationKey:
        """What a command is about: the conversation of its place, or, in a channel where each
        question has a place of its own, the person's private one."""
        in_channel = where.room.kind == "channel" and self._me.mode in ("thread", "reply")
        if in_channel or where.alone:
            return private_place(self._me.application, where.user)
        return place(where.room, where.user, where.id, self._me.mode)

    async def _press(self, where: Where, data: Json) -> None:
        found = pressed(str(data["data"].get("custom_id") or ""))
        await _both(
            self._responses.lend(where.id, where.token),
            self._acknowledge(where, _DEFER_UPDATE),
        )
        if found is None or not await self._hearing.first(f"{PLATFORM}:{where.id}"):
            return
        name, argument = found
        await self._deliver(
            Command(
                id=str(Origin(where.channel, where.id, where.user, "b")),
                conversation=self._conversation_under(where, cast("Json", data["message"])),
                author=Author(id=where.user, name=where.name, is_admin=where.admin),
                name=name,
                argument=argument,
                received_at=self._clock.now(),
            )
        )
        if name == "feedback":
            await self._tell(where, "Noted, thank you.")

    def _conversation_under(self, where: Where, message: Json) -> ConversationKey:
        """What a button is about: the conversation of the post that it stands under."""
        by_themselves = int(message.get("flags") or 0) & ALONE and where.room.kind != "direct"
        if where.alone or by_themselves:
            return private_place(self._me.application, where.user)
        return place(where.room, where.user, root_of_own(message), self._me.mode)

    # ------------------------------------------------------------------- Discord is told

    async def _acknowledge(
        self, where: Where, kind: int, *, alone: bool = False, data: Json | None = None
    ) -> bool:
        """Tell Discord in time that it was heard; whether that went well. Never raises.

        Told twice is no failure: the first answer may have been lost, or another process was told
        of the same interaction.
        """
        body: dict[str, Any] = {"type": kind}
        if data is not None:
            body["data"] = data
        elif alone:
            body["data"] = {"flags": ALONE}
        path = f"/interactions/{where.id}/{where.token}/callback"
        for _ in range(_ACK_TRIES):
            try:
                await self._api.write("POST", path, body, as_bot=False, timeout_s=ACK_S)
            except DiscordRefused as error:
                if error.code != _ACKED:
                    log.warning("an interaction could not be acknowledged: %s", error)
                return error.code == _ACKED
            except PlatformRateLimited as error:
                log.warning("an interaction could not be acknowledged: %s", error)
                return False
            except BobbinError as error:
                log.info("an acknowledgement is tried again: %s", error)
            else:
                return True
        return False

    async def _answer(self, where: Where, sentence: str) -> None:
        try:
            await self._responses.original(where.token, sentence)
        except PlatformError as error:
            log.warning("the answer to a command could not be shown: %s", error)

    async def _tell(self, where: Where, sentence: str) -> None:
        try:
            await self._responses.tell(where.token, sentence)
        except PlatformError as error:
            log.info("a sentence could not be shown: %s", error)


async def _both(stored: Awaitable[Any], told: Awaitable[bool]) -> tuple[Any, bool]:
    """Both at the same time, the call to Discord begun first; a failure of the store is raised
    when both are over."""
    telling = asyncio.ensure_future(told)
    await asyncio.sleep(0)
    results = await asyncio.gather(telling, stored, return_exceptions=True)
    if isinstance(results[1], BaseException):
        raise results[1]
    return results[1], results[0] is True
