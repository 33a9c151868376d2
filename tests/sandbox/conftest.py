"""Interpreters in each mode that this machine can give."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from core.clock import SystemClock

NOBODY = 65534
CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_MODES = ("namespaces", "landlock")

Making = Callable[..., AbstractAsyncContextManager[SandboxedInterpreter]]


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
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []}),
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


@pytest.fixture(params=_MODES)
def making(request: pytest.FixtureRequest, tmp_path: Path) -> Making:
    """Makes interpreters without preloaded packages, in each mode."""
    chosen = setting(request.param)

    @asynccontextmanager
    async def make(**options: Any) -> AsyncIterator[SandboxedInterpreter]:
        settled = {**chosen.options(), "preload": (), "limits": QUICK, **options}
        async with SandboxedInterpreter(state_dir=tmp_path / "state", **settled) as interpreter:
            await skip_without(interpreter)
            yield interpreter

    return make


QUICK = Limits(soft_s=1.0, grace_s=1.0)


async def skip_without(interpreter: SandboxedInterpreter) -> None:
    """Skip where this machine cannot give the mode asked for."""
    status = await interpreter.status()
    if not status.available:
        pytest.skip(status.sentence)
