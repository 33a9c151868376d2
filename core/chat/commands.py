"""The controls: stop, new, regenerate, approve, ... They overtake the mail.

`new` and `resume` act on what comes after them: each message belongs to the session that was
current when it was accepted. `regenerate` takes its place in the mailbox like a message.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from core.chat.answers import Answers
from core.chat.choosing import Choosing
from core.chat.forgetting import Forgetting
from core.chat.function_ports import Approvals
from core.chat.manners import BACK, Places
from core.chat.messages import Choice, Command, Inbound, Post, Sign
from core.chat.ports import Assistants, ChatPlatform, MailControl, Sessions
from core.chat.saying import (
    AWAY,
    HELP,
    IS_BACK,
    LISTENING,
    NOT_HERE,
    NOTHING_ASKED,
    PRESSED,
    QUIET,
    Saying,
    help_text,
)
from core.chat.using import Using
from core.chat.work import answer_name

_COMMAND = re.compile(r"!(?P<name>[a-z]+)(?:\s+(?P<argument>\S.*))?\s*", re.DOTALL)


def parse_command(inbound: Inbound) -> Command | None:
    """The command that a text such as `!stop` or `!resume 2` gives; None for other texts."""
    match = _COMMAND.fullmatch(inbound.text.strip())
    if match is None or match["name"] not in HELP:
        return None
    return Command(
        id=inbound.id,
        conversation=inbound.conversation,
        author=inbound.author,
        name=match["name"],
        argument=(match["argument"] or "").strip(),
        received_at=inbound.received_at,
        shared=inbound.setting.shared,
    )


class Commands:
    """Carries commands out."""

    def __init__(
        self,
        control: MailControl,
        sessions: Sessions,
        approvals: Approvals,
        places: Places,
        assistants: Assistants,
        platforms: dict[str, ChatPlatform],
        choosing: Choosing,
        using: Using,
        forgetting: Forgetting,
    ) -> None:
        self._choosing = choosing
        self._control = control
        self._places = places
        self._approvals = approvals
        self._sessions = sessions
        self._platforms = platforms
        self._saying = Saying(platforms)
        answers = Answers(sessions, assistants, platforms, self._saying)
        self._doing: dict[str, Callable[[Command], Awaitable[None]]] = {
            "stop": self._stop,
            "new": self._new,
            "resume": self._resume,
            "sessions": self._list,
            "assistant": self._choose,
            "approve": self._decide,
            "deny": self._decide,
            "quiet": self._behave,
            "listen": self._behave,
            "leave": self._behave,
            BACK: self._behave,
            "usage": using.tell,
            "forget": forgetting.carry_out,
            "work": answers.show_work,
            "share": answers.share,
            "feedback": answers.note_feedback,
        }

    async def carry_out(self, command: Command) -> Inbound | None:
        """Do it; mail that has to be taken in for it, if any.

        Raises:
            StoreError: nothing happened.
        """
        if command.name == "regenerate":
            return await self._regenerate(command)
        await self._doing.get(command.name, self._help)(command)
        return None

    async def _new(self, command: Command) -> None:
        session = await self._sessions.start(command.conversation, command.received_at)
        said = f"A new session begins (number {session.ordinal})."
        await self._suggest(command, said, self._choosing.prompts(command, session))

    async def _choose(self, command: Command) -> None:
        session = await self._sessions.current(command.conversation)
        chosen = await self._choosing.carry_out(command, session)
        await self._suggest(command, chosen.text, chosen.prompts)
        if chosen.news and command.shared and command.alone:
            await self._saying.tell_all(command, chosen.news)

    async def _behave(self, command: Command) -> None:
        """How we behave in a shared place from now on."""
        where = command.conversation
        if command.name in ("leave", BACK):
            if command.shared:
                await self._places.set_away(where, away=command.name == "leave")
            said = (AWAY if command.name == "leave" else IS_BACK) if command.shared else NOT_HERE
        else:
            await self._places.set_quiet(where, quiet=command.name == "quiet")
            said = QUIET if command.name == "quiet" else LISTENING
        await self._saying.say(command, said)

    async def _help(self, command: Command) -> None:
        platform = self._platforms[command.conversation.platform]
        alone = platform.capabilities.mentions == "generic"
        await self._saying.say(command, help_text(alone=alone))

    async def _stop(self, command: Command) -> None:
        answer = await self._control.request_stop(command.conversation, command.author)
        if answer == "refused":
            await self._saying.say(
                command, "Only the person who asked, or an admin, can stop this."
            )
        elif answer == "idle":
            await self._saying.say(command, "I am not writing an answer here just now.")
            platform = self._platforms[command.conversation.platform]
            await platform.signal(command.conversation, Sign("idle", turn=(command.id,)))

    async def _resume(self, command: Command) -> None:
        wanted = command.argument
        session = None
        if wanted.isdecimal():
            session = await self._sessions.resume(command.conversation, int(wanted))
        if session is None:
            await self._saying.say(command, "I know no such session. `!sessions` lists them.")
            return
        title = f": {session.title}" if session.title else ""
        said = f"Back in session {session.ordinal}{title}."
        await self._suggest(command, said, self._choosing.prompts(command, session))

    async def _suggest(self, command: Command, said: str, prompts: tuple[str, ...]) -> None:
        """Say it, and what may be asked from now on."""
        await self._saying.say(command, said, Post(part_id="", text="", suggested=prompts))

    async def _list(self, command: Command) -> None:
        sessions = await self._sessions.list(command.conversation, 20)
        if not sessions:
            await self._saying.say(command, "There are no sessions yet.")
            return
        lines = [f"{session.ordinal}: {session.title or '(no title)'}" for session in sessions]
        choices = tuple(
            Choice(str(session.ordinal), line)
            for session, line in zip(sessions, lines, strict=True)
        )
        text = "\n".join(f"- {line}" for line in lines)
        await self._saying.say(command, text, Post(part_id="", text="", choices=choices))

    async def _regenerate(self, command: Command) -> Inbound | None:
        # Looked at first: an answer may stand there while its turn is still being stored.
        pending = await self._control.pending(command.conversation)
        session = await self._sessions.current(command.conversation)
        last = session.last
        stored = answer_name(session.thread_id or "", last.run_id) if last else None
        waiting = [one for one in pending if one.kind == "message"]
        askers = tuple(one.author.id for one in waiting)
        replaced = None
        if last and (command.author.id not in askers or command.argument == stored):
            askers, replaced = last.askers, last.answer_id
        elif waiting and pending[-1].kind == "regenerate":
            replaced = f"{waiting[0].id}#"  # another answer than the one that is being stored
        if not askers:
            await self._saying.say(command, "There is no answer here that I could write again.")
            return None
        if command.author.id not in askers and not command.author.is_admin:
            await self._saying.say(command, "Only the person who asked, or an admin, can do this.")
            return None
        return Inbound(
            id=command.id,
            message_id=command.id,
            conversation=command.conversation,
            author=command.author,
            text="",
            received_at=command.received_at,
            kind="regenerate",
            reply_to=replaced,
        )

    async def _decide(self, command: Command) -> None:
        """Approve or deny: a button names the approval by its id, a text by its number or not."""
        where, wanted = command.conversation, command.argument
        found = await self._approvals.list(where)
        named = [one for one in found if wanted in (one.id, str(one.number))]
        waiting = [one for one in found if one.decision == "open"]
        if not wanted:
            named = waiting
        if not named:
            await self._saying.say(command, NOTHING_ASKED)
        elif len(named) > 1:
            lines = [f"- {one.number}: `{one.shown}`" for one in named]
            await self._saying.say(command, "\n".join([f"Which one? `!{command.name} 1`", *lines]))
        else:
            pressed = await self._approvals.press(
                where, named[0].id, command.author, approve=command.name == "approve"
            )
            edits = self._platforms[where.platform].capabilities.edits
            # What was decided stands under the question, where that can be edited.
            if pressed not in ("approved", "denied") or not edits:
                await self._saying.say(command, PRESSED[pressed])
