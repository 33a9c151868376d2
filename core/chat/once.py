"""What may be told several times and is carried out once.

A message is known by its place in the mailbox. A command has none: it is done on the way in, so its
name is noted before and after. A process that dies in between leaves the first note, which ends by
itself; then whoever is told again carries it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, Protocol, TypeVar

from core.chat.messages import ConversationKey
from core.clock import Clock
from core.errors import StoreUnavailable

T = TypeVar("T")

PATIENCE_S: Final = 2.0
"""How long the same thing, told again, waits for the first to be done: platforms give three
seconds for an acknowledgement."""

_PAUSE_S: Final = 0.02


class Turnstile(Protocol):
    """Notes of what is being done and was done, by the name of an event in a conversation."""

    async def enter(
        self, conversation: ConversationKey, name: str
    ) -> Literal["first", "busy", "done"]:
        """Whether nobody has begun this (then it is begun), somebody is at it (for a minute at
        most), or it was done within a day. Raises StoreError."""
        ...

    async def leave(self, conversation: ConversationKey, name: str, *, done: bool) -> None:
        """It is done; or it failed, and is to be begun again. Raises StoreError."""
        ...


class Once:
    """Carries things out once."""

    def __init__(self, turnstile: Turnstile, clock: Clock) -> None:
        self._turnstile = turnstile
        self._clock = clock

    async def carry_out(
        self, conversation: ConversationKey, name: str, what: Callable[[], Awaitable[T]]
    ) -> tuple[T] | None:
        """What it gave; None where it was done already.

        Raises:
            StoreUnavailable: somebody else is still at it; ask again later.
            BobbinError: from `what`, or the notes cannot be made.
        """
        until = self._clock.monotonic() + PATIENCE_S
        while (state := await self._turnstile.enter(conversation, name)) == "busy":
            if self._clock.monotonic() >= until:
                raise StoreUnavailable("the same command is still being carried out")
            await self._clock.sleep(_PAUSE_S)
        if state == "done":
            return None
        try:
            given = await what()
        except BaseException:
            await self._turnstile.leave(conversation, name, done=False)
            raise
        await self._turnstile.leave(conversation, name, done=True)
        return (given,)
