"""What the bot's own functions need from outside, and the approvals that some wait for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.chat.messages import Author, ConversationKey
from core.chat.ports import TurnClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What an operator declared of a function. `timeout_s` in seconds."""

    approval: bool = False
    idempotent: bool = False
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """For whom and where a function is called; `assistant` is the Assistant's id."""

    askers: tuple[Author, ...]
    conversation: ConversationKey
    assistant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function call that a Run waits for. `arguments` are JSON as the model wrote it."""

    run_id: str
    id: str
    name: str
    arguments: str

    @property
    def key(self) -> str:
        """Names this call with exactly these arguments; a service that uses an id twice for
        different calls names two."""
        words = f"{self.name}\x1f{self.arguments}".encode("utf-8", "surrogatepass")
        return f"{self.run_id}/{self.id}/{hashlib.sha256(words).hexdigest()[:32]}"


class OwnFunctions(Protocol):
    """The functions that an operator gave the bot."""

    def traits(self, name: str) -> Traits | None:
        """What was declared of it; None when there is no function of that name."""
        ...

    async def call(self, call: Call, caller: Caller) -> str:
        """Its output for the model, or one line about what went wrong; within its time limit.

        Nothing but cancellation comes out of it. No secret and no traceback is in the text.
        """
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stood when somebody wanted to start it.

    `new`: it is noted as started by whoever asked, who runs it now. `unclear`: somebody started
    it and left no output; it may have run. `done`: here is its output.
    """

    state: Literal["new", "unclear", "done"]
    output: str = ""


class CallLog(Protocol):
    """What was called in a turn. It ends with the turn."""

    async def start(self, claim: TurnClaim, call: Call, *, again: bool) -> Standing:
        """How the call stands. If it is `new`, it is noted as started, durably, before this
        returns. With `again` a call that is unclear is new once more.

        Raises:
            ClaimLost: somebody else does the turn; nothing was noted.
        """
        ...

    async def finish(self, claim: TurnClaim, call: Call, output: str) -> None:
        """Note the output of a call that this owner started.

        Raises:
            ClaimLost: somebody else does the turn; nothing was noted.
        """
        ...


Decision = Literal["open", "approved", "denied", "late"]
Pressed = Literal["approved", "denied", "decided", "late", "refused", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A call that shall wait for a person's yes. `shown` is how people see it; whoever is in
    `askers` (author ids) may decide, for `patience_s` seconds from the first time it is asked."""

    call: Call
    shown: str
    askers: tuple[str, ...]
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A wish as it stands. `number` counts within the turn, `patience_s` is what it was asked
    with, `by` names who decided, and `left_s` is how long it stays open."""

    id: str
    number: int
    shown: str
    patience_s: float
    decision: Decision = "open"
    by: str = ""
    left_s: float = 0.0


class Approvals(Protocol):
    """Durable questions to people. They end with the turn. Time is the store's."""

    async def ask(self, claim: TurnClaim, wishes: Sequence[Wish]) -> Sequence[Approval]:
        """Ask those that were not asked before; how each stands. One whose time is over is
        decided as `late` by this.

        Raises:
            ClaimLost: somebody else does the turn; nothing was asked.
        """
        ...

    async def press(
        self, conversation: ConversationKey, approval_id: str, by: Author, *, approve: bool
    ) -> Pressed:
        """Decide; the first press wins, and wakes the turn that waits for it.

        `decided`: somebody was first. `late`: its time is over. `refused`: only the askers of the
        turn or an admin may. `unknown`: there is no such one (any more). The same press again is
        answered as the first time.
        """
        ...

    async def list(self, conversation: ConversationKey) -> Sequence[Approval]:
        """Those of the turn that is in work or waits there, as they stand, by number."""
        ...
