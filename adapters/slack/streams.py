"""Native streaming: one message that grows while the model writes.

A stream lives in the process that began it. It ends by `stop`, or is given up: after four minutes
(Slack ends it at about five), when Slack refuses it, or when the text is not a longer form of what
was sent. From then on the message is edited like any other.
Source: https://docs.slack.dev/reference/methods/chat.startStream, chat.appendStream,
chat.stopStream.

Serial: the calls of one message. Parallel: messages. Bounded: one entry a growing message.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from adapters.slack.api import SlackApi, SlackRefused
from adapters.slack.origin import Origin
from adapters.slack.render import controls, metadata
from core.chat.messages import Post
from core.clock import Clock
from core.errors import ConversationGone

log = logging.getLogger(__name__)

LONGEST_S: Final = 240.0
"""How long a stream is used."""

_OVER: Final = frozenset(
    {
        "message_not_in_streaming_state",
        "msg_too_long",
        "stopped_by_user",
        "streaming_state_conflict",
    }
)
"""What Slack says of this one stream; anything else speaks against streaming as such."""


@dataclass(slots=True)
class _Stream:
    channel: str
    sent: str
    begun: float


class Streams:
    """The streams of this process."""

    def __init__(self, api: SlackApi, clock: Clock, *, team: str, wanted: bool) -> None:
        self._api = api
        self._clock = clock
        self._team = team
        self._streams: dict[str, _Stream] = {}
        self.usable = wanted

    async def begin(self, origin: Origin, root: str, post: Post) -> str | None:
        """Begin a message with this text; its stamp, or None where streaming is not to be had.

        Raises:
            PlatformError: as `SlackApi.write`.
        """
        if not self.usable or not post.text.strip():
            return None
        try:
            answer = await self._api.write(
                "chat.startStream",
                channel=origin.channel,
                thread_ts=root,
                recipient_team_id=self._team,
                recipient_user_id=origin.user,
                markdown_text=post.text,
            )
        except SlackRefused as error:
            log.warning("Slack refuses streaming, so posts are edited instead: %s", error.code)
            self.usable = False
            return None
        ts = str(answer["ts"])
        self._streams[ts] = _Stream(origin.channel, post.text, self._clock.monotonic())
        return ts

    async def go_on(self, ts: str, post: Post) -> bool:
        """Bring a stream up to this text; False when the message has to be edited instead.

        Raises:
            PlatformError: as `SlackApi.write`; the stream stays.
        """
        stream = self._streams.get(ts)
        if stream is None:
            return False
        if not post.text.startswith(stream.sent) or self._is_old(stream):
            await self.stop(ts)
            return False
        more = post.text[len(stream.sent) :]
        try:
            if post.final:
                await self._end(ts, stream, more, post)
            elif more:
                await self._api.write(
                    "chat.appendStream", channel=stream.channel, ts=ts, markdown_text=more
                )
        except (SlackRefused, ConversationGone) as error:
            if isinstance(error, SlackRefused) and error.code not in _OVER:
                self.usable = False
            self._streams.pop(ts, None)
            return False
        stream.sent = post.text
        return True

    async def stop(self, ts: str, channel: str = "") -> None:
        """End a stream as it stands, also one of a process that died."""
        stream = self._streams.pop(ts, None)
        try:
            await self._api.write(
                "chat.stopStream", channel=stream.channel if stream else channel, ts=ts
            )
        except (SlackRefused, ConversationGone) as error:
            log.info("a stream had ended already: %s", error)

    async def _end(self, ts: str, stream: _Stream, more: str, post: Post) -> None:
        await self._api.write(
            "chat.stopStream",
            channel=stream.channel,
            ts=ts,
            metadata=metadata(post),
            **({"markdown_text": more} if more else {}),
            **({"blocks": found} if (found := controls(post)) else {}),
        )
        self._streams.pop(ts, None)

    def _is_old(self, stream: _Stream) -> bool:
        return self._clock.monotonic() - stream.begun >= LONGEST_S
