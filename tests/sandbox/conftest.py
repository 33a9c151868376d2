"""Interpreters in each mode that this machine can give."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from core.clock import SystemClock
from core.engine.records import Execution, Logs

NOBODY = 65534
CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = Path(pytest.__file__).resolve().parents[1]
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_MODES = ("namespaces", "landlock")

CALM = Limits(soft_s=20.0, grace_s=5.0)
"""No test that uses it waits for these."""


def python_for_nobody() -> str | None:
    """An interpreter of this version that an ordinary user may start; ours may lie below /root."""
    for path in (sys.executable, f"/usr/bin/python{_VERSION}", f"/usr/local/bin/python{_VERSION}"):
        if Path(path).exists() and _starts_as_nobody(path):
            return path
    return None


def _starts_as_nobody(path: str) -> bool:
    if os.geteuid() != 0:
        return True
    code = f"import sys; sys.path[:0] = [{str(CHECKOUT)!r}]; import adapters.sandbox"
    try:
        done = subprocess.run(
            [path, "-S", "-B", "-c", code],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            cwd="/",
        )
    except OSError:
        return False
    return done.returncode == 0


@dataclass(frozen=True, slots=True)
class Setting:
    """How an interpreter is made in one mode."""

    mode: str
    python: Path

    def options(self) -> dict[str, Any]:
        return {
            "python": self.python,
            "clock": SystemClock(),
            "namespaces": self.mode == "namespaces",
            "libraries": (PACKAGES,),
        }


def setting(mode: str) -> Setting:
    """As root without namespaces the jail's user is nobody, who needs a Python to read."""
    python = sys.executable if mode == "namespaces" else python_for_nobody()
    if python is None:
        pytest.skip("no Python that an ordinary user may start")
    return Setting(mode, Path(python))


class Jails:
    """Interpreters of one mode, without preloaded packages; one for each set of limits."""

    def __init__(self, mode: str, folder: Path) -> None:
        self._setting = setting(mode)
        self.mode = mode
        self.python = self._setting.python
        self._folder = folder
        self._made: dict[Limits, SandboxedInterpreter] = {}

    @asynccontextmanager
    async def __call__(self, *, limits: Limits = CALM) -> AsyncIterator[SandboxedInterpreter]:
        """The interpreter with these limits, shared by the tests of a module."""
        if limits not in self._made:
            self._made[limits] = self._new(limits=limits)
        await skip_without(self._made[limits], self.mode)
        yield self._made[limits]

    @asynccontextmanager
    async def fresh(self, **options: Any) -> AsyncIterator[SandboxedInterpreter]:
        """One of the test's own."""
        async with self._new(**options) as interpreter:
            await skip_without(interpreter, self.mode)
            yield interpreter

    def _new(self, **options: Any) -> SandboxedInterpreter:
        settled: dict[str, Any] = {
            "state_dir": self._folder,
            "preload": (),
            "limits": CALM,
            **self._setting.options(),
            **options,
        }
        return SandboxedInterpreter(**settled)

    async def close(self) -> None:
        for interpreter in self._made.values():
            await interpreter.__aexit__(None, None, None)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=_MODES)
async def jails(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Jails]:
    """Interpreters in each mode."""
    made = Jails(request.param, tmp_path_factory.mktemp("state"))
    yield made
    await made.close()


@pytest.fixture
def session(request: pytest.FixtureRequest) -> str:
    """A session of each test's own."""
    return request.node.name


async def skip_without(interpreter: SandboxedInterpreter, mode: str) -> None:
    """Skip where this machine cannot give the mode asked for; where it can, insist."""
    status = await interpreter.status()
    if not status.available or (mode == "namespaces" and "namespaces" not in status.layers):
        skip_or_fail(mode, status.sentence)


def skip_or_fail(mode: str, why: str, *, nobody: bool = False) -> None:
    if machine_gives(mode, nobody=nobody):
        pytest.fail(f"the kernel gives {mode}, and yet: {why}")
    pytest.skip(why)


def machine_gives(mode: str, *, nobody: bool = False) -> bool:
    """Asked of the kernel without any of the code under test."""
    identity: dict[str, Any] = (
        {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody else {}
    )
    python = python_for_nobody() or sys.executable
    asked = subprocess.Popen([python, "-I", "-S", "-c", _ASK[mode]], **identity)
    return asked.wait() == 0


_ASK = {
    # User, mount, process and network namespaces, and the right to mount in them.
    "namespaces": """
import ctypes, os
libc, uid = ctypes.CDLL(None), os.geteuid()
assert libc.unshare(0x10000000 | 0x20000 | 0x20000000 | 0x40000000) == 0
open("/proc/self/uid_map", "w").write(f"0 {uid} 1")
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
""",
    "landlock": """
import ctypes
assert ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1
""",
}


def said(execution: Execution) -> str:
    """All text of an execution."""
    return "".join(output.text for output in execution.outputs if isinstance(output, Logs))


def children(interpreter: SandboxedInterpreter) -> list[int]:
    """The processes of its sessions."""
    zygote = interpreter.pool.zygote_pid
    return [int(pid) for pid in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()]


def only_child(interpreter: SandboxedInterpreter) -> int:
    (pid,) = children(interpreter)
    return pid


def state_of(pid: int) -> str:
    """`R` runs, `S` sleeps, `T` is stopped, `` is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def ended(pid: int) -> bool:
    """Whether it is gone, or only waits for somebody to take note."""
    return state_of(pid) in {"", "Z"}


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere; the test's own time-out is the limit."""
    while not holds():
        await asyncio.sleep(0.01)
