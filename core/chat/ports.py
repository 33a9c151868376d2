"""What the flow of one message needs from outside. Guarantees stand in the docstrings."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.assistants import Belongings, Message, Run, RunStep, StreamEvent
from core.chat.messages import (
    Author,
    Capabilities,
    ConversationKey,
    Inbound,
    Json,
    Post,
    Session,
    Sign,
)
from core.chat.turn_messages import Files, TurnMessage


def _no_state() -> Json:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClaim:
    """The right to do one turn of a conversation.

    `mail` are the turn's Inbounds, fixed when it was begun: a later owner gets the same ones.
    `session` is the one the mail was written in. `lost` counts owners that died in this turn,
    `attempts` the failures that were not an outage. `checkpoint` is what earlier owners left.
    `stop` says that somebody asked to stop it.
    """

    conversation: ConversationKey
    epoch: int
    mail: tuple[Inbound, ...]
    session: Session
    lost: int = 0
    attempts: int = 0
    checkpoint: Json = field(default_factory=_no_state)
    stop: bool = False

    @property
    def turn_id(self) -> str:
        """The id of the first Inbound: the name of the turn."""
        return self.mail[0].id


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an Inbound.

    `claim` is there when the accepting process got the turn at once. `busy` says that a turn of
    this conversation is being answered now.
    """

    status: Literal["stored", "duplicate", "full", "deleted"]
    claim: TurnClaim | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The turn is over: exactly its Inbounds leave the mailbox; the session is saved."""

    session: Session


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not over: the same turn again after `delay_s`. `counts` adds to its attempts."""

    delay_s: float
    counts: bool
    checkpoint: Json


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The refusal was sent: the turn's Inbounds move to the dead letters with `reason`."""

    reason: str
    session: Session


@dataclass(frozen=True, slots=True)
class HandedOver:
    """This process stops; the next owner goes on where the checkpoint stands."""


Outcome = Answered | TryAgain | GivenUp | HandedOver

Renewal = Literal["kept", "lost", "stop"]


class Mailbox(Protocol):
    """The durable FIFO of each conversation. One turn of a conversation at a time."""

    async def accept(
        self, inbound: Inbound, *, claim_as: str | None = None, interrupt: bool = False
    ) -> Accepted:
        """Store it. When this returns `stored` or `duplicate`, no crash loses the message.

        With `claim_as` the turn is claimed for that owner in the same step when the conversation
        is idle and nobody else waits. `interrupt` asks to stop the turn that is being answered.

        Raises:
            StoreError: nothing was stored; do not acknowledge.
        """
        ...

    async def claim(self, owner: str, limit: int) -> list[TurnClaim]:
        """Up to `limit` turns that nobody holds, those who wait longest first.

        A turn takes all mail that waits in its conversation, up to the first that was written
        in another session or is a `regenerate`; that one is a turn of its own.
        """
        ...

    async def renew(self, claims: Sequence[TurnClaim]) -> list[Renewal]:
        """Extend the leases and hear what happened: kept, lost, or asked to stop."""
        ...

    async def checkpoint(self, claim: TurnClaim, state: Json) -> None:
        """Keep `state` for whoever does this turn next.

        Raises:
            ClaimLost: somebody else holds the turn; nothing was written.
        """
        ...

    async def settle(self, claim: TurnClaim, outcome: Outcome) -> None:
        """End this ownership. Done twice, it counts once.

        Raises:
            ClaimLost: somebody else holds the turn; nothing was written.
        """
        ...


class MailControl(Protocol):
    """What overtakes the mail, and what is to be seen of it."""

    async def revise(
        self, conversation: ConversationKey, message_id: str, inbound: Inbound | None
    ) -> Literal["changed", "begun", "unknown"]:
        """Replace (or with None remove) mail that waits, by the platform's message id.

        `begun`: its turn has begun or is over. `unknown`: never seen; a removal leaves a
        tombstone for an hour, so that the message is not taken when it comes after all.
        """
        ...

    async def request_stop(
        self, conversation: ConversationKey, by: Author
    ) -> Literal["stopping", "idle", "refused"]:
        """Ask whoever answers to stop; only the askers of that turn or an admin may."""
        ...

    async def ahead(self, conversation: ConversationKey) -> int | None:
        """How many conversations wait before this one; None when it does not wait."""
        ...

    async def pending(self, conversation: ConversationKey) -> tuple[Inbound, ...]:
        """Mail that is accepted and not yet answered, in order."""
        ...

    def stop_requests(self) -> AsyncIterator[ConversationKey]:
        """Conversations whose turn is to stop, as they are asked for, in any process."""
        ...


class Doorbell(Protocol):
    """Tells that something may have become claimable."""

    async def wait(self, timeout_s: float) -> None:
        """Return at the next ring, at the latest after `timeout_s`."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Mail that was refused for good, for an operator to see."""

    id: str
    inbound: Inbound
    reason: str
    at: float


class DeadLetters(Protocol):
    """What could not be answered."""

    async def list(self, limit: int) -> list[DeadLetter]:
        """The newest ones first."""
        ...

    async def retry(self, letter_id: str) -> bool:
        """Put it back into its mailbox; whether it was there."""
        ...


