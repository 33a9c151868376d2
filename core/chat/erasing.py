"""Removing what a person said: all of a conversation of their own, or their part of a shared one.

Serial: the steps of one parting. Survives a crash: every step can be done twice, and what names a
thing goes after the thing: Files, vector stores, Thread, sessions. Bounded: the Messages of one
Thread are in memory at a time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.assistants import Message, files_of_message
from core.chat.messages import Author, ConversationKey, Session
from core.chat.people import Parting, Traces
from core.chat.ports import Assistants, MailControl, Sessions
from core.chat.remembering import title
from core.chat.tags import BEFORE, INBOUND, tag
from core.chat.text.speakers import attribute, attribution
from core.clock import Clock
from core.errors import NotFound, Refused

STOP_S: Final = 20.0
"""How long a turn in work gets to stop."""

_LOOK_S: Final = 0.1
_SESSIONS: Final = 10_000
_MESSAGES: Final = 100_000

STILL_ANSWERING: Final = "The answer that is being written there did not stop in time."


class Erasing:
    """Erases. One instance serves all conversations of a process."""

    def __init__(
        self,
        traces: Traces,
        control: MailControl,
        sessions: Sessions,
        assistants: Assistants,
        clock: Clock,
    ) -> None:
        self._traces = traces
        self._control = control
        self._sessions = sessions
        self._assistants = assistants
        self._clock = clock

    async def own(self, parting: Parting) -> None:
        """All of the person's own conversations.

        Raises:
            BobbinError: not all of it; do it again.
        """
        for where in parting.conversations:
            await self._halted(where, parting.name)
            for thread_id in await self._traces.seal(where, parting.name):
                await self._thread(thread_id)
            await self._traces.erase(where, parting.name)

    async def shared(self, parting: Parting) -> None:
        """The person's own words in a conversation that others share.

        Raises:
            Refused: an answer to them is being written and does not stop.
            BobbinError: not all of it; do it again.
        """
        for where in parting.conversations:
            await self._traces.withdraw(where, parting.author.id, parting.at)
            await self._unasked(where, parting)
            for session in await self._sessions_of(where):
                await self._words(where, session, parting.author)

    # ------------------------------------------------------------------- one's own

    async def _halted(self, where: ConversationKey, name: str) -> None:
        """The turn in work stops by itself, which takes its signs back; later it is taken."""
        until = self._clock.monotonic() + STOP_S
        while await self._traces.halt(where, name):
            if self._clock.monotonic() >= until:
                return
            await self._clock.sleep(_LOOK_S)

    async def _thread(self, thread_id: str) -> None:
        belongings = await self._assistants.belongings(thread_id)
        for file_id in belongings.files:
            await self._assistants.delete_file(file_id)
        for store_id in belongings.stores:
            await self._assistants.delete_store(store_id)
        await self._assistants.delete_thread(thread_id)

    # ------------------------------------------------------------------- one's own part

    async def _unasked(self, where: ConversationKey, parting: Parting) -> None:
        """Wait until nothing is being answered there that the person asked before."""
        author = parting.author
        until = self._clock.monotonic() + STOP_S
        while any(
            mail.author.id == author.id and mail.received_at <= parting.at
            for mail in await self._control.pending(where)
        ):
            if self._clock.monotonic() >= until:
                raise Refused(STILL_ANSWERING)
            await self._control.request_stop(where, author)
            await self._clock.sleep(_LOOK_S)

    async def _sessions_of(self, where: ConversationKey) -> list[Session]:
        current = await self._sessions.current(where)
        others = await self._sessions.list(where, _SESSIONS)
        return [current, *(one for one in others if one.ordinal != current.ordinal)]

    async def _words(self, where: ConversationKey, session: Session, author: Author) -> None:
        """Remove the person's Messages of one session."""
        messages = await self._messages(session.thread_id)
        mine = [one for one in messages if _is_by(one, author.id)]
        await self._unmentioned(where, session, messages, mine, author.id)
        files = [name for message in mine for name in files_of_message(message)]
        for file_id in files:
            await self._assistants.delete_file(file_id)
        for message in mine:
            await self._assistants.delete_message(message.thread_id, message.id)
        if files and session.thread_id is not None:
            await self._assistants.close_code(session.thread_id)

    async def _messages(self, thread_id: str | None) -> list[Message]:
        if thread_id is None:
            return []
        try:
            return await self._assistants.messages(thread_id, run_id=None, limit=_MESSAGES)
        except NotFound:
            return []

    async def _unmentioned(
        self,
        where: ConversationKey,
        session: Session,
        messages: list[Message],
        mine: list[Message],
        author_id: str,
    ) -> None:
        """Take the person's words out of what the session itself keeps: title, edits."""
        last = session.last
        names = {one.metadata.get(INBOUND) for one in mine}
        titles = {title(found.text) for one in mine if (found := attribution(one.text))}
        asked = last is not None and author_id in last.askers
        # A turn that got no Run left its words as edits, and nobody's name with them.
        others = {one.metadata.get(INBOUND) for one in messages if one not in mine}
        unnamed = {
            name
            for name in (last.message_ids if last is not None and asked else ())
            if tag(name) not in others
        }
        edits = {
            name: text
            for name, text in session.edits.items()
            if tag(name) not in names and name not in unnamed
        }
        silent = asked and not any(one.role == "user" for one in messages)
        kept = "" if session.title in titles or silent else session.title
        if kept != session.title or edits != session.edits:
            await self._sessions.save(where, replace(session, title=kept, edits=edits))


def _is_by(message: Message, author_id: str) -> bool:
    """Whether these are the person's words: their own, or among what was said before a call."""
    if message.role != "user":
        return False
    label = attribution(attribute("x", "", tag=author_id))
    wanted = label.tag if label is not None else author_id
    lines = message.text.split("\n") if BEFORE in message.metadata else [message.text]
    return any((found := attribution(line)) is not None and found.tag == wanted for line in lines)
