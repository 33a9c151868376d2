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
from core.chat.messages import Delete, Edit, Event, Inbound, Post
from core.chat.policy import Policy
from core.chat.ports import Assistants, ChatPlatform, Mailbox, MailControl, Sessions
from core.chat.relay import INBOUND
from core.chat.waiting import Waiting
from core.errors import BobbinError

log = logging.getLogger(__name__)

Receipt = Literal["stored", "duplicate", "ignored", "refused", "done"]

FULL = "I have too much unread mail from here. Please wait for the answers and ask again."
EDITED = "You changed a message that I had read already. Regenerate answers its new text."


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
        waiting: Waiting,
        dispatcher: Dispatcher | None,
    ) -> None:
        self._mailbox = mailbox
        self._control = control
        self._sessions = sessions
        self._assistants = assistants
        self._platforms = platforms
        self._commands = commands
        self._policy = policy
        self._waiting = waiting
        self._dispatcher = dispatcher

    async def deliver(self, event: Event) -> Receipt:
        """Take one event in.

        Raises:
            StoreError: nothing was stored; the platform must not acknowledge it.
        """
        if isinstance(event, Inbound):
            command = parse_command(event)
            if command is None:
                return await self._message(event)
            event = command
        if isinstance(event, Edit):
            return await self._edit(event)
        if isinstance(event, Delete):
            return await self._delete(event)
        mail = await self._commands.carry_out(event)
        if mail is None:
            return "done"
        return await self._store(mail)

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
        inbound = Inbound(
            id=f"{edit.message_id}@{edit.revision}",
            message_id=edit.message_id,
            conversation=edit.conversation,
            author=edit.author,
            text=edit.text,
            received_at=0.0,
        )
        if await self._control.revise(edit.conversation, edit.message_id, inbound) != "begun":
            return "done"
        session = await self._sessions.current(edit.conversation)
        await self._sessions.save(
            edit.conversation,
            replace(session, edits=session.edits | {edit.message_id: edit.text}),
        )
        await self._notice(inbound, EDITED)
        return "done"

    async def _delete(self, delete: Delete) -> Receipt:
        state = await self._control.revise(delete.conversation, delete.message_id, None)
        session = await self._sessions.current(delete.conversation)
        if state != "begun" or session.thread_id is None:
            return "done"
        messages = await self._assistants.messages(session.thread_id, run_id=None, limit=100)
        for message in messages:
            if message.metadata.get(INBOUND) == delete.message_id:
                await self._assistants.delete_message(session.thread_id, message.id)
        return "done"

    async def _notice(self, inbound: Inbound, sentence: str) -> None:
        """Say one sentence outside the mail; if that fails, the log has it."""
        post = Post(
            part_id=f"{inbound.id}.notice", text=sentence, turn=(inbound.id,), kind="notice"
        )
        try:
            await self._platforms[inbound.conversation.platform].send(inbound.conversation, post)
        except BobbinError as error:
            log.warning("a notice could not be shown: %s", error)