class Sessions(Protocol):
    """The sessions of each conversation. Mail belongs to the session current at its acceptance."""

    async def current(self, conversation: ConversationKey) -> Session:
        """The one that new mail will belong to; the first one is made on the way."""
        ...

    async def start(
        self, conversation: ConversationKey, now: float, *, afresh: bool = False
    ) -> Session:
        """Begin the next session; what comes from now on belongs to it. It has the Assistant of
        the one that was current, or none chosen if it begins `afresh`."""
        ...

    async def resume(self, conversation: ConversationKey, ordinal: int) -> Session | None:
        """Return to an earlier session; None when there is no such one."""
        ...

    async def list(self, conversation: ConversationKey, limit: int) -> list[Session]:
        """The newest ones first; only those in which something was said."""
        ...

    async def save(self, conversation: ConversationKey, session: Session) -> None:
        """Store it under its ordinal (outside a turn: title, edits)."""
        ...


class Threads(Protocol):
    """Threads and Messages of whatever Assistants service stands behind."""

    async def create_thread(self, key: str, metadata: dict[str, str]) -> str:
        """A Thread; its id. The engine gives the same Thread for the same `key`."""
        ...

    async def messages(self, thread_id: str, *, run_id: str | None, limit: int) -> list[Message]:
        """The newest `limit` Messages in the order of the dialogue; of one Run if named."""
        ...

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        """Remove it. One that is not there is fine."""
        ...

    async def file(self, file_id: str) -> tuple[str, bytes]:
        """Name and bytes of a file that a Message shows."""
        ...


class Runs(Protocol):
    """Runs of whatever Assistants service stands behind."""

    async def create_run(
        self,
        thread_id: str,
        assistant: str,
        messages: Sequence[TurnMessage],
        metadata: dict[str, str],
        *,
        instructions: str = "",
    ) -> Run:
        """Add the Messages and start a Run of the Assistant with that name or id.

        `instructions` come behind the Assistant's own, for this Run.

        Raises:
            InvalidRequest: refused; the text says why.
        """
        ...

    async def find_runs(self, thread_id: str, metadata: dict[str, str]) -> list[Run]:
        """Runs among the newest 20 whose metadata contains this, newest first."""
        ...

    async def run(self, thread_id: str, run_id: str) -> Run:
        """The Run as it stands."""
        ...

    async def cancel(self, thread_id: str, run_id: str) -> None:
        """Stop it; one that has ended is fine."""
        ...

    async def submit_outputs(self, thread_id: str, run_id: str, outputs: Mapping[str, str]) -> None:
        """Give the outputs that the Run needs, all of them, by call id; it goes on.

        Raises:
            InvalidRequest: it does not wait for outputs (any more), or for others.
        """
        ...

    def events(
        self, thread_id: str, run_id: str, *, behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        """All events of the Run from its creation, live, until it ends or needs an action.

        With `behind_call` (a call whose output was submitted) only what comes behind the required
        action with that call. Without it, an action that was answered meanwhile may be told as
        well. A service that cannot stream an existing Run raises `NotImplementedError` at the
        first step; the caller polls then.
        """
        ...


class Notes(Protocol):
    """What is written on Runs afterwards, and read of them."""

    async def note_run(self, thread_id: str, run_id: str, metadata: dict[str, str]) -> None:
        """Add this to the Run's metadata. A Run that is gone is fine."""
        ...

    async def steps(self, thread_id: str, run_id: str) -> list[RunStep]:
        """What the Run did, in order, at most its first 100 Steps; none of a Run that is gone."""
        ...


class Removals(Protocol):
    """Removing for good what conversations made. What is not there is fine, always.

    Raises:
        ModelRefused: the service does not do it.
    """

    async def belongings(self, thread_id: str) -> Belongings:
        """What belongs to the Thread and to nobody else: Files of its Messages and of its code,
        vector stores that were made for it with their Files. Not what it cites."""
        ...

    async def delete_thread(self, thread_id: str) -> None:
        """Remove it with Messages, Runs, Steps and code session; a Run that is active stops."""
        ...

    async def delete_file(self, file_id: str) -> None:
        """Remove it, from vector stores as well."""
        ...

    async def delete_store(self, store_id: str) -> None:
        """Remove it; its Files stay."""
        ...

    async def close_code(self, thread_id: str) -> None:
        """Forget the Thread's code session with the files in it, as far as the service can."""
        ...


class Assistants(Threads, Files, Runs, Notes, Removals, Protocol):
    """An Assistants service: the engine in this process, or a remote one."""


class ChatPlatform(Protocol):
    """The sending side of a chat platform; works from any process."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        """Show a new post; the platform's reference to it.

        Raises:
            PlatformUnavailable, PlatformRateLimited: not sent; try again.
            DeliveryUnclear: may have been sent; ask `find`.
            ConversationGone: never.
            TooEarly: not sent, and the post still grows: send it when there is more of it.
        """
        ...

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        """Show this instead of what the post said. Raises as `send` does."""
        ...

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        """The reference of a part that is already shown; None when it certainly is not."""
        ...

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        """Show a sign of life. Best effort; never raises PlatformError."""
        ...


class Capacity(Protocol):
    """How many turns can get a model now."""

    @property
    def limit(self) -> int:
        """Places of the model in this process, taken ones included."""
        ...

    def free(self) -> int:
        """Free places of the model; a turn waits in its mailbox until there is one."""
        ...

    async def changed(self, timeout_s: float) -> None:
        """Return when `free` may have grown, at the latest after `timeout_s`."""
        ...
