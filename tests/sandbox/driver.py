"""Carries out every attack without a jail and in each jail that it is told; prints what came of it.

A process of its own, because it runs as whichever user a test wants.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.sandbox.interpreter import SandboxedInterpreter

PATIENCE_S = 5.0
"""How long the effect of an attack without a jail may be on its way."""
ATTEMPTS = 3
"""What comes through the jail does so each time; what is late from the last attack, once."""


class World:
    """What there is to steal and to break, and whether it has been."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.outside = folder / "outside"
        self.libraries = folder / "libraries"
        self.state = folder / "state"
        self.env = self.project / ".env"
        self.library = self.libraries / "shared_library.py"
        self.checkout = checkout / "adapters/sandbox/seccomp.py"
        # As open as the jail's user may need it; what must stay closed is closed by the jail.
        folder.chmod(0o755)
        for path in (self.project, self.outside, self.libraries):
            path.mkdir(mode=0o755)
        self.received = 0
        self._victim: subprocess.Popen[bytes] | None = None
        self._open: list[socket.socket] = []
        self.ports = {
            "TCP": self._serve(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "UDP": self._serve(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        }
        self.names = {
            "UNIX": str(folder / "store.sock"),
            "DATAGRAM": str(folder / "log.sock"),
            "ABSTRACT": f"bobbin-test-{os.getpid()}",
        }
        self._serve(socket.AF_UNIX, socket.SOCK_STREAM, self.names["UNIX"])
        self._serve(socket.AF_UNIX, socket.SOCK_DGRAM, self.names["DATAGRAM"])
        self._serve(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.names["ABSTRACT"])
        self.reset()

    def reset(self, *, victim: bool = True) -> None:
        """As it was in the beginning; with a new `victim` where the last one may be dying."""
        for path in (self.project, self.outside, self.libraries):
            for child in path.iterdir():
                child.rmdir() if child.is_dir() else child.unlink()
        self.env.write_text("KEY=SECRET\n")
        self.library.write_text("ANSWER = 42\n")
        for path in (self.env, self.library):
            path.chmod(0o644)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        self.received = 0
        if victim:
            self._end_victim()
            self._victim = subprocess.Popen(["sleep", "600"])

    def state_now(self) -> object:
        """Everything that an attack may not change."""
        assert self._victim is not None
        files: dict[str, object] = {}
        for path in (self.project, self.outside, self.libraries):
            for child in sorted(path.iterdir()):
                status = child.lstat()
                content = child.read_text() if child.is_file() else ""
                files[str(child)] = (content, status.st_mode, status.st_mtime, status.st_nlink)
        time.sleep(0.005)  # a signal on its way
        return files, self._victim.poll(), self.received

    def targets(self) -> dict[str, str]:
        assert self._victim is not None
        words = {
            "ENV": self.env,
            "CHECKOUT": self.checkout,
            "LIBRARY": self.library,
            "OUTSIDE": self.outside,
            "STATE": self.state,
            **self.names,
        }
        numbers = {**self.ports, "VICTIM": self._victim.pid}
        return {
            # Spelled so that no path stands in the source: the jail rewrites those it knows.
            **{
                name: f"bytes.fromhex('{str(value).encode().hex()}').decode()"
                for name, value in words.items()
            },
            **{name: str(value) for name, value in numbers.items()},
        }

    def close(self) -> None:
        for server in self._open:
            server.close()
        self._end_victim()

    def _end_victim(self) -> None:
        if self._victim is not None:
            self._victim.kill()
            self._victim.wait()

    def _serve(self, family: int, kind: int, address: Any) -> int:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        self._open.append(server)
        threading.Thread(target=self._answer, args=(server, kind), daemon=True).start()
        name = server.getsockname()
        return name[1] if family == socket.AF_INET else 0

    def _answer(self, server: socket.socket, kind: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                if kind == socket.SOCK_STREAM:
                    client, _ = server.accept()
                    with client, contextlib.suppress(OSError):
                        client.send(b"ESCAPED")
                else:
                    server.recv(100)
                self.received += 1


class Plain:
    """An interpreter without a jail."""

    def __init__(self, python: str, secret: str) -> None:
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("plain.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"BOBBIN_TEST_SECRET": secret},
        )

    def run(self, code: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def filled(code: str, targets: dict[str, str]) -> str:
    from tests.sandbox.attacks import PREAMBLE

    for name in sorted(targets, key=len, reverse=True):
        code = code.replace("$" + name, targets[name])
    return PREAMBLE + code


@contextlib.contextmanager
def world(checkout: Path) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="bobbin-attacks-") as folder:
        made = World(Path(folder), checkout)
        try:
            yield made
        finally:
            made.close()


async def main(order: dict[str, Any]) -> None:
    from tests.sandbox.attacks import ATTACKS

    result: dict[str, Any] = {"modes": {}, "attacks": {name: {} for name in ATTACKS}}
    with world(Path(order["checkout"])) as targets:
        async with contextlib.AsyncExitStack() as stack:
            plain = Plain(order["plain"], "SECRET")
            stack.callback(plain.close)
            jails: dict[str, SandboxedInterpreter] = {}
            for mode in order["modes"]:
                jail = await stack.enter_async_context(jail_for(mode, targets))
                status = await jail.status()
                result["modes"][mode["name"]] = {"layers": status.layers, "why": status.sentence}
                if status.available:
                    # Another session, with something to steal, stays alive throughout.
                    await jail.put("other", "secret.txt", b"SECRET")
                    await jail.run("other", "x = 'SECRET'")
                    jails[mode["name"]] = jail
            for name, attack in ATTACKS.items():
                outcome = result["attacks"][name]
                outcome["plain"] = attempted(targets, attack, plain.run)
                for mode, jail in jails.items():
                    for _ in range(ATTEMPTS):
                        outcome[mode] = await jailed(targets, attack, jail)
                        if not outcome[mode]["through"]:
                            break
    sys.stdout.write(json.dumps(result))


def jail_for(mode: dict[str, Any], targets: World) -> SandboxedInterpreter:
    from adapters.sandbox.interpreter import SandboxedInterpreter
    from core.clock import SystemClock

    return SandboxedInterpreter(
        state_dir=targets.state,
        python=Path(mode["python"]),
        clock=SystemClock(),
        libraries=(targets.libraries,),
        preload=(),
        hidden=(targets.project,),
        namespaces=mode["namespaces"],
    )


def attempted(targets: World, attack: str, run: Callable[[str], str]) -> dict[str, Any]:
    targets.reset(victim="$VICTIM" in attack)
    before = targets.state_now()
    said = run(filled(attack, targets.targets()))
    through = "ESCAPED" in said
    patient_until = time.monotonic() + PATIENCE_S
    while not through and time.monotonic() < patient_until:
        through = targets.state_now() != before
    return {"through": through, "said": said}


async def jailed(targets: World, attack: str, jail: SandboxedInterpreter) -> dict[str, Any]:
    from core.engine.records import Logs

    targets.reset(victim="$VICTIM" in attack)
    before = targets.state_now()
    execution = await jail.run("attacker", filled(attack, targets.targets()))
    said = "".join(output.text for output in execution.outputs if isinstance(output, Logs))
    return {"through": "ESCAPED" in said or targets.state_now() != before, "said": said}


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    sys.path[:0] = arguments["imports"]
    sys.dont_write_bytecode = True
    asyncio.run(main(arguments))
