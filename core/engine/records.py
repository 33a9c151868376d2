"""What the engine hands to its ports and gets back: stored records, changes, executions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from core.assistants import (
    Assistant,
    File,
    Json,
    Message,
    Run,
    RunStep,
    StreamEvent,
    Thread,
    VectorStore,
)
from core.errors import BobbinError

T = TypeVar("T", covariant=True)


def _no_state() -> Json:
    return {}


Collection = Literal["messages", "runs", "steps"]
"""The lists of a Thread's partition. `steps` belong to a Run, the others to the Thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRecord:
    """A Thread and whose it is. `revision` says how often it was replaced; the store counts."""

    thread: Thread
    tenant: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRecord:
    """An Assistant, a File or a vector store, whose it is, and what only the engine knows of it.

    `state` holds what the API object has no field for: `effort` of an Assistant, `blob` (the name
    in the blob store) of a File.
    """

    value: Assistant | File | VectorStore
    tenant: str = ""
    state: Json = field(default_factory=_no_state)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A Run and what only the engine knows of it.

    `revision` grows by one with each stored change. `state` is the executor's own JSON: what the
    API object has no field for (effort, include, rounds so far, tokens so far, `tenant` ...).
    """

    run: Run
    revision: int = 0
    state: Json = field(default_factory=_no_state)


Document = ThreadRecord | Message | RunRecord | RunStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Which part of a list: the API's four query parameters. `limit` is 1 to 100.

    `after` and `before` are exclusive ids. One that was deleted within the hour still has its
    place, so that whoever deletes a list while reading it comes to its end; an unknown id gives an
    empty page.
    `run_id` keeps only the Messages of that Run.
    """

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, in the order asked for, and whether more follows."""

    data: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class NoActiveRun:
    """The Thread exists and has no Run that is not terminal."""


@dataclass(frozen=True, slots=True)
class RunAt:
    """The Run still has this revision."""

    run_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class ThreadAt:
    """The Thread itself still has this revision."""

    revision: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """The Run is claimed under this epoch (the fence of every executor's write)."""

    run_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Exists:
    """The Thread (and, if named, this Message of it) exists."""

    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """No Thread with this id exists yet; with a Run's or Message's id: none such in it.

    It makes creation under a given id idempotent: the second attempt finds the first one's object.
    """

    run_id: str | None = None
    message_id: str | None = None


Expectation = NoActiveRun | RunAt | ThreadAt | Epoch | Exists | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One atomic change within one Thread: all of it happens, or none and `Conflict` is raised.

    Documents in `put` are added at the end of their list (an id that is there keeps its place and
    is replaced). `events` are appended to the event log of `run_id`, in order. `activate` makes
    `run_id` the Thread's active Run, `deactivate` ends that. `enqueue` offers `run_id` to the
    executors, and whoever still holds it has lost it; with `claim_as` the Run is claimed for that
    owner in the same step and its epoch is returned by `commit`. `park` ends the claim of `run_id`
    while it stays active and may expire: it waits for somebody outside. `expires_at` (seconds
    since the epoch) enters the Run among those that a sweeper will find (an earlier entry is
    replaced); `deactivate` removes it and its claim again. `home` makes the owner of the claim the
    Thread's home: it has the live code session, so the Thread's Runs are kept for it for a moment
    when they are enqueued (docs/decisions/0016).
    """

    thread_id: str
    expect: tuple[Expectation, ...] = ()
    put: tuple[Document, ...] = ()
    remove_messages: tuple[str, ...] = ()
    run_id: str | None = None
    events: tuple[StreamEvent, ...] = ()
    activate: bool = False
    deactivate: bool = False
    enqueue: bool = False
    park: bool = False
    claim_as: str | None = None
    home: bool = False
    expires_at: int | None = None


class Conflict(BobbinError):
    """An expectation of a Change did not hold; nothing was changed.

    `active_run` is the Run that was in the way of a `NoActiveRun`.
    """

    def __init__(self, failed: Expectation, *, active_run: str | None = None) -> None:
        super().__init__(f"expectation failed: {failed!r}")
        self.failed = failed
        self.active_run = active_run


@dataclass(frozen=True, slots=True)
class RunClaim:
    """The right to execute a Run: nobody else writes under a smaller `epoch` from now on.

    `takeovers` counts the owners before this one that were lost while they held it.
    """

    thread_id: str
    run_id: str
    epoch: int
    takeovers: int = 0


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of a Run's log. `sequence` counts from 1: a number that is missing was dropped."""

    sequence: str
    event: StreamEvent


@dataclass(frozen=True, slots=True)
class Logs:
    """Text that the code printed, its last value, or its traceback."""

    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that the code drew, as PNG bytes."""

    png: bytes


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """A file that the code left or changed in `/mnt/data`; `size` in bytes."""

    name: str
    size: int


KEPT_S: Final = 0.3
"""How long a Run is kept for its Thread's home: far longer than a live process takes to answer, and
too short for a person to notice."""

SESSION_S: Final = 3600
"""Seconds without code after which a session's variables go, and the Thread has no home."""

RESET: Final = "The session was reset: variables are gone, files in /mnt/data are kept."
"""What the model is told of a session that was lost; an interpreter may say it with the reason."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of one piece of code.

    `failed` says that it raised. `state` is `reset` when the session was lost (time-out, crash,
    memory): its variables are gone, files in `/mnt/data` are kept.
    """

    outputs: tuple[Logs | Figure, ...]
    files: tuple[ProducedFile, ...] = ()
    failed: bool = False
    state: Literal["kept", "reset"] = "kept"


@dataclass(frozen=True, slots=True)
class InterpreterStatus:
    """Whether code can be run safely here, by which layers, and if not, what to do."""

    available: bool
    layers: tuple[str, ...]
    sentence: str
