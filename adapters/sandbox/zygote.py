"""The process that sessions are forked from. Runs inside; started by `nursery.py`.

It is executed afresh with an empty environment, so nothing of the bot is in its memory; it imports
what sessions will want, and never runs anybody's code. One message (SOCK_SEQPACKET) a request:

    fork {number, mode} + a socket    -> {}  or {error}
    kill {number}                     -> {why}    and its folders are removed
    thaw {number}, freeze {number}    no answer
    end of the connection             everything ends

It also watches the disk of running sessions where no quota does.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from adapters.sandbox import birth, landlock, linux, namespaces, scratch
from adapters.sandbox.jail import Mode, Place
from adapters.sandbox.limits import Limits

_LOOK_EVERY_S = 0.05
_SCRATCH = "bobbin-jail-"
_ALSO_READABLE = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/usr/share/fonts")


@dataclass(slots=True)
class _Child:
    pid: int
    folder: Path | None
    """Where its files are, when they are on the host's disk."""
    running: bool = True
    why: str = ""


class Zygote:
    """Serves one control connection until it closes."""

    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self._control = control
        self._limits = Limits.from_json(config["limits"])
        self._scratch_base: str = config["scratch"]
        self._scratch: Path | None = None
        self._scratch_lock = -1
        self._children: dict[int, _Child] = {}
        self._tree = namespaces.Tree(
            anchor=config["anchor"],
            readable=_readable_paths(hidden=config["hidden"]),
            disk_bytes=self._limits.disk_bytes,
            files=self._limits.files,
        )
        self._looked = 0.0

    def serve(self) -> None:
        hello = {
            "landlock": landlock.abi(),
            "readable": [*self._tree.readable, str(Path(os.__file__).resolve())],
        }
        self._control.send(json.dumps(hello).encode())
        while True:
            wait = (
                _LOOK_EVERY_S
                if any(c.folder and c.running for c in self._children.values())
                else None
            )
            if select.select([self._control], [], [], wait)[0]:
                message, fds, _, _ = socket.recv_fds(self._control, 65536, 1)
                if not message:
                    return
                self._obey(json.loads(message), fds)
            if wait is not None and time.monotonic() - self._looked > _LOOK_EVERY_S:
                self._look_at_disks()

    def end(self) -> None:
        for number in list(self._children):
            self._kill(number)
        if self._scratch is not None:
            with contextlib.suppress(OSError):  # swept by the next one
                scratch.remove_tree(self._scratch)

    def _obey(self, request: dict[str, Any], fds: list[int]) -> None:
        number: int = request["number"]
        match request["op"]:
            case "fork":
                try:
                    self._fork(number, Mode.from_json(request["mode"]), fds[0])
                    answer: dict[str, object] = {}
                except (OSError, EOFError) as error:
                    answer = {"error": str(error)}
                finally:
                    for fd in fds:
                        os.close(fd)
                self._reply(request, answer)
            case "kill":
                self._reply(request, {"why": self._kill(number)})
            case "freeze":
                self._signal(number, signal.SIGSTOP)
            case "thaw":
                self._signal(number, signal.SIGCONT)
            case _:
                raise ValueError(request["op"])

    def _reply(self, request: dict[str, Any], answer: dict[str, object]) -> None:
        self._control.send(json.dumps({"id": request["id"], **answer}).encode())

    def _signal(self, number: int, which: signal.Signals) -> None:
        child = self._children.get(number)
        if child is not None:
            # Not waited for yet, so the number still is this child's, dead or alive.
            os.kill(child.pid, which)
            child.running = which == signal.SIGCONT

    def _kill(self, number: int) -> str:
        child = self._children.pop(number, None)
        if child is None:
            return ""
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        if child.folder is not None:
            with contextlib.suppress(OSError):  # what is left goes with the whole of it
                scratch.remove_tree(child.folder)
        return child.why

    def _look_at_disks(self) -> None:
        """Kill running sessions that use more disk than they may, where no file system says so."""
        self._looked = time.monotonic()
        for child in self._children.values():
            if child.folder is None or not child.running or child.why:
                continue
            try:
                room = self._limits.disk_bytes - scratch.hidden_bytes(child.pid)
                scratch.measure(child.folder, disk_bytes=room, files=self._limits.files)
            except scratch.TooMuch:
                child.why = "disk"
                os.kill(child.pid, signal.SIGKILL)

    def _fork(self, number: int, mode: Mode, channel: int) -> None:
        mode.check()
        folder = None if mode.namespaces else self._new_folder(number, mode)
        place = (
            Place(namespaces.DATA, namespaces.TEMPORARY)
            if folder is None
            else Place(str(folder / "data"), str(folder / "tmp"))
        )
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(birth.LONGEST_S)
            pid = os.fork()
            if pid == 0:
                birth.become_session(mode, self._limits, self._tree, place, channel, theirs)
            theirs.close()
            unborn = [pid]
            try:
                birth.attend(unborn, mode, ours)
            except BaseException:
                for pid in unborn:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                if folder is not None:
                    scratch.remove_tree(folder)
                raise
            self._children[number] = _Child(unborn[0], folder)

    def _new_folder(self, number: int, mode: Mode) -> Path:
        if self._scratch is None:
            # Where nobody has to get in, a folder that others may pass through is needed.
            base = Path(tempfile.gettempdir() if mode.drop_root else self._scratch_base)
            scratch.sweep(base, _SCRATCH)
            self._scratch, self._scratch_lock = scratch.claim(base, _SCRATCH)
            self._scratch.chmod(0o711)
        folder = self._scratch / str(number)
        folder.mkdir(0o711)
        for name in ("data", "tmp"):
            (folder / name).mkdir(0o700)
            if mode.drop_root:
                os.chown(folder / name, namespaces.NOBODY, namespaces.NOBODY)
        return folder


