"""The layers of one session, put on in the only order that works.

namespaces, new root    must come before Landlock, which forbids mounting
limits, lower priority
identity                another user, no capabilities; after what needs them
death of the parent     after the identity, whose change would clear it
no_new_privs, Landlock
seccomp                 last: it forbids all of the above
"""

from __future__ import annotations

import os
import resource
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters.sandbox import landlock, linux, namespaces, seccomp
from adapters.sandbox.limits import Limits


@dataclass(frozen=True, slots=True)
class Mode:
    """Which layers a session gets; seccomp and the limits are always on."""

    namespaces: bool
    landlock: bool
    drop_root: bool
    """Become nobody outside. Only for a bot that runs as root."""

    def as_json(self) -> dict[str, bool]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Mode:
        if not isinstance(value, dict):
            raise ValueError("a mode must be an object")
        return cls(
            namespaces=value["namespaces"] is True,
            landlock=value["landlock"] is True,
            drop_root=value["drop_root"] is True,
        )

    def check(self) -> None:
        """The rule: no file layer, no code; and never root with nothing but Landlock around it.

        Raises:
            PermissionError: these layers would not keep code in.
        """
        if not (self.namespaces or self.landlock):
            raise PermissionError("neither namespaces nor Landlock")
        if os.geteuid() == 0 and not (self.namespaces or self.drop_root):
            raise PermissionError("root without namespaces")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session's own folders are: `/mnt/data` and `/tmp`, or two folders of the host."""

    data: str
    temporary: str


def enter(mode: Mode, limits: Limits, tree: namespaces.Tree, place: Place) -> None:
    """Put on every layer but seccomp; the caller is a fresh fork of the zygote.

    With namespaces it is the first process of its own, with the ids already mapped.

    Raises:
        OSError: a layer could not be put on. Nothing untrusted may run then.
    """
    mode.check()
    os.umask(0o022)
    threads = limits.threads
    if mode.namespaces:
        namespaces.build_root(tree)
        socket.sethostname("bobbin")
    else:
        threads += _running(namespaces.NOBODY if mode.drop_root else os.getuid())
    _limit(limits, threads)
    os.nice(5)
    _become_ordinary(mode)
    linux.prctl("death signal", linux.PR_SET_PDEATHSIG, 9)
    linux.prctl("no_new_privs", linux.PR_SET_NO_NEW_PRIVS, 1)
    if mode.landlock:
        version = landlock.abi()
        if not version:
            raise OSError("landlock: not in this kernel")
        landlock.restrict(
            version,
            readable=(*tree.readable, *namespaces.DEVICES, "/etc/passwd", "/etc/group")
            if mode.namespaces
            else (*tree.readable, *namespaces.DEVICES),
            writable=(place.data, place.temporary, "/dev/null"),
        )
    os.umask(0o077)
    os.chdir(place.data)


def lock_calls(mode: Mode) -> None:
    """Put on seccomp, the last layer.

    Raises:
        OSError: it could not be put on. Nothing untrusted may run then.
    """
    arch = seccomp.architecture(os.uname().machine)
    seccomp.install(seccomp.program(arch, os.getpid(), own_tree=mode.namespaces))


def _limit(limits: Limits, threads: int) -> None:
    for which, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, threads),
        (resource.RLIMIT_CPU, limits.cpu_s),
        # One byte: unlike zero it also keeps the kernel from piping a core to a program.
        (resource.RLIMIT_CORE, 1),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bound, bound))


def _become_ordinary(mode: Mode) -> None:
    if mode.drop_root:
        identity = namespaces.INNER_ID if mode.namespaces else namespaces.NOBODY
        os.setgroups([])
        os.setresgid(identity, identity, identity)
        os.setresuid(identity, identity, identity)
    linux.drop_capabilities()


def _running(user: int) -> int:
    """Threads of this user now. RLIMIT_NPROC counts those too, outside a user namespace."""
    count = 0
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            if path.stat().st_uid == user:
                count += sum(1 for _ in (path / "task").iterdir())
        except OSError:
            continue  # it ended meanwhile, or is hidden from us
    return count
