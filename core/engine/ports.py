"""What the engine needs from outside. Each port's guarantees stand in its docstrings."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol

from core.assistants import StreamEvent
from core.engine.generation import ModelEvent, ModelRequest
from core.engine.records import (
    Change,
    Collection,
    Cursor,
    Document,
    Execution,
    InterpreterStatus,
    LoggedEvent,
    ObjectRecord,
    Page,
    RunClaim,
    ThreadRecord,
)
from core.engine.requests import Readable

ObjectKind = Literal["assistant", "file", "vector_store"]


class ChatModel(Protocol):
    """A language model (or the offline tutor) behind one endpoint."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round, event by event as it happens.

        The last event is `Finished`. Text, tool calls and reasoning items come in the order in
        which the model made them; the joined deltas are the whole text. Whoever leaves early
        closes the generator, which ends the call.

        Raises:
            ModelUnavailable: no connection, a time-out, a 5xx, a stream that broke off.
            ModelRateLimited: the endpoint asks us to wait.
            ModelRefused: a bad key, an unknown model, a request that the endpoint rejects.
        """
        ...


class SessionFiles(Protocol):
    """What lies in `/mnt/data` of an interpreter's sessions."""

    async def put(self, session: str, name: str, data: bytes, *, key: str = "") -> None:
        """Place a file at `/mnt/data/<name>`; `name` must be a plain file name.

        `key` says where the bytes come from, for `placed`.

        Raises:
            InvalidRequest: the name is a path, or the session's disk is full.
        """
        ...

    async def placed(self, session: str) -> Mapping[str, str] | None:
        """Names that were put into the session since it began, each with its last key.

        What code did to those files meanwhile changes nothing here. None where there is no such
        session: it was never used, or its files are gone.
        """
        ...

    async def get(self, session: str, name: str) -> bytes:
        """The bytes of `/mnt/data/<name>`, never following a link.

        Raises:
            NotFound: there is no such plain file.
        """
        ...


class Interpreter(SessionFiles, Protocol):
    """Runs untrusted Python. A session (one per Thread) keeps variables and `/mnt/data`.

    No code runs unless the platform isolates it; where it cannot, every call raises
    `InterpreterUnavailable`. Nothing that the code does harms the caller or another session.
    """

    async def run(self, session: str, code: str) -> Execution:
        """Run `code` in that session, which is made on first use. Never raises for the code's sake.

        Raises:
            InterpreterUnavailable: this machine cannot isolate code.
        """
        ...

    async def close(self, session: str) -> None:
        """Forget the session and its files. Unknown sessions are fine."""
        ...

    async def status(self) -> InterpreterStatus:
        """Probe (once) what this machine gives; needs no running session."""
        ...


class ThreadStore(Protocol):
    """Threads with their Messages, Runs and Steps. Durable: what `commit` returned from survives
    the kill of any process. Everything of one Thread lies in one partition."""

    async def commit(self, change: Change) -> int:
        """Apply `change` atomically; the epoch of the Run if `claim_as` was given, else 0.

        It is 0 as well where another owner is the Thread's home: the Run is kept for that one.
        Sent twice (a dropped connection), a change counts once.

        Raises:
            Conflict: an expectation did not hold.
        """
        ...

    async def thread(self, thread_id: str) -> ThreadRecord | None:
        """The Thread."""
        ...

    async def get(self, thread_id: str, collection: Collection, *ids: str) -> list[Document | None]:
        """These documents; None where there is none. Steps are asked for as `run_id/step_id`."""
        ...

    async def page(
        self, thread_id: str, collection: Collection, cursor: Cursor, *, run_id: str | None = None
    ) -> Page[Document]:
        """A part of a list by order of insertion. `run_id` says whose Steps."""
        ...

    async def delete_thread(self, thread_id: str) -> bool:
        """Remove the Thread and all that is in it; whether it was there."""
        ...


