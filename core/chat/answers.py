"""What people do with an answer that is there: see its work, share it, say how good it was."""

from __future__ import annotations

from core.chat.messages import Command, Post
from core.chat.ports import Assistants, ChatPlatform, Sessions
from core.chat.saying import Saying
from core.chat.tags import FEEDBACK, tag
from core.chat.text.outgoing import outgoing
from core.chat.text.references import named
from core.chat.text.speakers import speaker_name
from core.chat.text.split import split
from core.chat.work import answer_of, shown_work
from core.errors import BobbinError, StoreError

SESSIONS = 200
"""How many earlier sessions of a conversation an answer is looked for in."""


class Answers:
    """Carries out what commands want with answers."""

    def __init__(
        self,
        sessions: Sessions,
        assistants: Assistants,
        platforms: dict[str, ChatPlatform],
        saying: Saying,
    ) -> None:
        self._sessions = sessions
        self._assistants = assistants
        self._platforms = platforms
        self._saying = saying

    async def note_feedback(self, command: Command) -> None:
        """Keep what somebody thinks of an answer with the Run that gave it: of the one that the
        press names, else of the newest."""
        verdict, _, name = command.argument.partition(" ")
        found = await self._answer(command, name)
        if found is not None:
            await self._assistants.note_run(
                *found, {FEEDBACK: f"{verdict[:20]} by {command.author.id}"}
            )

    async def show_work(self, command: Command) -> None:
        """Show how an answer came about."""
        found = await self._answer(command, command.argument)
        if found is None:
            await self._saying.say(command, "There is no answer here whose work I could show.")
            return
        try:
            work = shown_work(await self._assistants.steps(*found))
        except StoreError:
            raise
        except BobbinError as error:
            work = f"I cannot look at this just now. {error}"
        await self._saying.say(command, work)

    async def share(self, command: Command) -> None:
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
                await self._saying.say(command, "There is no answer here that I could share.")
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
            await self._saying.say(command, f"I could not share it. {error}")

    async def _answer(self, command: Command, name: str) -> tuple[str, str] | None:
        """Thread and Run of an answer in this conversation."""
        where = command.conversation
        current = await self._sessions.current(where)
        earlier = await self._sessions.list(where, SESSIONS) if name else []
        return answer_of(name, [current, *earlier])
