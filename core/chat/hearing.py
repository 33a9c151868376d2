"""What a chat platform's ears keep, where the platform itself keeps nothing for them: how far they
have heard, what they have taken but not yet put into a mailbox, and what a post means to us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.chat.messages import ConversationKey, Json


class Hearing(Protocol):
    """How far an ear has heard, so that the next one asks for what came after. An ear is named by
    platform, account and share of it. Times in seconds since the epoch."""

    async def reached(self, ear: str) -> float | None:
        """Up to when everything was heard and stored; None when it never listened (in 30 days).

        Raises:
            StoreError: not known just now.
        """
        ...

    async def reach(self, ear: str, at: float) -> None:
        """Everything up to then was heard and stored; never goes back. Raises StoreError."""
        ...

    async def met(self, ear: str, place: str, at: float) -> bool:
        """Somebody wrote in a place that no list of the platform will name; whether it was not
        known, which is answered alike to whoever asks for the same time again. Raises StoreError.
        """
        ...

    async def places(self, ear: str, since: float, limit: int) -> list[str]:
        """Such places in which somebody wrote since then, the newest first. Raises StoreError."""
        ...

    async def first(self, name: str) -> bool:
        """Whether this was never asked before (within a day): who takes something that may come
        twice, and has no place in a mailbox. Raises StoreError."""
        ...


class Keeping(Protocol):
    """What is kept for a moment, in any process."""

    async def keep(self, ear: str, name: str, body: Json) -> bool:
        """Keep something until `done`; whether it was not there yet, nor done within a day. When
        this returns, no crash loses it.

        Raises:
            StoreError: nothing was stored.
        """
        ...

    async def done(self, ear: str, name: str) -> None:
        """It has found its place elsewhere. Raises StoreError."""
        ...

    async def kept(self, ear: str) -> dict[str, Json]:
        """All that is kept, by name. Raises StoreError."""
        ...

    async def lend(self, name: str, text: str) -> None:
        """Keep this for a quarter of an hour. Raises StoreError."""
        ...

    async def lent(self, name: str) -> str | None:
        """What was lent; None when its time is over. Raises StoreError."""
        ...


class Homes(Protocol):
    """Whose conversation a post is, where that cannot be read from the post. An account is a bot
    on a platform; a post is named by the platform."""

    async def put(self, account: str, post: str, conversation: ConversationKey) -> None:
        """Remember it for 30 days. Raises StoreError."""
        ...

    async def of(self, account: str, post: str) -> ConversationKey | None:
        """The conversation; None where it is not known. Raises StoreError."""
        ...


class Loops(Protocol):
    """Turns that programs started, with no person in between: two programs must not talk to each
    other for ever."""

    async def turn(self, place: str, post: str, at: float, person_at: float, most: int) -> int:
        """A program's post wants a turn in that place: which one in a row it is, the same for the
        same post. Past `most` + 1 it is `most` + 2 for each.

        `at` is when it was written, `person_at` when a person wrote there last as far as is known
        (0 for never), in seconds since the epoch: whoever wrote after the last turn ends the row,
        as an hour without a turn does. Raises StoreError.
        """
        ...


class Kinds(Protocol):
    """Which kinds of events an account is sent, by when one came last: what tells an operator that
    a kind is missing, where the platform does not. Times in whole seconds since the epoch."""

    async def heard(self, ear: str, kinds: Mapping[str, float]) -> None:
        """Events of these kinds came then. Raises StoreError."""
        ...

    async def kinds(self, ear: str) -> dict[str, float]:
        """All kinds that came within 30 days. Raises StoreError."""
        ...
