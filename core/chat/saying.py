"""What commands say, and how it is said: sentences, and one way to say them."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from core.chat.manners import BACK
from core.chat.messages import Command, OutFile, Post
from core.chat.ports import ChatPlatform
from core.chat.text.mentions import neutralise
from core.chat.text.split import split
from core.errors import BobbinError

log = logging.getLogger(__name__)

HELP: Final = {
    "help": "what you are reading",
    "new": "begin a new session; I forget what was said before",
    "sessions": "list the sessions of this conversation",
    "resume": "return to an earlier session: `!resume 2`",
    "assistant": "list the Assistants that may answer here, or have another one: `!assistant NAME`",
    "regenerate": "answer your last message again",
    "stop": "stop the answer that is being written",
    "work": "show how I came to my last answer: code, calls, what they gave",
    "usage": "what you used of me; only you see it",
    "forget": "have me forget what you said here; I ask before I do",
    "approve": "let me run what I asked about; where that is several things: `!approve 2`",
    "deny": "do not let me run it",
    "quiet": "in this thread, answer only those who mention me",
    "listen": "in this thread, answer without a mention again",
    "leave": "in this whole channel, answer nobody any more",
    BACK: "answer in this channel again; mention me with it",
}

OF_PEOPLE: Final = frozenset({"usage", "forget"})
"""Commands about a person and not about a conversation."""

OF_SHARED_PLACES: Final = frozenset({"quiet", "listen", "leave", BACK})
"""Commands that mean nothing where a person is alone with Bobbin."""

QUIET: Final = "I answer here only when I am mentioned. `!listen` takes that back."
LISTENING: Final = "I answer here without a mention again, as long as one person writes."

AWAY: Final = "I answer nobody in this channel any more. Mention me with `!return` to have me back."
IS_BACK: Final = "I am back, and answer in this channel again."
NOT_HERE: Final = "This is for channels: write it in a thread there."

NOTHING_ASKED: Final = "There is nothing here that waits for a decision."

PRESSED: Final = {
    "approved": "Approved.",
    "denied": "Denied; it does not run.",
    "decided": "Somebody has decided this already.",
    "late": "It is too late: nobody decided in time, and it does not run.",
    "refused": "Only the person who asked, or an admin, can decide this.",
    "unknown": NOTHING_ASKED,
}


def help_text(*, alone: bool) -> str:
    """All commands, in the form of texts; without those of shared places for who is `alone`."""
    return "\n".join(
        f"- `!{name}` – {meaning}"
        for name, meaning in HELP.items()
        if not (alone and name in OF_SHARED_PLACES)
    )


class Saying:
    """Answers commands, outside the mail."""

    def __init__(self, platforms: dict[str, ChatPlatform]) -> None:
        self._platforms = platforms

    async def say(
        self,
        command: Command,
        text: str,
        post: Post | None = None,
        *,
        part: str = "reply",
        alone: bool = False,
    ) -> None:
        """Say it where the command came from, in as many posts as it takes, or as a file where
        these are too many; if that fails, the log has it.

        What the last of them looks like beside its text is `post`. `part` tells apart what is said
        to the same command. With `alone` only who gave it sees the answer, where the platform can
        do that.
        """
        platform = self._platforms[command.conversation.platform]
        can = platform.capabilities
        parts = [part.text for part in split(neutralise(text, can.mentions), can.max_chars)]
        files: tuple[OutFile, ...] = ()
        if can.max_parts and len(parts) > can.max_parts:
            files = (OutFile(f"{command.name}.md", "text/markdown; charset=utf-8", text.encode()),)
            parts[can.max_parts - 1 :] = [f"(This is long: all of it is in {files[0].name}.)"]
        plain = Post(part_id="", text="")
        only_for = command.author.id if alone and command.shared else ""
        try:
            for number, piece in enumerate(parts):
                name = f"{command.id}.{part}" + (f".{number}" if number else "")
                is_last = number == len(parts) - 1
                shown = replace(
                    post if post is not None and is_last else plain,
                    part_id=name,
                    text=piece,
                    files=files if is_last else (),
                    turn=(command.id,),
                    kind="notice",
                    only_for=only_for,
                )
                await platform.send(command.conversation, shown)
        except BobbinError as error:
            log.warning("the answer to a command could not be shown: %s", error)

    async def tell_all(self, command: Command, sentence: str) -> None:
        """Say in a shared place what a command did there that one person alone saw answered."""
        platform = self._platforms[command.conversation.platform]
        text = neutralise(sentence, platform.capabilities.mentions)
        post = Post(part_id=f"{command.id}.told", text=text, turn=(command.id,), kind="shared")
        try:
            await platform.send(command.conversation, post)
        except BobbinError as error:
            log.warning("what a command did could not be shown: %s", error)
