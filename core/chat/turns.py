"""A turn in work: the claim, how fresh it is, and the wish to stop it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.assistants import Run
from core.chat.messages import ConversationKey, Json
from core.chat.ports import Mailbox, TurnClaim
from core.clock import Clock
from core.errors import ClaimLost


def _no_rows() -> list[Json]:
    return []


@dataclass(slots=True)
class Progress:
    """What a later owner needs to go on: the checkpoint, as fields."""

    thread_id: str | None = None
    run_id: str | None = None
    parts: list[Json] = field(default_factory=_no_rows)
    outage_since: float | None = None
    blocked_since: float | None = None
    runs: int = 0
    again: list[Json] | None = None
    """What a Regenerate asks anew, planned before the old words are removed: name and text."""
    wish: str = ""
    """The Assistant that came with the question, once the session is bound to it."""

    @classmethod
    def from_json(cls, body: Json) -> Progress:
        """The inverse of `to_json`; unknown keys of a newer version are left alone."""
        known = {name: body[name] for name in cls.__dataclass_fields__ if name in body}
        return cls(**known)

    def to_json(self) -> Json:
        """The form in the store."""
        return {
            "thread_id": self.thread_id,
            "run_id": self.run_id,
            "parts": self.parts,
            "outage_since": self.outage_since,
            "blocked_since": self.blocked_since,
            "runs": self.runs,
            "again": self.again,
            "wish": self.wish,
        }


class Turn:
    """One claimed turn while this process works on it."""

    def __init__(
        self, claim: TurnClaim, mailbox: Mailbox, clock: Clock, *, lease_s: float, fenced: bool
    ) -> None:
        self.claim = claim
        self.progress = Progress.from_json(claim.checkpoint)
        self.assistant = ""
        """Who answers: the name of a declared Assistant, or an id."""
        self.aside = ""
        """A sentence about who answers, where that is not who was chosen."""
        self.left_out: tuple[str, ...] = ()
        """One sentence for each file that did not go in with the Messages."""
        self.says_why = False
        """The sign that people see says what this turn waits for, so it stays."""
        self.ended: Run | None = None
        """The Run that was followed to its end."""
        self.stop = asyncio.Event()
        if claim.stop:
            self.stop.set()
        self._mailbox = mailbox
        self._clock = clock
        self._lease_s = lease_s
        self._fenced = fenced
        self._renewed = clock.monotonic()

    @property
    def conversation(self) -> ConversationKey:
        """Where it happens."""
        return self.claim.conversation

    @property
    def inbound_ids(self) -> tuple[str, ...]:
        """The Inbounds that this turn answers."""
        return tuple(inbound.id for inbound in self.claim.mail)

    def renewed(self, asked_at: float) -> None:
        """The lease was extended, by a request sent at `asked_at` (monotonic seconds).

        Not when the answer was read: a process that was stopped in between reads an old answer.
        """
        self._renewed = max(self._renewed, asked_at)

    async def save(self) -> None:
        """Write the checkpoint; it is the fence too.

        Raises:
            ClaimLost: somebody else holds the turn.
        """
        asked_at = self._clock.monotonic()
        try:
            await self._mailbox.checkpoint(self.claim, self.progress.to_json())
            self.renewed(asked_at)
        except ClaimLost:
            if self._fenced:
                raise

    async def record(self, parts: list[Json]) -> None:
        """Write the checkpoint with these parts of the reply. Raises ClaimLost."""
        self.progress.parts = parts
        await self.save()

    async def still_ours(self) -> None:
        """Make sure of the claim before something that cannot be taken back.

        Within half a lease of the last renewal nobody can have taken it, so nothing is asked; a
        process that was stopped for a while asks.

        Raises:
            ClaimLost: somebody else holds the turn.
        """
        # Again after each answer: a process that was stopped meanwhile reads an old one.
        while self._fenced and self._clock.monotonic() - self._renewed >= self._lease_s / 2:
            asked_at = self._clock.monotonic()
            (answer,) = await self._mailbox.renew([self.claim])
            if answer == "lost":
                raise ClaimLost(f"turn {self.claim.turn_id!r} has another owner")
            if answer == "stop":
                self.stop.set()
            self.renewed(asked_at)
