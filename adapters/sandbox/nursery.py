"""The host's side of the zygote: starts it, asks it for sessions, ends it. Linux only."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from adapters.sandbox.jail import Mode
from adapters.sandbox.limits import Limits

PRELOAD = (
    "numpy",
    "pandas",
    "sympy",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "mpl_toolkits.mplot3d",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "asyncio",
    "csv",
    "decimal",
    "fractions",
    "pickle",
    "sqlite3",
    "statistics",
    "zipfile",
    "encodings.idna",
)
ROOT = Path(__file__).resolve().parents[2]
"""Where this package is imported from: the checkout, or the folder of installed packages."""
_START_S = 120.0
_ANSWER_S = 30.0
# The checkout is on the import path only while this package is imported from it.
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from adapters.sandbox import zygote; "
    "sys.path.remove(sys.argv[1]); zygote.main(int(sys.argv[2]))"
)


class ZygoteGone(Exception):
    """The zygote ended or does not answer; its sessions ended with it."""


class BirthFailed(Exception):
    """A session could not be jailed, so it was not made. The text says which layer refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a zygote needs to know."""

    python: Path
    libraries: tuple[Path, ...]
    """Folders of installed packages, read-only inside."""
    preload: tuple[str, ...]
    limits: Limits
    folder: Path
    """The bot's own, private to this process; a mount point and font cache are made in it."""
    cache: Path
    hidden: tuple[Path, ...]
    """What must never be readable, whatever the import path says."""


class Nursery:
    """One zygote. Every method raises `ZygoteGone` once it is dead."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._asking = asyncio.Lock()
        self.landlock_abi = 0
        self.readable: tuple[str, ...] = ()

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, plan: Plan) -> Nursery:
        """Start a zygote and wait until it has imported everything.

        Raises:
            ZygoteGone: it did not come up; the text says why.
        """
        anchor = plan.folder / "root"
        anchor.mkdir(mode=0o700, exist_ok=True)
        plan.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220 - a spawn; it is not waited for
                    [
                        *(str(plan.python), "-I", "-S", "-B", "-c", _BOOT),
                        *(str(ROOT), str(theirs.fileno())),
                    ],
                    pass_fds=(theirs.fileno(),),
                    cwd="/",
                    env=_environment(plan.cache),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    # A Ctrl-C in the terminal is for the bot alone.
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise ZygoteGone(f"{plan.python} does not start: {error.strerror}") from error
        nursery = cls(process, ours)
        try:
            await nursery._greet(plan, anchor)
        except BaseException:
            await nursery.close()
            raise
        return nursery

    async def _greet(self, plan: Plan, anchor: Path) -> None:
        config: dict[str, object] = {
            "limits": plan.limits.as_json(),
            "libraries": [str(path) for path in plan.libraries],
            "preload": list(plan.preload),
            "anchor": str(anchor),
            "scratch": str(plan.folder),
            "hidden": [str(path) for path in (plan.folder, *plan.hidden)],
        }
        self._send(config)
        hello = await self._receive(_START_S)
        if "failed" in hello:
            raise ZygoteGone(str(hello["failed"]))
        self.landlock_abi = cast("int", hello["landlock"])
        self.readable = tuple(cast("list[str]", hello["readable"]))

    async def fork(self, mode: Mode) -> tuple[int, socket.socket]:
        """A new session's number and the host's end of its channel.

        Raises:
            BirthFailed: a layer of the jail could not be put on.
            ZygoteGone: no zygote.
        """
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                answer = await self._ask("fork", number, fds=[theirs.fileno()], mode=mode.as_json())
            if "error" in answer:
                raise BirthFailed(str(answer["error"]))
        except BaseException as error:
            ours.close()
            if isinstance(error, asyncio.CancelledError):
                # The session may be born all the same; nobody would ever end it.
                self.discard(number)
            raise
        return number, ours

    async def kill(self, number: int) -> str:
        """End a session and remove its folders; returns `disk` where it had used too much of it."""
        return str((await self._ask("kill", number)).get("why", ""))

    def discard(self, number: int) -> None:
        """End a session without waiting for its end."""
        with contextlib.suppress(ZygoteGone):
            self._tell("kill", number)

    def thaw(self, number: int) -> None:
        self._tell("thaw", number)

    def freeze(self, number: int) -> None:
        """Stop the session where it is, so that what it left running burns nothing."""
        self._tell("freeze", number)

    async def close(self) -> None:
        """End the zygote, and with it every session. Twice is fine."""
        # Not closed yet: somebody may be waiting for an answer, who then sees the end of it.
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        # It ends by itself at the end of the connection, and tidies up first.
        await asyncio.to_thread(self._wait)
        async with self._asking:
            self._control.close()

    def _wait(self) -> None:
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _ask(
        self, op: str, number: int, *, fds: list[int] | None = None, **more: object
    ) -> Mapping[str, object]:
        async with self._asking:
            request_id = self._tell(op, number, fds=fds, **more)
            while True:
                answer = await self._receive(_ANSWER_S)
                # Answers to what was cancelled meanwhile are passed over.
                if answer.get("id") == request_id:
                    return answer

    def _tell(self, op: str, number: int, *, fds: list[int] | None = None, **more: object) -> int:
        request_id = next(self._ids)
        self._send({"id": request_id, "op": op, "number": number, **more}, fds)
        return request_id

    def _send(self, message: Mapping[str, object], fds: list[int] | None = None) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], fds or [])
        except OSError as error:
            raise ZygoteGone("The interpreter's parent process ended") from error

    async def _receive(self, within_s: float) -> Mapping[str, object]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                message = await loop.sock_recv(self._control, 1 << 20)
        except (OSError, TimeoutError) as error:
            raise ZygoteGone("The interpreter's parent process does not answer") from error
        if not message:
            raise ZygoteGone("The interpreter's parent process ended")
        return cast("dict[str, object]", json.loads(message))


def _environment(cache: Path) -> dict[str, str]:
    """Everything that the zygote's environment holds. Nothing of ours is passed on."""
    return {
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "TZ": "UTC",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(cache),
        # One thread each: a user namespace can only be entered by a process without threads.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        # Each further malloc arena reserves 64 MB of the limited address space.
        "MALLOC_ARENA_MAX": "2",
    }
