"""Native streaming: one message that grows while the model writes.

A stream lives in the process that began it. It ends with the text, or is given up: after four
minutes (Slack ends it at about five), when Slack refuses it, when it is not known whether a piece
arrived, when the text is not a longer form of what was sent, or at the end of one with a table in
it. From then on the same message is edited as a whole like any other, so nothing in it (a code
fence, a list) is ever cut by the clock.

What a stream begins with decides what it takes to its end: text, or chunks, which are text and task
cards. So an answer that begins with a tool has cards in its stream, and any other text alone.
Source: https://docs.slack.dev/reference/methods/chat.startStream, chat.appendStream,
chat.stopStream (`streaming_mode_mismatch`, `cannot_provide_both_markdown_text_and_chunks`).

Serial: the calls of one message. Parallel: messages. Survives a crash: a stream that somebody else
began is ended before the message is edited. Bounded: `MOST` growing messages, and as many stamps.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from adapters.slack.api import Json, SlackApi, SlackRefused
from adapters.slack.origin import Origin
from adapters.slack.render import controls, has_table, metadata, tasks, work
from core.chat.messages import Post
from core.clock import Clock
from core.errors import ConversationGone, DeliveryUnclear, PlatformRateLimited

log = logging.getLogger(__name__)

LONGEST_S: Final = 240.0
"""How long a stream is used."""

MOST: Final = 10_000
"""Messages of which it is remembered that no stream is open in them; the oldest go first."""

_NEVER: Final = frozenset(
    {
        "access_denied",
        "feature_disabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_agent_app",
        "not_allowed_token_type",
        "unknown_method",
    }
)
"""What Slack says of streaming as such; any other refusal is about one channel."""


@dataclass(slots=True)
class _Stream:
    channel: str
    begun: float
    cards: bool
    post: Post
    """As far as it was sent."""

    def more(self, text: str, post: Post) -> Json:
        """What brings it up to the post, `text` behind what was sent; empty where nothing does."""
        if not self.cards:
            return {"markdown_text": text} if text else {}
        known = () if post is self.post or post.final else self.post.doing
        chunks = tasks(tuple(one for one in post.doing if one not in known), ended=post.final)
        if text:
            chunks.append({"type": "markdown_text", "text": text})
        return {"chunks": chunks} if chunks else {}


class Streams:
    """The streams of this process."""

    def __init__(
        self,
        api: SlackApi,
        clock: Clock,
        *,
        team_of: Callable[[str], Awaitable[str]],
        has_session: Callable[[str], bool],
        wanted: bool,
    ) -> None:
        """
        Args:
            api: with the workspace's bot token.
            clock: for how long a stream has lived.
            team_of: the team that a person is of.
            has_session: whether a channel shows agent sessions.
            wanted: whether to stream at all.
        """
        self._api = api
        self._clock = clock
        self._team_of = team_of
        self._has_session = has_session
        self._streams: dict[str, _Stream] = {}
        self._closed: dict[str, None] = {}
        self._without: set[str] = set()
        self._without_cards: set[str] = set()
        self._usable = wanted

    def may_begin(self, channel: str, post: Post) -> bool:
        """Whether a message that begins so may be a stream, as far as is known."""
        if not self._usable or channel in self._without:
            return False
        return bool(post.text.strip() or (post.doing and channel not in self._without_cards))

    async def begin(self, origin: Origin, root: str, post: Post) -> str | None:
        """Begin a message with this text; its stamp, or None where streaming is not to be had.

        Raises:
            PlatformError: as `SlackApi.write`.
        """
        if not self.may_begin(origin.channel, post):
            return None
        cards = bool(post.doing) and origin.channel not in self._without_cards
        stream = _Stream(origin.channel, self._clock.monotonic(), cards, post)
        try:
            answer = await self._api.write(
                "chat.startStream",
                channel=origin.channel,
                thread_ts=root,
                recipient_team_id=await self._team_of(origin.user),
                recipient_user_id=origin.user,
                **stream.more(post.text, post),
            )
        except PlatformRateLimited:
            return None  # an ordinary post need not wait
        except SlackRefused as error:
            if cards and error.code not in _NEVER:
                log.warning("Slack refuses task cards, so a line says what is done: %s", error.code)
                if len(self._without_cards) < MOST:
                    self._without_cards.add(origin.channel)
                return await self.begin(origin, root, post)
            log.warning("Slack refuses streaming, so posts are edited instead: %s", error.code)
            if error.code in _NEVER:
                self._usable = False
            elif not _is_of_recipient(error.code) and len(self._without) < MOST:
                self._without.add(origin.channel)
            return None
        if "ts" not in answer:
            return None
        ts = str(answer["ts"])
        self._streams[ts] = stream
        if len(self._streams) > MOST:  # those of turns that others took over
            del self._streams[next(iter(self._streams))]
        return ts

    async def go_on(self, ts: str, post: Post) -> bool:
        """Bring a stream up to this text; False when the message has to be edited instead.

        Raises:
            PlatformError: as `SlackApi.write`; the stream stays.
        """
        stream = self._streams.get(ts)
        if stream is None:
            return False
        whole = post.final and has_table(post.text)
        if whole or not post.text.startswith(stream.post.text) or self._is_old(stream):
            del self._streams[ts]
            return False
        more = post.text[len(stream.post.text) :]
        try:
            if post.final:
                await self._end(ts, stream, more, post)
            elif content := stream.more(more, post):
                await self._api.write("chat.appendStream", channel=stream.channel, ts=ts, **content)
        except (SlackRefused, ConversationGone, DeliveryUnclear) as error:
            # Appending twice what may have arrived would show it twice; all of it once cannot.
            log.info("a stream is given up and its message edited: %s", error)
            del self._streams[ts]
            return False
        stream.post = post
        return True

    def give_up(self, turn: tuple[str, ...]) -> list[tuple[str, Post]]:
        """The streams of a turn, which are edited from now on: their stamps, and what was sent."""
        found = [(ts, one.post) for ts, one in self._streams.items() if one.post.turn == turn]
        for ts, _ in found:
            del self._streams[ts]
        return found

    def ordinary(self, ts: str) -> None:
        """No stream is open in this message."""
        self._closed[ts] = None
        if len(self._closed) > MOST:
            del self._closed[next(iter(self._closed))]

    async def close(self, ts: str, channel: str, *, goes_on: bool) -> None:
        """Make sure that no stream is open in this message, whoever began it. `goes_on`: the answer
        does.

        Raises:
            PlatformError: as `SlackApi.write`, when that is not certain.
        """
        if ts in self._closed:
            return
        try:
            await self._api.write(
                "chat.stopStream", channel=channel, ts=ts, **self._session(channel, goes_on=goes_on)
            )
        except (SlackRefused, ConversationGone) as error:
            log.debug("no stream was open: %s", error)
        self.ordinary(ts)

    async def _end(self, ts: str, stream: _Stream, more: str, post: Post) -> None:
        below = [*([] if stream.cards else work(post)), *controls(post)]
        await self._api.write(
            "chat.stopStream",
            channel=stream.channel,
            ts=ts,
            metadata=metadata(post),
            **stream.more(more, post),
            **({"blocks": below} if below else {}),
            **self._session(stream.channel, goes_on=not post.controls),
        )
        del self._streams[ts]
        self.ordinary(ts)

    def _session(self, channel: str, *, goes_on: bool) -> Json:
        """Left alone, the end of a stream ends the session, with its loader and Stop button."""
        return {"session_status": "processing"} if goes_on and self._has_session(channel) else {}

    def _is_old(self, stream: _Stream) -> bool:
        return self._clock.monotonic() - stream.begun >= LONGEST_S


def _is_of_recipient(code: str) -> bool:
    """Whether Slack refuses whom the stream is for: the next one may be for somebody else."""
    return "recipient" in code or code in ("user_not_found", "user_not_visible", "team_not_found")
