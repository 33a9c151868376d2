"""Taking in what platforms hear: ours? a bot? allowed? -> mailbox. Durable from there.

`deliver` returns only after the store has it; the platform acknowledges after that and never
before. Commands overtake the mail.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Literal

from core.chat.commands import Commands, parse_command
from core.chat.dispatcher import Dispatcher
from core.chat.manners import Manners
from core.chat.messages import Command, ConversationKey, Delete, Edit, Event, Inbound, Post, Session
from core.chat.once import Once
from core.chat.policy import Policy
from core.chat.ports import Assistants, ChatPlatform, Mailbox, MailControl, Sessions
from core.chat.tags import INBOUND, tag
from core.chat.waiting import Waiting
from core.errors import BobbinError, NotFound

log = logging.getLogger(__name__)

Receipt = Literal["stored", "duplicate", "ignored", "refused", "done"]

FULL = "I have too much unread mail from here. Please wait for the answers and ask again."
EDITED = "You changed a message that I had read already. Regenerate answers its new text."
EDITED_ELSEWHERE = (
    "You changed a message of session {number}, which I had read already. "
    "`!resume {number}` and then `!regenerate` answer its new text."
)
EDITED_TOO_LATE = (
    "You changed a message that I answered some time ago. To have its new text answered, "
    "please send it again."
)

SESSIONS = 20
"""How many earlier sessions of a conversation are looked through for an edited or deleted post."""

MESSAGES = 1000
"""How far back in a Thread a deleted post is looked for."""


class Intake:
    """The one door for messages, edits, deletes and commands of every platform."""

    def __init__(
        self,
        mailbox: Mailbox,
        control: MailControl,
        sessions: Sessions,
        assistants: Assistants,
        platforms: dict[str, ChatPlatform],
        commands: Commands,
        policy: Policy,
        manners: Manners,
        waiting: Waiting,
        dispatcher: Dispatcher | None,
        once: Once,
    ) -> None:
        self._once = once
        self._mailbox = mailbox
        self._control = control
        self._sessions = sessions
        self._assistants = assistants
        self._platforms = platforms
        self._commands = commands
        self._policy = policy
        self._manners = manners
        self._waiting = waiting
        self._dispatcher = dispatcher

    async def deliver(self, event: Event) -> Receipt:
        """Take one event in.

        Raises:
            StoreError: nothing was stored; the platform must not acknowledge it.
            ModelError: a deletion could not be told to a remote service; neither then.
        """
        event = self._policy.recognised(event)
        if isinstance(event, Inbound):
            if event.author.is_bot:
                return "ignored"
            command = parse_command(event)
            if not await self._manners.is_for_us(event, command=command.name if command else ""):
                return "ignored"
            if command is None:
                return await self._message(event)
            event = command
        if isinstance(event, Edit):
            return await self._edit(event)
        if isinstance(event, Delete):
            return await self._delete(event)
        return await self._command(event)

    async def _command(self, command: Command) -> Receipt:
        """Platforms tell of it again, and of a mention in two ways: it is carried out once."""

        async def carry_out() -> Receipt:
            mail = await self._commands.carry_out(command)
            return "done" if mail is None else await self._store(mail)

        done = await self._once.carry_out(command.conversation, command.id, carry_out)
        return "duplicate" if done is None else done[0]

    async def _message(self, inbound: Inbound) -> Receipt:
        verdict = self._policy.judge(inbound)
        if verdict == "ignore":
            return "ignored"
        if verdict != "take":
            await self._notice(inbound, verdict)
            return "refused"
        return await self._store(inbound)

    async def _store(self, inbound: Inbound) -> Receipt:
        dispatcher = self._dispatcher
        takes = dispatcher is not None and dispatcher.free() > 0
        accepted = await self._mailbox.accept(
            inbound,
            claim_as=dispatcher.owner if dispatcher is not None and takes else None,
            interrupt=self._policy.busy == "interrupt",
        )
        if accepted.status == "full":
            await self._notice(inbound, FULL)
            return "refused"
        if accepted.status == "deleted":
            return "ignored"
        if accepted.claim is not None and dispatcher is not None:
            dispatcher.begin(accepted.claim)
        elif accepted.status == "stored":
            self._waiting.watch(inbound.conversation)
        return "duplicate" if accepted.status == "duplicate" else "stored"

    async def _edit(self, edit: Edit) -> Receipt:
        where = edit.conversation
        pending = await self._control.pending(where)
        waiting = next((mail for mail in pending if mail.message_id == edit.message_id), None)
        revision = f"{edit.name or edit.message_id}@{edit.revision}"
        if waiting is not None:
            inbound = replace(waiting, id=revision, text=edit.text)
        else:
            inbound = Inbound(
                id=revision,
                message_id=edit.message_id,
                conversation=where,
                author=edit.author,
                text=edit.text,
                received_at=0.0,
            )
        verdict = self._policy.judge(inbound)
        if verdict == "ignore":
            return "ignored"
        sessions = await self._known_sessions(where)
        home = next((one for one in sessions if _is_in(one, edit.message_id)), None)
        if verdict != "take":
            if waiting is None and home is None:
                return "ignored"
            await self._notice(inbound, verdict)
            return "refused"
        if await self._control.revise(where, edit.message_id, inbound) != "begun":
            return "done"
        current = sessions[0]
        if waiting is not None and home is None:
            home = (self._dispatcher and self._dispatcher.session_of(where)) or current
        if home is None:
            await self._notice(inbound, EDITED_TOO_LATE)
            return "done"
        if home.edits.get(edit.message_id) == edit.text:
            return "duplicate"
        edits = home.edits | {edit.message_id: edit.text}
        await self._sessions.save(where, replace(home, edits=edits))
        elsewhere = EDITED_ELSEWHERE.format(number=home.ordinal)
        await self._notice(inbound, EDITED if home.ordinal == current.ordinal else elsewhere)
        return "done"

    async def _delete(self, delete: Delete) -> Receipt:
        where = delete.conversation
        if await self._control.revise(where, delete.message_id, None) != "begun":
            return "done"
        # Looked at first: a turn that is stored meanwhile is in the session then.
        answering = self._dispatcher and self._dispatcher.thread_of(where)
        for session in await self._known_sessions(where):
            if delete.message_id in session.edits:
                edits = {k: v for k, v in session.edits.items() if k != delete.message_id}
                await self._sessions.save(where, replace(session, edits=edits))
            if session.thread_id is not None and await self._forget(
                session.thread_id, delete.message_id
            ):
                return "done"
        if answering is not None:  # the first turn of its session
            await self._forget(answering, delete.message_id)
        return "done"

    async def _known_sessions(self, where: ConversationKey) -> list[Session]:
        """The current session first, then those in which a message may have been said."""
        current = await self._sessions.current(where)
        earlier = await self._sessions.list(where, SESSIONS)
        return [current, *(one for one in earlier if one.ordinal != current.ordinal)]

    async def _forget(self, thread_id: str, message_id: str) -> bool:
        """Remove the Message of a post from a Thread; whether it was there."""
        try:
            messages = await self._assistants.messages(thread_id, run_id=None, limit=MESSAGES)
        except NotFound:
            return False
        found = [one for one in messages if one.metadata.get(INBOUND) == tag(message_id)]
        for message in found:
            await self._assistants.delete_message(thread_id, message.id)
        return bool(found)

    async def _notice(self, inbound: Inbound, sentence: str) -> None:
        """Say one sentence outside the mail; if that fails, the log has it."""
        post = Post(
            part_id=f"{inbound.id}.notice", text=sentence, turn=(inbound.id,), kind="notice"
        )
        try:
            await self._platforms[inbound.conversation.platform].send(inbound.conversation, post)
        except BobbinError as error:
            log.warning("a notice could not be shown: %s", error)


def _is_in(session: Session, message_id: str) -> bool:
    """Whether the post was answered in the newest turn of this session."""
    return session.last is not None and message_id in session.last.message_ids
