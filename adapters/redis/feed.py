"""The feed of a conversation: a capped stream, read by the process that has the screen.

Serial: the entries of a feed. Parallel: feeds, and any number of readers. What survives a crash:
entries, and how far a person was shown them. What bounds memory: the cap, and a time to live.

Readers do not block in the server. Each process that reads has one subscription to all feeds
(`PUBLISH <base>fed`), and a reader that finds nothing waits for its conversation to be named; so
a hundred open pages need one connection, and leaving a page closes none. A reader looks for
itself every `look_s`, and when the subscription was interrupted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.listening import Listener
from adapters.redis.mail_codec import dump
from core.chat.feeds import FeedEntry
from core.chat.messages import ConversationKey, Json

_PRELUDE = """
local base, conv = KEYS[1], ARGV[1]
local feed, shown = base .. 'feed:' .. conv, base .. 'shown:' .. conv
"""

_APPEND = Script(
    _PRELUDE
    + """
-- ARGV: conversation, its name among those added once or '', body, cap, ms to live.
-- Answers the sequence.
local once = base .. 'fed:' .. conv .. ':' .. ARGV[2]
local before = ARGV[2] ~= '' and redis.call('GET', once)
if before then return before end
local sequence = redis.call('XADD', feed, 'MAXLEN', '~', ARGV[4], '*', 'b', ARGV[3])
redis.call('PEXPIRE', feed, ARGV[5])
redis.call('PEXPIRE', shown, ARGV[5])
if ARGV[2] ~= '' then redis.call('SET', once, sequence, 'PX', ARGV[5]) end
redis.call('PUBLISH', base .. 'fed', conv)
return sequence
"""
)

_FIND = Script("return redis.call('GET', KEYS[1] .. 'fed:' .. ARGV[1] .. ':' .. ARGV[2])")

_READ = Script(
    _PRELUDE
    + """
-- ARGV: conversation, sequence, most entries.
return redis.call('XRANGE', feed, '(' .. ARGV[2], '+', 'COUNT', ARGV[3])
"""
)

_SEEN = Script("return redis.call('GET', KEYS[1] .. 'shown:' .. ARGV[1])")

_MARK = Script(
    _PRELUDE
    + """
-- ARGV: conversation, sequence, ms to live. Never goes back.
local function parts(sequence)
  local time, count = string.match(sequence, '^(%d+)-?(%d*)$')
  return tonumber(time), tonumber(count) or 0
end
local old_time, old_count = parts(redis.call('GET', shown) or '0')
local time, count = parts(ARGV[2])
if time > old_time or (time == old_time and count > old_count) then
  redis.call('SET', shown, ARGV[2], 'PX', ARGV[3])
end
return 1
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimits:
    """How much and how long."""

    entries: int = 1000
    """Entries that a feed keeps at least; the server drops older ones by the hundred."""
    keep_s: int = 30 * 24 * 3600
    """How long after its newest entry a feed is kept, in seconds."""
    read: int = 200
    """Entries that one `read` returns at most; the next one goes on behind them."""
    look_s: float = 5.0
    """How often a waiting reader looks, whatever the subscription says, in seconds."""


class RedisFeed:
    """`Feed` of core/chat/feeds.py. Close it with `aclose`."""

    def __init__(
        self, client: Client, partitions: int, *, limits: FeedLimits | None = None
    ) -> None:
        """
        Args:
            client: connected; stays open.
            partitions: of the whole store, as `ensure_layout` checked.
            limits: how much and how long.
        """
        self._client = client
        self._partitions = partitions
        self._limits = limits or FeedLimits()
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listener = Listener(
            client,
            patterns=(f"{keys.PREFIX}{{c:*}}:fed",),
            on_message=lambda _, conversation: self._wake(decode(conversation)),
            on_gap=self._wake_all,
        )

    async def append(
        self, conversation: ConversationKey, body: Json, *, once: str | None = None
    ) -> str:
        """See the port. Without `once` an entry may appear twice when a connection broke."""
        args = [
            quote(once, safe="") if once else "",
            dump(body),
            self._limits.entries,
            self._limits.keep_s * 1000,
        ]
        return decode(await self._run(_APPEND, conversation, *args))

    async def find(self, conversation: ConversationKey, once: str) -> str | None:
        """See the port. Names are known for `keep_s`."""
        found = await self._run(_FIND, conversation, quote(once, safe=""))
        return None if found is None else decode(found)

    async def read(
        self, conversation: ConversationKey, after: str, timeout_s: float
    ) -> list[FeedEntry]:
        """See the port. At most `limits.read` entries."""
        if timeout_s <= 0:
            return await self._entries(conversation, after)
        self._listener.start()
        name, news = str(conversation), asyncio.Event()
        self._waiting.setdefault(name, set()).add(news)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        try:
            while True:
                news.clear()
                entries = await self._entries(conversation, after)
                left = deadline - loop.time()
                if entries or left <= 0:
                    return entries
                await _until(news, min(left, self._limits.look_s))
        finally:
            self._waiting[name].discard(news)
            if not self._waiting[name]:
                del self._waiting[name]

    async def seen(self, conversation: ConversationKey) -> str:
        """See the port."""
        found = await self._run(_SEEN, conversation)
        return "0" if found is None else decode(found)

    async def mark_seen(self, conversation: ConversationKey, sequence: str) -> None:
        """See the port. It never goes back."""
        await self._run(_MARK, conversation, sequence, self._limits.keep_s * 1000)

    async def aclose(self) -> None:
        """End the subscription. The client stays open."""
        await self._listener.aclose()

    async def _entries(self, conversation: ConversationKey, after: str) -> list[FeedEntry]:
        rows: list[Any] = await self._run(_READ, conversation, after, self._limits.read)
        return [FeedEntry(decode(row[0]), orjson.loads(row[1][1])) for row in rows]

    async def _run(
        self, script: Script, conversation: ConversationKey, *args: str | bytes | int
    ) -> Any:
        base = keys.base("c", keys.partition(conversation.channel, self._partitions))
        return await script(self._client, [base], [str(conversation), *args])

    def _wake(self, conversation: str) -> None:
        for news in self._waiting.get(conversation, ()):
            news.set()

    def _wake_all(self) -> None:
        for conversation in self._waiting:
            self._wake(conversation)


async def _until(news: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await news.wait()
    except TimeoutError:
        return
