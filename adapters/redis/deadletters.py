"""Mail that was given up: a capped stream in each partition, newest last."""

from __future__ import annotations

import asyncio
import heapq
from typing import Any

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.mail_codec import event_name, mail_of, post_name
from adapters.redis.mailbox import MailLimits
from adapters.redis.mailbox_scripts import CHAT
from core.chat.ports import DeadLetter

_NEWEST = Script("return redis.call('XREVRANGE', KEYS[1] .. 'dead', '+', '-', 'COUNT', ARGV[1])")

_ONE = Script("return redis.call('XRANGE', KEYS[1] .. 'dead', ARGV[1], ARGV[1])")

_RETRY = Script(
    CHAT
    + """
-- ARGV: entry, conversation, inbound id, name of the event, name of the post or '', s that events
-- are remembered, s that posts are. Answers 1, or 0 when there is no such letter any more.
local letter = redis.call('XRANGE', base .. 'dead', ARGV[1], ARGV[1])[1]
if not letter then return 0 end
redis.call('XDEL', base .. 'dead', ARGV[1])
local conv, id, place, mail = ARGV[2], ARGV[3], letter[2][2], letter[2][4]
redis.call('SET', base .. 'seen:' .. ARGV[4], '1', 'EX', ARGV[6])
if redis.call('HEXISTS', mails_key(conv), id) == 1 then return 1 end
enqueue(conv, place, id, mail)
if ARGV[5] ~= '' then redis.call('SET', base .. 'post:' .. ARGV[5], place, 'EX', ARGV[7]) end
if not state_of(conv) then offer(conv) end
return 1
"""
)


class RedisDeadLetters:
    """`DeadLetters` of core/chat/ports.py. A letter's id is `<partition>.<stream entry>`."""

    def __init__(
        self, client: Client, partitions: int, *, limits: MailLimits | None = None
    ) -> None:
        """Takes the same client, partitions and limits as the mailbox."""
        self._client = client
        self._partitions = partitions
        self._limits = limits or MailLimits()

    async def list(self, limit: int) -> list[DeadLetter]:
        """See the port. `at` is the server's time in seconds since the epoch."""
        found = await asyncio.gather(*(self._newest(n, limit) for n in range(self._partitions)))
        return heapq.nlargest(
            limit, (letter for some in found for letter in some), key=lambda letter: letter.at
        )

    async def retry(self, letter_id: str) -> bool:
        """See the port. It goes to the end of its mailbox, above the depth limit too, and is
        answered in the session in which it was written."""
        number, _, entry = letter_id.partition(".")
        if not number.isdecimal() or int(number) >= self._partitions or not _is_entry(entry):
            return False
        base = keys.base("c", int(number))
        found: list[Any] = await _ONE(self._client, [base], [entry])
        if not found:
            return False
        inbound = _letter(int(number), found[0]).inbound
        conversation = inbound.conversation
        editable = inbound.kind == "message" and inbound.message_id
        args = [
            entry,
            str(conversation),
            decode(_fields(found[0])[b"place"]).split(" ", 1)[1],
            event_name(conversation, inbound.id),
            post_name(conversation, inbound.message_id) if editable else "",
            self._limits.seen_s,
            self._limits.post_s,
        ]
        return await _RETRY(self._client, [base], args) == 1

    async def _newest(self, number: int, limit: int) -> list[DeadLetter]:
        rows: list[Any] = await _NEWEST(self._client, [keys.base("c", number)], [limit])
        return [_letter(number, row) for row in rows]


def _is_entry(text: str) -> bool:
    time, _, count = text.partition("-")
    return time.isdecimal() and count.isdecimal()


def _fields(row: Any) -> dict[bytes, bytes]:
    flat = row[1]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _letter(number: int, row: Any) -> DeadLetter:
    entry, fields = decode(row[0]), _fields(row)
    return DeadLetter(
        id=f"{number}.{entry}",
        inbound=mail_of(fields[b"mail"]),
        reason=decode(fields[b"reason"]),
        at=int(entry.split("-")[0]) / 1000,
    )
