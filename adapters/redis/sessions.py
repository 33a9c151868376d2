"""The sessions of each conversation: one permanent hash.

    current, newest      ordinals; a conversation without this hash is in session 1, its newest
    <n>                  what turns write: Thread, creation, last turn
    <n>:title, <n>:assistant, <n>:edits      what may be saved while a turn runs

Turns and people write different fields, so neither takes back what the other wrote.
"""

from __future__ import annotations

from typing import Any

from adapters.redis import keys
from adapters.redis.connection import Client, Script, decode
from adapters.redis.mail_codec import body_of, dump, session_of, whole
from adapters.redis.mailbox_scripts import CHAT
from core.chat.messages import ConversationKey, Session

_CURRENT = Script(
    CHAT
    + """
-- ARGV: conversation. Answers ordinal and fields.
local n = current_ordinal(ARGV[1])
return {n, session_row(ARGV[1], n)}
"""
)

_START = Script(
    CHAT
    + """
-- ARGV: conversation, body, '1' for an Assistant of its own. Answers ordinal and Assistant of the
-- new session.
local sessions = sessions_key(ARGV[1])
local assistant = redis.call('HGET', sessions, current_ordinal(ARGV[1]) .. ':assistant') or ''
if ARGV[3] == '1' then assistant = '' end
local n = whole((redis.call('HGET', sessions, 'newest') or 1) + 1)
redis.call('HSET', sessions, 'newest', n, 'current', n, n, ARGV[2])
if assistant ~= '' then redis.call('HSET', sessions, n .. ':assistant', assistant) end
return {n, assistant}
"""
)

_RESUME = Script(
    CHAT
    + """
-- ARGV: conversation, ordinal. Answers the fields, or nothing where there is no such session.
local sessions, n = sessions_key(ARGV[1]), tonumber(ARGV[2])
if n < 1 or n > tonumber(redis.call('HGET', sessions, 'newest') or 1) then return false end
if n <= tonumber(redis.call('HGET', sessions, 'floor') or 0) then return false end
if current_ordinal(ARGV[1]) ~= ARGV[2] then redis.call('HSET', sessions, 'current', ARGV[2]) end
return session_row(ARGV[1], ARGV[2])
"""
)

_SAVE = Script(
    CHAT
    + """
-- ARGV: conversation, ordinal, body, title, edits.
local sessions, n = sessions_key(ARGV[1]), ARGV[2]
redis.call('HSETNX', sessions, n, ARGV[3])
redis.call('HSET', sessions, n .. ':title', ARGV[4], n .. ':edits', ARGV[5])
if tonumber(n) > tonumber(redis.call('HGET', sessions, 'newest') or 1) then
  redis.call('HSET', sessions, 'newest', n)
end
return 1
"""
)

_BIND = Script(
    CHAT
    + """
-- ARGV: conversation, ordinal or '' for the current one, assistant. Answers ordinal and fields.
local n = ARGV[2] ~= '' and ARGV[2] or current_ordinal(ARGV[1])
redis.call('HSET', sessions_key(ARGV[1]), n .. ':assistant', ARGV[3])
return {n, session_row(ARGV[1], n)}
"""
)

_ALL = Script("return redis.call('HGETALL', KEYS[1] .. 'sessions:' .. ARGV[1])")


class RedisSessions:
    """`Sessions` of core/chat/ports.py, and `Bindings` of core/chat/choosing.py."""

    def __init__(self, client: Client, partitions: int) -> None:
        """
        Args:
            client: connected; stays open.
            partitions: of the whole store, as `ensure_layout` checked.
        """
        self._client = client
        self._partitions = partitions

    async def current(self, conversation: ConversationKey) -> Session:
        """See the port. The first session is not stored before something is written to it."""
        ordinal, row = await self._run(_CURRENT, conversation)
        return session_of(int(ordinal), row)

    async def start(
        self, conversation: ConversationKey, now: float, *, afresh: bool = False
    ) -> Session:
        """See the port. `now` in seconds since the epoch. Ordinals are never used twice."""
        session = Session(ordinal=0, created_at=now)
        args = [body_of(session), "1" if afresh else "0"]
        ordinal, assistant = await self._run(_START, conversation, *args)
        kept = decode(assistant) if assistant else None
        return Session(ordinal=int(ordinal), assistant=kept, created_at=now)

    async def bind(
        self, conversation: ConversationKey, assistant: str, *, ordinal: int | None = None
    ) -> Session:
        """See the port."""
        wanted = "" if ordinal is None else ordinal
        number, row = await self._run(_BIND, conversation, wanted, whole(assistant))
        return session_of(int(number), row)

    async def resume(self, conversation: ConversationKey, ordinal: int) -> Session | None:
        """See the port."""
        row = await self._run(_RESUME, conversation, ordinal)
        return None if row is None else session_of(ordinal, row)

    async def list(self, conversation: ConversationKey, limit: int) -> list[Session]:
        """See the port. Something was said where a turn left its Thread behind."""
        flat: list[bytes] = await self._run(_ALL, conversation)
        fields = dict(zip(map(decode, flat[::2]), flat[1::2], strict=True))
        sessions: list[Session] = []
        for ordinal in sorted((int(name) for name in fields if name.isdecimal()), reverse=True):
            if len(sessions) >= limit:
                break
            names = (f"{ordinal}", f"{ordinal}:title", f"{ordinal}:assistant", f"{ordinal}:edits")
            session = session_of(ordinal, [fields.get(name) for name in names])
            if session.thread_id is not None or session.last is not None:
                sessions.append(session)
        return sessions

    async def save(self, conversation: ConversationKey, session: Session) -> None:
        """Store title and edits; who answers is `bind`'s. The Thread, the last turn and the time of
        creation belong to turns and are stored only where none are: a caller that read them before
        a turn ended must not take that turn back."""
        await self._run(
            _SAVE,
            conversation,
            session.ordinal,
            body_of(session),
            whole(session.title),
            dump(dict(session.edits)),
        )

    async def _run(
        self, script: Script, conversation: ConversationKey, *args: str | bytes | int
    ) -> Any:
        base = keys.base("c", keys.partition(conversation.channel, self._partitions))
        return await script(self._client, [base], [str(conversation), *args])
