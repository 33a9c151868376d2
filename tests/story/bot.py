"""The bot as a person meets it: the command, in a process of its own, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Bot:
    """One installation: its data folder and its variables."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def start(self, *words: str, stdin: int | None = None) -> subprocess.Popen[str]:
        """Start `bobbin WORDS`."""
        return subprocess.Popen(
            [sys.executable, "-m", "bots", *words],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, lines: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `bobbin WORDS` to its end, with lines piped into it."""
        process = self.start(*words, stdin=None if lines is None else subprocess.PIPE)
        try:
            out, err = process.communicate(lines, timeout=PATIENCE_S)
        finally:
            kill(process)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def server_pid(self) -> int | None:
        """The pid of the embedded server of this folder, if it runs."""
        place = str(self.data / "valkey")
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                if (
                    str((entry / "cwd").readlink()) == place
                    and b"valkey" in (entry / "cmdline").read_bytes()
                ):
                    return int(entry.name)
            except OSError:
                continue
        return None

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "BOBBIN_DATA_DIR": str(self.data),
            "BOBBIN_MODEL_API": "offline",
            "BOBBIN_PORT": "0",
            **self.variables,
        }


def end(process: subprocess.Popen[str]) -> None:
    """SIGTERM, so that it drains and stops its server; every pipe closed."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
    kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9, and every pipe closed."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What a process says on stderr until a line contains these words."""
    assert process.stderr is not None
    said = ""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        line = process.stderr.readline()
        said += line
        if words in line:
            return said
        if not line:
            break
    raise AssertionError(f"the bot never said {words!r}:\n{said}")