class ObjectStore(Protocol):
    """Objects that belong to no Thread: Assistants, Files, and which vector stores there are.

    An object of another tenant is as good as absent.
    """

    async def put(self, record: ObjectRecord) -> None:
        """Add it, or replace the one with its id, keeping its place."""
        ...

    async def get(
        self, kind: ObjectKind, object_id: str, *, tenant: str = ""
    ) -> ObjectRecord | None:
        """The object."""
        ...

    async def get_many(
        self, kind: ObjectKind, object_ids: Sequence[str], *, tenant: str = ""
    ) -> list[ObjectRecord | None]:
        """These objects, in one round trip; None where there is none."""
        ...

    async def page(
        self, kind: ObjectKind, cursor: Cursor, *, tenant: str = ""
    ) -> Page[ObjectRecord]:
        """A part of the list of a kind (of one tenant), by order of insertion."""
        ...

    async def delete(self, kind: ObjectKind, object_id: str, *, tenant: str = "") -> bool:
        """Remove it; whether it was there."""
        ...


class RunQueue(Protocol):
    """Runs that wait for an executor, and the leases of those that have one (server clock)."""

    async def claim(self, owner: str, limit: int) -> list[RunClaim]:
        """Up to `limit` Runs that nobody holds: enqueued ones and those whose lease ran out.

        Runs that are kept for `owner` come first, and those that `limit` has no place for are
        everybody's from then on. A Run that is kept for another owner is everybody's after a
        moment (`KEPT_S`), and then that owner is no longer its Thread's home.
        """
        ...

    async def renew(self, claims: Sequence[RunClaim]) -> list[bool]:
        """Extend the leases; False for each claim that was lost."""
        ...

    async def release(self, claim: RunClaim, *, again: bool) -> None:
        """Give it up: `again` offers the Run to the next executor (a hand-over, not a crash)."""
        ...

    async def expired(self, now: int, limit: int) -> list[tuple[str, str]]:
        """(thread id, run id) of Runs whose `expires_at` has passed, oldest first."""
        ...

    async def wait(self, timeout_s: float, *, owner: str = "", kept_only: bool = False) -> None:
        """Return when a Run may have become claimable, at the latest after `timeout_s`.

        What is kept for `owner` counts at once, what is kept for others when it is everybody's.
        With `kept_only` nothing counts but the former.
        """
        ...


class RunEvents(Protocol):
    """Each Run's event log: what happened, in order, for followers in any process.

    Status events come in through `ThreadStore.commit` and are durable; deltas come through
    `publish`, may be coalesced, and the log may drop old ones: a follower that fell behind reads
    the stored objects instead. The log of an ended Run goes after a while.
    """

    async def publish(self, claim: RunClaim, events: Sequence[StreamEvent]) -> bool | None:
        """Append deltas; whether anybody reads this log now (None: not known).

        Whoever has waited in `read` within the last half a minute reads it. A log that nobody
        reads gets its deltas in larger pieces, which costs a fraction.

        Raises:
            ClaimLost: the Run is claimed under another epoch.
        """
        ...

    async def read(
        self, thread_id: str, run_id: str, after: str, timeout_s: float
    ) -> list[LoggedEvent]:
        """Events behind `after` ("0" is the start); waits up to `timeout_s` for the first one."""
        ...

    async def request_cancel(self, thread_id: str, run_id: str) -> None:
        """Tell whichever process executes the Run that it is to stop; best effort, at once.

        With the Thread's own id for the Run's: whichever has its code session is to forget it.
        """
        ...

    def cancel_requests(self) -> AsyncIterator[str]:
        """Ids of Runs that are to stop, and of Threads whose code session is to be forgotten, as
        they are asked for, in this process or another."""
        ...


class Blobs(Protocol):
    """Immutable bytes named by their sha256 (hex). Written before anything refers to them."""

    async def put(self, data: bytes | Readable) -> str:
        """Store durably; the name. A file is read from its beginning, and never all of it is in
        memory."""
        ...

    def parts(self, name: str) -> AsyncIterator[bytes]:
        """The bytes, a piece at a time. Raises NotFound before the first one."""
        ...

    async def get(self, name: str) -> bytes:
        """The bytes. Raises NotFound."""
        ...

    async def delete(self, name: str) -> None:
        """Remove; a name that is not there is fine."""
        ...
