"""What overtakes the mail: edits, deletes, stops; and what is to be seen of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.listening import Listener
from adapters.redis.mail_codec import dump, event_name, mail_of, post_name
from adapters.redis.mailbox import MailLimits
from adapters.redis.mailbox_scripts import CHAT
from core.chat.messages import Author, ConversationKey, Inbound

_REVISE = Script(
    CHAT
    + """
-- ARGV: conversation, name of the post, mail or '' to remove it, name of its event or '', s that
-- events are remembered, s that a tomb stands. Answers 'changed', 'begun', 'unknown'.
local conv, mail = ARGV[1], ARGV[3]
local post, tomb = base .. 'post:' .. ARGV[2], base .. 'tomb:' .. ARGV[2]
local function bury(what)
  redis.call('SET', tomb, what, 'EX', ARGV[6])
  return what
end
local place = redis.call('GET', post)
if not place then
  if mail ~= '' then return 'unknown' end
  -- A removal that is sent twice gets the same answer twice.
  return bury(redis.call('GET', tomb) or 'unknown')
end
local _, _, id = read_place(place)
if redis.call('HEXISTS', mails_key(conv), id) == 0 then return 'begun' end
for _, begun in ipairs(begun_ids(conv)) do
  if begun == id then return 'begun' end
end
if mail ~= '' then
  redis.call('HSET', mails_key(conv), id, mail)
  redis.call('SET', base .. 'seen:' .. ARGV[4], '1', 'NX', 'EX', ARGV[5])
  return 'changed'
end
redis.call('LREM', mail_key(conv), 1, place)
redis.call('HDEL', mails_key(conv), id)
redis.call('DEL', post)
if redis.call('EXISTS', mail_key(conv)) == 0 then forget(conv) end
return bury('changed')
"""
)

_STOP = Script(
    CHAT
    + """
-- ARGV: conversation, author's id, '1' for an admin. Answers 'stopping', 'idle', 'refused'.
local conv = ARGV[1]
local ids = begun_ids(conv)
if #ids == 0 then return 'idle' end
local allowed = ARGV[3] == '1'
if not allowed then
  for _, mail in ipairs(redis.call('HMGET', mails_key(conv), unpack(ids))) do
    allowed = allowed or (mail and cjson.decode(mail).author.id == ARGV[2])
  end
end
if not allowed then return 'refused' end
stop_turn(conv)
return 'stopping'
"""
)

_AHEAD = Script("return redis.call('LPOS', KEYS[1] .. 'ready', ARGV[1])")

_PENDING = Script(
    CHAT
    + """
-- ARGV: conversation. Answers its mails in order.
local mails = {}
for at, id in ipairs(first_ids(ARGV[1], -1)) do
  mails[at] = redis.call('HGET', mails_key(ARGV[1]), id)
end
return mails
"""
)

_REVISED: dict[bytes, Literal["changed", "begun", "unknown"]] = {
    b"changed": "changed",
    b"begun": "begun",
    b"unknown": "unknown",
}
_STOPPED: dict[bytes, Literal["stopping", "idle", "refused"]] = {
    b"stopping": "stopping",
    b"idle": "idle",
    b"refused": "refused",
}

_UNHEARD = 1000
"""Stop requests that a slow listener may be behind; what it misses the next `renew` tells."""


class RedisMailControl:
    """`MailControl` of core/chat/ports.py."""

    def __init__(
        self, client: Client, partitions: int, *, limits: MailLimits | None = None
    ) -> None:
        """Takes the same client, partitions and limits as the mailbox."""
        self._client = client
        self._partitions = partitions
        self._limits = limits or MailLimits()

    async def revise(
        self, conversation: ConversationKey, message_id: str, inbound: Inbound | None
    ) -> Literal["changed", "begun", "unknown"]:
        """See the port. The mail keeps its place and its session; the id of what replaces it
        counts as seen. Mail older than `post_s` is `unknown`."""
        limits = self._limits
        answer = await _REVISE(
            self._client,
            [self._base(conversation)],
            [
                str(conversation),
                post_name(conversation, message_id),
                dump(inbound.to_json()) if inbound else "",
                event_name(conversation, inbound.id) if inbound else "",
                limits.seen_s,
                limits.tomb_s,
            ],
        )
        return _REVISED[answer]

    async def request_stop(
        self, conversation: ConversationKey, by: Author
    ) -> Literal["stopping", "idle", "refused"]:
        """See the port. A turn that waits to be tried again is woken, and its next owner sees the
        stop; mail whose turn has not begun is not touched."""
        args = [str(conversation), by.id, "1" if by.is_admin else "0"]
        return _STOPPED[await _STOP(self._client, [self._base(conversation)], args)]

    async def ahead(self, conversation: ConversationKey) -> int | None:
        """See the port. Counts those of its own partition: the others are served in between."""
        return await _AHEAD(self._client, [self._base(conversation)], [str(conversation)])

    async def pending(self, conversation: ConversationKey) -> tuple[Inbound, ...]:
        """See the port."""
        answer: list[bytes] = await _PENDING(
            self._client, [self._base(conversation)], [str(conversation)]
        )
        return tuple(mail_of(value) for value in answer)

    async def stop_requests(self) -> AsyncGenerator[ConversationKey]:
        """See the port. Best effort: what is asked for while the connection is down is not told
        here, only by `renew`. Close the generator to end the subscription."""
        heard: asyncio.Queue[str] = asyncio.Queue(_UNHEARD)

        def hear(_: str, data: bytes) -> None:
            if not heard.full():
                heard.put_nowait(decode(data))

        pattern = f"{keys.PREFIX}{{c:*}}:stop"
        listener = Listener(self._client, patterns=(pattern,), on_message=hear, on_gap=lambda: None)
        listener.start()
        try:
            while True:
                yield ConversationKey.parse(await heard.get())
        finally:
            await listener.aclose()

    def _base(self, conversation: ConversationKey) -> str:
        return keys.base("c", keys.partition(conversation.channel, self._partitions))
