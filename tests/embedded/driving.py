"""Starting, asking and killing other processes that share an embedded server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from adapters.redis.embedded.locks import try_server_lock

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("one_process.py")


class OtherProcess:
    """One run of `one_process.py`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def read(self) -> str:
        """The next line that it prints; empty when it has ended."""
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().rstrip("\n")

    async def ask(self, command: str) -> str:
        """Send a command and return its answer."""
        self.tell(command)
        return await self.read()

    def tell(self, command: str) -> None:
        """Send a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")

    async def leave(self) -> None:
        """Let it end in an orderly way."""
        assert await self.ask("leave") == "left"
        await self._process.wait()

    async def kill(self) -> None:
        """kill -9."""
        if self._process.returncode is None:
            self._process.kill()
        assert self._process.stdout is not None
        await self._process.stdout.read()
        await self._process.wait()


@contextlib.asynccontextmanager
async def other_processes(data_dir: Path, count: int = 1) -> AsyncIterator[list[OtherProcess]]:
    """So many processes, all started at once, each of which has the server up."""
    others = [
        OtherProcess(
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(PROGRAM),
                str(data_dir),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
            )
        )
        for _ in range(count)
    ]
    try:
        for other in others:
            assert await other.read() == "up"
        yield others
    finally:
        for other in others:
            await other.kill()


def server_lives(data_dir: Path) -> bool:
    """Whether a server process holds the folder's lock."""
    lock = try_server_lock(data_dir / "valkey" / "server.lock")
    if lock is None:
        return True
    lock.close()
    return False


def server_pid(data_dir: Path) -> int:
    """The process that was started last."""
    return int(json.loads((data_dir / "valkey" / "server.json").read_text())["pid"])


def servers_of(data_dir: Path) -> list[int]:
    """All processes that work in the folder (Linux)."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if (entry / "cwd").readlink() == (data_dir / "valkey").resolve():
                found.append(int(entry.name))
    return found


async def kill_server(data_dir: Path) -> int:
    """kill -9 the server, wait until it is gone, and return what its pid was."""
    pid = server_pid(data_dir)
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/cwd").exists():
        await asyncio.sleep(0.001)
    return pid


def assert_one_sentence(error: BaseException, *words: str) -> None:
    """An error's text is for people: one line, with these words in it."""
    text = str(error)
    assert "\n" not in text
    assert "Traceback" not in text
    for word in words:
        assert word in text
