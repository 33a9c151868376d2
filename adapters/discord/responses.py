"""Answers to slash commands and presses of buttons, and questions asked in private.

An interaction's token lives for fifteen minutes and is kept where any process finds it. The first
answer to a command takes the place of "thinking…"; what answers a press is shown to who pressed.
After that time direct messages take over, where the person lets us write.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding (five followups
where the bot is not a member).

What one person alone sees cannot be read back: a process that dies between sending a further part
and noting that it did sends it again. The first part is an edit, and cannot come twice.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from adapters.discord.api import DiscordApi, DiscordRefused, Json
from adapters.discord.origin import Origin
from adapters.discord.posting import Posting
from adapters.discord.render import ALONE, MOST_CHARS, MOST_PARTS, QUIET, change, files
from adapters.discord.threads import Target
from core.chat.hearing import Keeping
from core.chat.messages import Capabilities, ConversationKey, Post, Sign
from core.errors import ConversationGone, PlatformError

log = logging.getLogger(__name__)

PRIVATE: Final = "discord-private"

CAPABILITIES: Final = Capabilities(
    max_chars=MOST_CHARS,
    buttons=True,
    pictures=True,
    mentions="discord",
    draws_tables=False,
    max_parts=MOST_PARTS,
)

MOST_ANSWERED: Final = 1_000

_CLOSED: Final = 50007
CLOSED: Final = (
    "<@{user}>, your direct messages are closed to me, so I could not bring you my answer. Allow "
    "them for this server, and ask me again."
)

_NOT_YET: Final = 10015
"""What Discord says as long as it has not read the acknowledgement."""
AGAIN_S: Final = 0.4

_FIRST: Final = (".0.0", ".reply", ".say", ".notice")
_OVER: Final = frozenset({10015, 50027, 10062, 40094})
"""What Discord says of a token whose time is over, or which may say no more: five followups where
the bot is not a member."""


def private_place(application: str, user: str) -> ConversationKey:
    """The conversation of a person's own questions."""
    return ConversationKey(PRIVATE, (application, user))


class Responses:
    """Writes to interactions."""

    def __init__(self, api: DiscordApi, keeping: Keeping, application: str) -> None:
        self._api = api
        self._keeping = keeping
        self._application = application
        self._answered: set[str] = set()

    def has_answered(self, interaction: str) -> bool:
        """Whether this process has answered it; asked once."""
        if interaction not in self._answered:
            return False
        self._answered.remove(interaction)
        return True

    async def lend(self, interaction: str, token: str) -> None:
        """Keep the token, so that any process can answer. Raises StoreError."""
        await self._keeping.lend(_token(interaction), token)

    async def answer(self, origin: Origin, post: Post) -> str | None:
        """Answer a command or press; a reference, or None when its time is over.

        Raises:
            PlatformError: as `DiscordApi.write`.
        """
        token = await self._keeping.lent(_token(origin.message))
        if token is None:
            return None
        path = f"/webhooks/{self._application}/{token}"
        try:
            if origin.kind == "s" and post.part_id.endswith(_FIRST):
                found = await self._write("PATCH", f"{path}/messages/@original", post)
            else:
                found = await self._write("POST", path, post)
        except DiscordRefused as error:
            if error.code in _OVER or origin.kind == "s":
                return None  # over, or more than may follow: direct messages take over
            raise
        if origin.kind == "s":
            self._answered.add(origin.message)
            while len(self._answered) > MOST_ANSWERED:
                self._answered.pop()
        return f"{origin.channel}/{found['id']}"

    async def original(self, token: str, sentence: str) -> Json:
        """Replace "thinking…" by a sentence; the message that this is. As often as one likes."""
        path = f"/webhooks/{self._application}/{token}/messages/@original"
        body = {"content": sentence, "allowed_mentions": QUIET}
        try:
            return await self._api.write("PATCH", path, body, as_bot=False)
        except DiscordRefused as error:
            if error.code != _NOT_YET:
                raise
        await asyncio.sleep(AGAIN_S)
        return await self._api.write("PATCH", path, body, as_bot=False)

    async def tell(self, token: str, sentence: str) -> None:
        """Say something to whoever did it, beside what was said."""
        path = f"/webhooks/{self._application}/{token}"
        body = {"content": sentence, "allowed_mentions": QUIET, "flags": ALONE}
        await self._api.write("POST", path, body, as_bot=False, query={"wait": "true"})

    async def _write(self, method: str, path: str, post: Post) -> Json:
        body = change(post)
        if method == "POST":
            body["flags"] = ALONE
        return await self._api.write(
            method,
            path,
            body,
            files=files(post),
            as_bot=False,
            query={"wait": "true"} if method == "POST" else None,
        )


class PrivatePlatform:
    """`ChatPlatform` for what one person alone sees."""

    def __init__(self, api: DiscordApi, responses: Responses) -> None:
        self._api = api
        self._responses = responses
        self._posting = Posting(api)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        origin = Origin.of(post.part_id)
        if origin is None:
            raise ConversationGone(f"{post.part_id!r} names no interaction")
        try:
            ref = await self._responses.answer(origin, post)
            if ref is not None:
                return ref
            opened: Json = await self._api.write(
                "POST", "/users/@me/channels", {"recipient_id": origin.user}
            )
            # In direct messages its buttons would be about what is said there.
            there = Target(str(opened["id"]))
            found = await self._posting.new(there, replace(post, controls=()))
        except DiscordRefused as error:
            if error.code == _CLOSED:
                await self._say_closed(origin)
            raise ConversationGone(f"Discord takes no answer there: {error}") from error
        return f"{opened['id']}/{found['id']}"

    async def _say_closed(self, origin: Origin) -> None:
        """Tell in the channel, without the answer, why nothing comes; where we may."""
        said = Post(part_id=f"{origin}.closed", text=CLOSED.format(user=origin.user))
        try:
            await self._posting.new(Target(origin.channel), said)
        except PlatformError as error:
            log.info("nobody could be told of closed direct messages: %s", error)

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        await self.send(conversation, post)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        return None

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        return


def _token(interaction: str) -> str:
    return f"token:{interaction}"
