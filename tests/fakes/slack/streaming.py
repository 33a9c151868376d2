"""Messages in the workspace, and those among them that grow: streams.

Behaviour follows https://docs.slack.dev/reference/methods/chat.startStream, chat.appendStream and
chat.stopStream; what these pages do not say was seen in live workspaces.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.slack.looks import (
    TEAM,
    Json,
    check_blocks,
    check_chunks,
    end_cards,
    list_of,
    no,
    show_chunk,
    shown_message,
)
from tests.fakes.slack.methods import OWN_STATUSES

STREAM_S = 300.0
"""How long a stream lives, whatever is appended: seen at 300 to 306 s in live workspaces."""

MOST_STREAMED = 12_000
"""Bytes of a streamed message, about: what live workspaces were seen to take."""


@dataclass
class Stream:
    """A message that grows. What it began with, text or chunks, is all that it takes
    (https://docs.slack.dev/reference/methods/chat.appendStream, streaming_mode_mismatch)."""

    chunks: bool
    begun: float
    size: int = 0


@dataclass
class Streaming:
    """Messages, and the streams that are open in them."""

    agent: bool = True
    """Whether the app has the agents feature."""
    streaming: bool = True
    cards: bool = True
    """Whether streams take task cards."""
    teams: dict[str, str] = field(default_factory=dict[str, str])
    """Teams of people of other organisations, by user."""
    messages: dict[str, dict[str, Json]] = field(default_factory=lambda: defaultdict(dict))
    statuses: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    seconds: Callable[[], float] = time.monotonic
    """The workspace's clock."""
    _streaming: dict[tuple[str, str], Stream] = field(
        default_factory=dict[tuple[str, str], "Stream"]
    )
    _stopped: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def stamp(self) -> str:
        """The time of something new."""
        return f"1700000000.{next(self.numbers):06d}"

    def thread(self, channel: str, root: str) -> list[Json]:
        """The messages of a thread in order, the root first."""
        return [
            message
            for ts, message in sorted(self.messages[channel].items())
            if ts == root or message.get("thread_ts") == root
        ]

    def _do_chat_startStream(self, arguments: Json) -> Json:  # noqa: N802
        if not self.streaming:
            return no("channel_type_not_supported")
        for name in ("recipient_team_id", "recipient_user_id"):
            if not arguments.get(name):
                return no(f"missing_{name}")
        user = arguments["recipient_user_id"]
        if arguments["recipient_team_id"] != self.teams.get(user, TEAM):
            return no("user_not_found")  # which word it is nobody says
        ts, channel = self.stamp(), arguments["channel"]
        stream = Stream("chunks" in arguments, self.seconds())
        if stream.chunks and not self.cards:
            return no("invalid_arguments")
        place: Json = {"thread_ts": arguments["thread_ts"]}
        message = shown_message(place, ts)
        refused = self._grow(message, stream, arguments)
        if not refused:
            self.messages[channel][ts] = message
            self._streaming[channel, ts] = stream
        return refused or {"channel": channel, "ts": ts}

    def _do_chat_appendStream(self, arguments: Json) -> Json:  # noqa: N802
        return self._append(arguments)

    def _do_chat_stopStream(self, arguments: Json) -> Json:  # noqa: N802
        answer = self._append(arguments)
        if "error" in answer:
            return answer
        check_blocks(arguments)
        place = arguments["channel"], arguments["ts"]
        message = self.messages[place[0]][place[1]]
        end_cards(message)
        message["blocks"] = [*message["blocks"], *arguments.get("blocks", [])]
        status = arguments.get("session_status", "active")
        assert status in OWN_STATUSES, arguments
        assert self.agent or "session_status" not in arguments, "this app has no sessions"
        if self.agent:  # https://docs.slack.dev/reference/methods/chat.stopStream
            self.statuses.append((place[0], message["thread_ts"], status))
        if "metadata" in arguments:
            message["metadata"] = arguments["metadata"]
        del self._streaming[place]
        return {"channel": place[0], "ts": place[1]}

    def _append(self, arguments: Json) -> Json:
        place = arguments["channel"], arguments["ts"]
        stream = self._streaming.get(place)
        if stream is not None and self.seconds() - stream.begun > STREAM_S:
            del self._streaming[place]
            stream = None
        if stream is None:
            stopped = place in self._stopped
            return no("stopped_by_user" if stopped else "message_not_in_streaming_state")
        return self._grow(self.messages[place[0]][place[1]], stream, arguments)

    def _grow(self, message: Json, stream: Stream, arguments: Json) -> Json:
        """Put what a call brings into a message; what Slack refuses it with."""
        if "chunks" in arguments and "markdown_text" in arguments:
            return no("cannot_provide_both_markdown_text_and_chunks")
        if ("markdown_text" if stream.chunks else "chunks") in arguments:
            return no("streaming_mode_mismatch")
        chunks = list_of(arguments.get("chunks") or [])
        if "markdown_text" in arguments:
            chunks = [{"type": "markdown_text", "text": arguments["markdown_text"]}]
        check_chunks(chunks)
        size = stream.size + sum(len(str(one.get("text", "")).encode()) for one in chunks)
        if size > MOST_STREAMED:
            return no("msg_too_long")
        stream.size = size
        for chunk in chunks:
            show_chunk(message, chunk)
        return {}

    @property
    def streams(self) -> int:
        """How many messages are still growing."""
        return len(self._streaming)

    def stop_streams(self, channel: str, root: str) -> list[str]:
        """A person stops what is streamed in a thread: Slack ends it by itself, and what is
        appended after that is refused (`stopped_by_user`, seen in live workspaces)."""
        stamps = [message["ts"] for message in self.thread(channel, root)]
        ended = [ts for ts in stamps if self._streaming.pop((channel, ts), None) is not None]
        self._stopped.update((channel, ts) for ts in ended)
        return ended

    def end_streams(self) -> None:
        """All streams are as old as Slack lets them become."""
        self._streaming.clear()
