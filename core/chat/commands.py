"""The controls: stop, new, regenerate, approve, ... They overtake the mail.

`new` and `resume` act on what comes after them: each message belongs to the session that was
current when it was accepted. `regenerate` takes its place in the mailbox like a message.
"""

from __future__ import annotations

import logging
import re

from core.chat.function_ports import Approvals
from core.chat.manners import BACK, Places
from core.chat.messages import Command, Inbound, Post, Sign
from core.chat.ports import Assistants, ChatPlatform, MailControl, Sessions
from core.chat.tags import FEEDBACK, tag
from core.chat.text.mentions import neutralise
from core.chat.text.outgoing import outgoing
from core.chat.text.references import named
from core.chat.text.speakers import speaker_name
from core.chat.text.split import split
from core.chat.work import answer_of, shown_work
from core.errors import BobbinError, StoreError

log = logging.getLogger(__name__)

HELP = {
    "help": "what you are reading",
    "new": "begin a new session; I forget what was said before",
    "sessions": "list the sessions of this conversation",
    "resume": "return to an earlier session: `!resume 2`",
    "regenerate": "answer your last message again",
    "stop": "stop the answer that is being written",
    "work": "show how I came to my last answer: code, calls, what they gave",
    "approve": "let me run what I asked about; where that is several things: `!approve 2`",
    "deny": "do not let me run it",
    "quiet": "in this thread, answer only those who mention me",
    "listen": "in this thread, answer without a mention again",
    "leave": "in this whole channel, answer nobody any more",
    BACK: "answer in this channel again; mention me with it",
}

SESSIONS = 200
"""How many earlier sessions of a conversation an answer is looked for in."""

_OF_SHARED_PLACES = frozenset({"quiet", "listen", "leave", BACK})

_QUIET = "I answer here only when I am mentioned. `!listen` takes that back."
_LISTENING = "I answer here without a mention again, as long as one person writes."

_AWAY = "I answer nobody in this channel any more. Mention me with `!return` to have me back."
_BACK = "I am back, and answer in this channel again."
_NOT_HERE = "This is for channels: write it in a thread there."

NOTHING_ASKED = "There is nothing here that waits for a decision."

