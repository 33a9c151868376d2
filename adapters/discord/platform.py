"""The sending side of Discord, from any process: by the REST API alone.

Every part of a reply is sent with a nonce made of its id, which Discord keeps for a few minutes:
sent again, the message that is there comes back. Later than that, posts with buttons are found by
the mark in these. What answers a slash command or a press goes to whoever did that.

Serial: the parts of one reply (the outbox sees to that). Parallel: replies.
Source: https://docs.discord.com/developers/resources/message#create-message (`enforce_nonce`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from adapters.discord.api import DiscordApi, DiscordRefused, Json
from adapters.discord.elsewhere import CLOSED, Elsewhere
from adapters.discord.events import DIRECT
from adapters.discord.origin import Origin
from adapters.discord.posting import Posting
from adapters.discord.presence import Presence
from adapters.discord.render import MOST_CHARS, MOST_PARTS, nonce, tag, tags_of
from adapters.discord.responses import Responses
from adapters.discord.threads import Threads
from core.chat.messages import Capabilities, ConversationKey, Post, Sign
from core.chat.pacing import PATIENCE_MS, Pace, Paces
from core.errors import ConversationGone, PlatformRateLimited

_POSTS: Final = Pace(1000, 5)
"""New messages of a channel: five in five seconds is what Discord was seen to allow."""
_EDITS: Final = Pace(1000, 5)
_GROWING: Final = Pace(1000, 4)
"""Edits that are not the last one leave a place for the last one."""

_PAGE: Final = "100"


def capabilities(*, stream: bool) -> Capabilities:
    """What Discord can do."""
    return Capabilities(
        max_chars=MOST_CHARS,
        edits=True,
        streams=stream,
        edit_interval_s=1.2,
        buttons=True,
        pictures=True,
        mentions="discord",
        draws_tables=False,
        max_parts=MOST_PARTS,
    )


class DiscordPlatform:
    """`ChatPlatform` of one application."""

    def __init__(
        self,
        api: DiscordApi,
        paces: Paces,
        *,
        bot_user: str,
        threads: Threads,
        responses: Responses,
        presence: Presence,
        stream: bool = True,
    ) -> None:
        """
        Args:
            api: with the bot's token.
            paces: shared by all processes.
            bot_user: id of the bot's user.
            threads: where answers go.
            responses: what answers commands and presses.
            presence: shows that Bobbin is at work.
            stream: show text while it is written.
        """
        self._api = api
        self._paces = paces
        self._bot_user = bot_user
        self._threads = threads
        self._responses = responses
        self._presence = presence
        self._posting = Posting(api)
        self._elsewhere = Elsewhere(api, self._posting)
        self._capabilities = capabilities(stream=stream)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        origin = _origin(post.part_id)
        with _for_good():
            if origin.kind and post.kind == "notice":
                ref = await self._responses.answer(origin, post)
                if ref is not None:
                    return ref
                if post.only_for:
                    raise ConversationGone("it is too late to show this to one person alone")
            target = await self._threads.target(conversation, origin)
            await self._paces.wait(f"post:{target.channel}", _POSTS)
            try:
                found = await self._posting.new(target, post)
            except DiscordRefused as error:
                if error.code not in CLOSED or conversation.parts[0] == DIRECT:
                    raise
                target, found = await self._elsewhere.post(conversation, origin, target, post)
            await self._threads.posted(conversation, target, str(found["id"]))
        self._presence.idle(conversation)
        return f"{target.channel}/{found['id']}"

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        channel, _, name = ref.partition("/")
        patience = PATIENCE_MS if post.final else 0
        if not await self._paces.may(
            f"edit:{channel}", _EDITS if post.final else _GROWING, patience
        ):
            if post.final:
                raise PlatformRateLimited("too many edits in this channel", retry_after_s=5.0)
            return  # the next one brings all of it
        with _for_good():
            await self._posting.change(channel, name, post)
        self._presence.idle(conversation)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        origin = _origin(part_id)
        if origin.kind:
            return None
        wanted, mark = nonce(part_id), tag(part_id)
        try:
            target = await self._threads.target(conversation, origin)
            path = f"/channels/{target.channel}/messages"
            page: list[Json] = await self._api.read(path, after=origin.message, limit=_PAGE)
        except DiscordRefused:
            return None  # sending it again says what is wrong
        for found in page:
            if str(found["author"]["id"]) != self._bot_user:
                continue
            if found.get("nonce") == wanted or mark in tags_of(found):
                return f"{target.channel}/{found['id']}"
        return None  # if it is there, sending it again finds it by its nonce

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        origin = Origin.of(sign.turn[-1]) if sign.turn else None
        if origin is None:
            return
        match sign.kind:
            case "working":
                self._presence.working(conversation, origin)
            case "waiting" | "troubled" if sign.sentence:
                self._presence.waits(conversation, origin, sign.sentence)
            case "waiting":
                self._presence.working(conversation, origin)
            case _:
                self._presence.idle(conversation)


def _origin(name: str) -> Origin:
    origin = Origin.of(name)
    if origin is None:
        raise ConversationGone(f"{name!r} names no message")
    return origin


@contextlib.contextmanager
def _for_good() -> Iterator[None]:
    """What Discord refuses now it refuses later: nobody waits for it to change its mind."""
    try:
        yield
    except DiscordRefused as error:
        raise ConversationGone(f"Discord takes no answer there: {error}") from error