def _readable_paths(*, hidden: list[str]) -> tuple[str, ...]:
    """The interpreter's library, the import path, and the folders of the shared libraries in use.

    Never a folder that contains one of `hidden`.
    """
    wanted = [*sys.path, *_ALSO_READABLE]
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            path = line.split(maxsplit=5)[5:]
            if path and ".so" in path[0]:
                wanted.append(str(Path(path[0].strip()).parent))
    real = {str(Path(p).resolve()) for p in wanted if p and Path(p).exists()}
    secret = [Path(p).resolve() for p in hidden]
    safe = [p for p in real if not any(s == Path(p) or Path(p) in s.parents for s in secret)]
    return namespaces.outermost(safe)


def _prepare(config: dict[str, Any]) -> None:
    """The import path, the imports, and what every fork then has from the start."""
    soft = 256
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft if hard < 0 else min(soft, hard)))
    with contextlib.suppress(OSError):
        # When memory runs out the kernel is to choose a session, not the bot.
        Path("/proc/self/oom_score_adj").write_text("500")
    linux.prctl("subreaper", linux.PR_SET_CHILD_SUBREAPER, 1)
    standard = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    dynamic = [p for p in sys.path if p.endswith("lib-dynload")]
    real = [str(Path(p).resolve()) for p in (*standard, *dynamic, *config["libraries"])]
    sys.path[:] = list(dict.fromkeys(real))
    for name in config["preload"]:
        with contextlib.suppress(ImportError):
            import_module(name)
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.switch_backend("Agg")
    gc.collect()
    gc.freeze()
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads != 1:
        raise RuntimeError(f"a preloaded library started {threads - 1} threads")


def main(control_fd: int) -> None:
    """Serve on this descriptor; the first message is the configuration."""
    control = socket.socket(fileno=control_fd)
    config = json.loads(control.recv(1 << 20))
    try:
        _prepare(config)
        zygote = Zygote(control, config)
    except Exception as error:  # noqa: BLE001 - reported, then the end
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        return
    try:
        zygote.serve()
    finally:
        zygote.end()
