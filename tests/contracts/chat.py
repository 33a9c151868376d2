"""What the contract tests of the chat side share: one store, its ports, and its key check."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.redis import keys
from adapters.redis.approvals import RedisApprovals
from adapters.redis.connection import Client, Script, connect, decode
from adapters.redis.control import RedisMailControl
from adapters.redis.deadletters import RedisDeadLetters
from adapters.redis.feed import FeedLimits, RedisFeed
from adapters.redis.functions import RedisCallLog
from adapters.redis.mailbox import MailLimits, RedisMailbox
from adapters.redis.sessions import RedisSessions
from core.chat.messages import Author, ConversationKey, Inbound
from core.chat.ports import Answered, TurnClaim
from core.clock import SystemClock

LEASE_MS = 60_000

ANN = Author(id="ann", name="Ann")
BOB = Author(id="bob", name="Bob")
ADMIN = Author(id="root", is_admin=True)


def place(name: str) -> ConversationKey:
    """A conversation in a channel of its own."""
    return ConversationKey("slack", ("T1", name))


def message(conversation: ConversationKey, name: str, **changes: Any) -> Inbound:
    """The Inbound `name`; its post is `post-<name>`."""
    values: dict[str, Any] = {
        "id": name,
        "message_id": f"post-{name}",
        "conversation": conversation,
        "author": ANN,
        "text": f"text of {name}",
        "received_at": 1_700_000_000.125,
    }
    return Inbound(**(values | changes))


_EXPIRE = Script(
    """
-- ARGV: set ('leases' or 'due'), item. Its time has come.
if not redis.call('ZSCORE', KEYS[1] .. ARGV[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1] .. ARGV[1], 0, ARGV[2])
return 1
"""
)
_OLD_LETTER = Script(
    """
-- A letter of the year 1970.
return redis.call('XADD', KEYS[1] .. 'dead', '1-1', 'place', '1m old', 'mail', '{}', 'reason', '')
"""
)
_ALL_KEYS = Script(
    """
local answer = {}
for _, key in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  answer[#answer + 1] = {key, redis.call('PTTL', key), redis.call('TYPE', key).ok}
end
return answer
"""
)
_AT_WORK = Script(
    """
local items = redis.call('LRANGE', KEYS[1] .. 'ready', 0, -1)
for _, set in ipairs({'leases', 'due'}) do
  for _, item in ipairs(redis.call('ZRANGE', KEYS[1] .. set, 0, -1)) do items[#items + 1] = item end
end
return items
"""
)


@dataclass
class Chat:
    """All ports of the chat side on one store."""

    client: Client
    partitions: int
    limits: MailLimits
    mailbox: RedisMailbox
    control: RedisMailControl
    sessions: RedisSessions
    letters: RedisDeadLetters
    feed: RedisFeed
    calls: RedisCallLog
    approvals: RedisApprovals

    async def expire(self, conversation: ConversationKey, kind: str = "leases") -> bool:
        """Let its lease run out now, or its delay (`due`); no clock is waited for."""
        base = self.mailbox_base(conversation)
        return await _EXPIRE(self.client, [base], [kind, str(conversation)]) == 1

    async def bury_long_ago(self, conversation: ConversationKey) -> None:
        """Add a dead letter to the empty stream of its partition, far older than any limit."""
        await _OLD_LETTER(self.client, [self.mailbox_base(conversation)])

    async def forget_event(self, conversation: ConversationKey, name: str) -> None:
        """As if the time that deliveries are remembered were over."""
        await self.client.delete(
            f"{self.mailbox_base(conversation)}seen:{conversation.channel}:{name}"
        )

    def mailbox_base(self, conversation: ConversationKey) -> str:
        """KEYS[1] of the scripts that touch it."""
        return keys.base("c", keys.partition(conversation.channel, self.partitions))

    async def stored(self) -> list[tuple[str, int, str]]:
        """Every key behind its base: name, ms to live (-1: for ever), type."""
        found: list[tuple[str, int, str]] = []
        for number in range(self.partitions):
            base = keys.base("c", number)
            rows: list[Any] = await _ALL_KEYS(self.client, [base])
            found += [(decode(key)[len(base) :], ttl, decode(kind)) for key, ttl, kind in rows]
        return found

    async def check_keys(self) -> None:
        """Every key is in the table, of its type; what has no place for ever has a time to live or
        belongs to a conversation that is at work."""
        at_work: set[str] = set()
        for number in range(self.partitions):
            items: list[bytes] = await _AT_WORK(self.client, [keys.base("c", number)])
            at_work.update(map(decode, items))
        for name, ttl, kind in await self.stored():
            rows = [row for row in keys.TABLE if row.family == "c" and _matches(row, name)]
            assert rows, f"{name} is not in the table of keys"
            row = rows[0]
            assert kind == row.type, name
            if row.stays == "while in use":
                assert name.split(":", 1)[1] in at_work, f"{name} was left behind"
            elif row.stays != keys.PERMANENT:
                assert ttl > 0, f"{name} stays for ever"


def _matches(row: keys.Key, name: str) -> bool:
    pattern = re.sub(r"<[^>]+>", ".+", row.pattern)
    return re.fullmatch(pattern, name, re.DOTALL) is not None


@asynccontextmanager
async def chat_on(
    url: str,
    partitions: int,
    *,
    lease_ms: int = LEASE_MS,
    limits: MailLimits | None = None,
    feed: FeedLimits | None = None,
) -> AsyncIterator[Chat]:
    """The ports on the server at `url`; closed at the end."""
    limits = limits or MailLimits()
    async with AsyncExitStack() as stack:
        client = await connect(url, SystemClock())
        stack.push_async_callback(client.aclose)
        mailbox = RedisMailbox(client, partitions, lease_ms=lease_ms, limits=limits)
        stack.push_async_callback(mailbox.aclose)
        shown = RedisFeed(client, partitions, limits=feed)
        stack.push_async_callback(shown.aclose)
        yield Chat(
            client=client,
            partitions=partitions,
            limits=limits,
            mailbox=mailbox,
            control=RedisMailControl(client, partitions, limits=limits),
            sessions=RedisSessions(client, partitions),
            letters=RedisDeadLetters(client, partitions, limits=limits),
            feed=shown,
            calls=RedisCallLog(client, partitions),
            approvals=RedisApprovals(client, partitions),
        )


async def only_claim(chat: Chat, owner: str = "w1") -> TurnClaim:
    """The one turn that can be claimed now."""
    (claim,) = await chat.mailbox.claim(owner, 10)
    return claim


def ids(claim: TurnClaim) -> list[str]:
    """The names of its messages."""
    return [inbound.id for inbound in claim.mail]


async def answer(chat: Chat, claim: TurnClaim) -> None:
    """End the turn; its session stays as it was."""
    await chat.mailbox.settle(claim, Answered(claim.session))
