"""People across conversations: who they are, what they used, and what is to be forgotten of them.

A person is known by the id that a platform gave them. What one person alone sees is a platform of
its own in the names of conversations (`slack-private`), and the same people use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote

from core.chat.messages import Author, ConversationKey, Json

DAY_S: Final = 86_400

_ALONE: Final = "-private"


def home_of(conversation: ConversationKey) -> str:
    """The platform as people name it: `slack` for `slack-private` as well."""
    return conversation.platform.removesuffix(_ALONE)


def person_of(conversation: ConversationKey, author_id: str, *, workspaces: bool) -> str:
    """The name of a person of the platform that the conversation is on.

    With `workspaces` ids mean something within a workspace only, which is the first part of a
    conversation's name there.
    """
    parts = [home_of(conversation), *(conversation.parts[:1] if workspaces else ()), author_id]
    return ":".join(quote(part, safe="@+ .-_") for part in parts)


def day_of(at: float) -> int:
    """The day (UTC) of a moment in seconds since the epoch, counted from 1970."""
    return int(at // DAY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One person's part of a Run: tokens, and millionths of a US dollar where a price is known."""

    run_id: str
    day: int
    read: int = 0
    written: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a person used: answers, and what `Spent` counts."""

    answers: int = 0
    read: int = 0
    written: int = 0
    micros: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            answers=self.answers + other.answers,
            read=self.read + other.read,
            written=self.written + other.written,
            micros=self.micros + other.micros,
        )


class Accounts(Protocol):
    """What is known of people across conversations."""

    async def note(
        self, person: str, *, spent: Spent | None = None, own: ConversationKey | None = None
    ) -> None:
        """Count what they spent, and remember a conversation that is theirs alone.

        A Run counts once for a person, however often it is told within two days. Kept for 32 days
        by day; the conversation until `begin` of `Partings` takes it.

        Raises:
            StoreError: say it again.
        """
        ...

    async def used(self, person: str, days: Sequence[int]) -> list[Used]:
        """What they used on each of these days."""
        ...

    async def own(self, person: str) -> list[ConversationKey]:
        """The conversations that are theirs alone, by name."""
        ...

    async def forget(self, person: str, days: Sequence[int]) -> None:
        """Remove what they used on these days, and which Runs were counted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person was asked to confirm: to be forgotten in that conversation, which others
    share, or in all that are theirs alone."""

    conversation: ConversationKey
    shared: bool

    def to_json(self) -> Json:
        """The form in the store."""
        return {"conversation": str(self.conversation), "shared": self.shared}

    @classmethod
    def from_json(cls, body: Json) -> Wish:
        """The inverse of `to_json`."""
        return cls(conversation=ConversationKey.parse(body["conversation"]), shared=body["shared"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """A confirmed wish while it is carried out.

    `name` is the command that confirmed it, `at` when (seconds since the epoch), and `reply_to`
    where: what came of it is said there. `conversations` are those that are to be forgotten.
    """

    name: str
    person: str
    author: Author
    shared: bool
    conversations: tuple[ConversationKey, ...]
    reply_to: ConversationKey
    at: float = 0.0

    def to_json(self) -> Json:
        """The form in the store. Nobody is an admin here: it is about the person's own words."""
        return {
            "name": self.name,
            "person": self.person,
            "author": {"id": self.author.id, "name": self.author.name},
            "shared": self.shared,
            "conversations": [str(one) for one in self.conversations],
            "reply_to": str(self.reply_to),
            "at": self.at,
        }

    @classmethod
    def from_json(cls, body: Json) -> Parting:
        """The inverse of `to_json`."""
        return cls(
            name=body["name"],
            person=body["person"],
            author=Author(**body["author"]),
            shared=body["shared"],
            conversations=tuple(map(ConversationKey.parse, body["conversations"])),
            reply_to=ConversationKey.parse(body["reply_to"]),
            at=body["at"],
        )


class Partings(Protocol):
    """Wishes to be forgotten, from the question to the end of the work."""

    async def ask(self, person: str, wish: Wish) -> None:
        """Remember for an hour what a person was asked, in the place of an earlier wish."""
        ...

    async def asked(self, person: str) -> Wish | None:
        """What they were asked."""
        ...

    async def begin(self, parting: Parting) -> bool:
        """Note the work durably, and take the wish and the conversations off what is remembered of
        the person. False, and nothing was done: there is no wish (any more). The same parting told
        again is begun."""
        ...

    async def begun(self) -> list[Parting]:
        """Work that is not done, of everybody."""
        ...

    async def done(self, parting: Parting) -> None:
        """It is done, or there is nothing left to do."""
        ...


class Traces(Protocol):
    """What a conversation leaves in the store beside its Threads. `name` is that of the parting:
    what was done for it is not done again, so that what came after it stays."""

    async def halt(self, conversation: ConversationKey, name: str) -> bool:
        """Let what comes from now on belong to a new session, remove mail of the old ones that
        waits, and ask a turn of theirs that is in work to stop; whether there is one."""
        ...

    async def seal(self, conversation: ConversationKey, name: str) -> tuple[str, ...]:
        """As `halt`, and take that turn from its owner, who writes nothing any more. The Threads of
        the old sessions; no crash loses one of them before `erase`."""
        ...

    async def erase(self, conversation: ConversationKey, name: str) -> None:
        """Remove those sessions, mail that was given up, and what is to be shown there. How many
        sessions there were stays, so that no number comes twice."""
        ...

    async def withdraw(self, conversation: ConversationKey, author_id: str, until: float) -> int:
        """Remove one person's mail that was given up, or waits and came until then (seconds since
        the epoch); how many of it."""
        ...