_PRESSED = {
    "approved": "Approved.",
    "denied": "Denied; it does not run.",
    "decided": "Somebody has decided this already.",
    "late": "It is too late: nobody decided in time, and it does not run.",
    "refused": "Only the person who asked, or an admin, can decide this.",
    "unknown": NOTHING_ASKED,
}

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
    ) -> None:
        self._control = control
        self._places = places
        self._assistants = assistants
        self._approvals = approvals
        self._sessions = sessions
        self._platforms = platforms

    async def carry_out(self, command: Command) -> Inbound | None:
        """Do it; mail that has to be taken in for it, if any.

        Raises:
            StoreError: nothing happened.
        """
        match command.name:
            case "stop":
                await self._stop(command)
            case "new":
                session = await self._sessions.start(command.conversation, command.received_at)
                await self._say(command, f"A new session begins (number {session.ordinal}).")
            case "resume":
                await self._resume(command)
            case "sessions":
                await self._list(command)
            case "regenerate":
                return await self._regenerate(command)
            case "approve" | "deny":
                await self._decide(command)
            case "quiet" | "listen" | "leave" | "return":
                await self._behave(command)
            case "work":
                await self._show_work(command)
            case "share":
                await self._share(command)
            case "feedback":
                await self._note_feedback(command)
            case _:
                await self._help(command)
        return None

    async def _behave(self, command: Command) -> None:
        """How we behave in a shared place from now on."""
        where = command.conversation
        if command.name in ("leave", BACK):
            if command.shared:
                await self._places.set_away(where, away=command.name == "leave")
            said = (_AWAY if command.name == "leave" else _BACK) if command.shared else _NOT_HERE
        else:
            await self._places.set_quiet(where, quiet=command.name == "quiet")
            said = _QUIET if command.name == "quiet" else _LISTENING
        await self._say(command, said)

    async def _help(self, command: Command) -> None:
        platform = self._platforms[command.conversation.platform]
        alone = platform.capabilities.mentions == "generic"
        lines = [
            f"- `!{name}` – {meaning}"
            for name, meaning in HELP.items()
            if not (alone and name in _OF_SHARED_PLACES)
        ]
        await self._say(command, "\n".join(lines))

    async def _note_feedback(self, command: Command) -> None:
        """Keep what somebody thinks of an answer with the Run that gave it: of the one that the
        press names, else of the newest."""
        verdict, _, name = command.argument.partition(" ")
        found = await self._answer(command, name)
        if found is not None:
            await self._assistants.note_run(
                *found, {FEEDBACK: f"{verdict[:20]} by {command.author.id}"}
            )

    async def _show_work(self, command: Command) -> None:
        found = await self._answer(command, command.argument)
        if found is None:
            await self._say(command, "There is no answer here whose work I could show.")
            return
        try:
            work = shown_work(await self._assistants.steps(*found))
        except StoreError:
            raise
        except BobbinError as error:
            work = f"I cannot look at this just now. {error}"
        await self._say(command, work)

    async def _share(self, command: Command) -> None:
        """Show an answer, which one person alone saw, to all who are there."""
        where = command.conversation
        found = await self._answer(command, command.argument)
        platform = self._platforms[where.platform]
        try:
            messages = (
                await self._assistants.messages(found[0], run_id=found[1], limit=100)
                if found
                else []
            )
            said = "\n\n".join(one.text for one in messages if one.role == "assistant")
            if found is None or not said:
                await self._say(command, "There is no answer here that I could share.")
                return
            name = f"{tag(command.id)}.shared"
            by = speaker_name(command.author.name or command.author.id)
            text = f"*{by} asked me, and shares what I said:*\n\n{named(said, final=True)}"
            can = platform.capabilities
            for number, part in enumerate(split(outgoing(text, can.mentions).text, can.max_chars)):
                post = Post(part_id=f"{name}.{number}", text=part.text, kind="shared")
                await platform.send(where, post)
        except StoreError:
            raise
        except BobbinError as error:
            await self._say(command, f"I could not share it. {error}")

    async def _answer(self, command: Command, name: str) -> tuple[str, str] | None:
        """Thread and Run of an answer in this conversation."""
        where = command.conversation
        current = await self._sessions.current(where)
        earlier = await self._sessions.list(where, SESSIONS) if name else []
        return answer_of(name, [current, *earlier])

    async def _stop(self, command: Command) -> None:
        answer = await self._control.request_stop(command.conversation, command.author)
        if answer == "refused":
            await self._say(command, "Only the person who asked, or an admin, can stop this.")
        elif answer == "idle":
            await self._say(command, "I am not writing an answer here just now.")
            platform = self._platforms[command.conversation.platform]
            await platform.signal(command.conversation, Sign("idle", turn=(command.id,)))

    async def _resume(self, command: Command) -> None:
        wanted = command.argument
        session = None
        if wanted.isdecimal():
            session = await self._sessions.resume(command.conversation, int(wanted))
        if session is None:
            await self._say(command, "I know no such session. `!sessions` lists them.")
            return
        title = f": {session.title}" if session.title else ""
        await self._say(command, f"Back in session {session.ordinal}{title}.")

    async def _list(self, command: Command) -> None:
        sessions = await self._sessions.list(command.conversation, 20)
        if not sessions:
            await self._say(command, "There are no sessions yet.")
            return
        lines = [f"- {session.ordinal}: {session.title or '(no title)'}" for session in sessions]
        await self._say(command, "\n".join(lines))

    async def _regenerate(self, command: Command) -> Inbound | None:
        session = await self._sessions.current(command.conversation)
        last = session.last
        # The first answer may stand there already while its turn is still being stored.
        pending = await self._control.pending(command.conversation) if last is None else ()
        if last is None and not pending:  # it was stored between the two looks
            last = (await self._sessions.current(command.conversation)).last
        askers = last.askers if last else tuple(inbound.author.id for inbound in pending)
        if not askers:
            await self._say(command, "There is no answer here that I could write again.")
            return None
        if command.author.id not in askers and not command.author.is_admin:
            await self._say(command, "Only the person who asked, or an admin, can do this.")
            return None
        return Inbound(
            id=command.id,
            message_id=command.id,
            conversation=command.conversation,
            author=command.author,
            text="",
            received_at=command.received_at,
            kind="regenerate",
            reply_to=last.answer_id if last else None,
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
            await self._say(command, NOTHING_ASKED)
        elif len(named) > 1:
            lines = [f"- {one.number}: `{one.shown}`" for one in named]
            await self._say(command, "\n".join([f"Which one? `!{command.name} 1`", *lines]))
        else:
            pressed = await self._approvals.press(
                where, named[0].id, command.author, approve=command.name == "approve"
            )
            edits = self._platforms[where.platform].capabilities.edits
            # What was decided stands under the question, where that can be edited.
            if pressed not in ("approved", "denied") or not edits:
                await self._say(command, _PRESSED[pressed])

    async def _say(self, command: Command, text: str) -> None:
        platform = self._platforms[command.conversation.platform]
        can = platform.capabilities
        parts = split(neutralise(text, can.mentions), can.max_chars)
        try:
            for number, part in enumerate(parts):
                name = f"{command.id}.reply" + (f".{number}" if number else "")
                post = Post(part_id=name, text=part.text, turn=(command.id,), kind="notice")
                await platform.send(command.conversation, post)
        except BobbinError as error:
            log.warning("the answer to a command could not be shown: %s", error)
