"""What the engine needs from outside. Each port's guarantees stand in its docstrings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol

from core.engine.generation import ModelEvent, ModelRequest


class ChatModel(Protocol):
    """A language model (or the offline tutor) behind one endpoint."""

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Generate one round, event by event as it happens.

        The last event is `Finished`. Text, tool calls and reasoning items come in the order in
        which the model made them; the joined deltas are the whole text.

        Raises:
            ModelUnavailable: no connection, a time-out, a 5xx, a stream that broke off.
            ModelRateLimited: the endpoint asks us to wait.
            ModelRefused: a bad key, an unknown model, a request that the endpoint rejects.
        """
        ...


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


class Interpreter(Protocol):
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

    async def put(self, session: str, name: str, data: bytes) -> None:
        """Place a file at `/mnt/data/<name>`; `name` must be a plain file name.

        Raises:
            InvalidRequest: the name is a path, or the session's disk is full.
        """
        ...

    async def get(self, session: str, name: str) -> bytes:
        """The bytes of `/mnt/data/<name>`, never following a link.

        Raises:
            NotFound: there is no such plain file.
        """
        ...

    async def close(self, session: str) -> None:
        """Forget the session and its files. Unknown sessions are fine."""
        ...

    async def status(self) -> InterpreterStatus:
        """Probe (once) what this machine gives; needs no running session."""
        ...
