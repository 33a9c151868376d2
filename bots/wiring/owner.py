"""The name under which a process claims turns and Runs, and whether that process still lives."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path


def new_owner() -> str:
    """`<host>/<boot>/<pid>/<start>/<nonce>`: nobody else is ever called the same."""
    pid = os.getpid()
    return "/".join((_host(), _boot(), str(pid), _started(pid), secrets.token_hex(4)))


def is_gone(owner: str) -> bool:
    """Whether this owner certainly lives no more. Owners on other hosts keep their leases."""
    fields = owner.split("/")
    if len(fields) != 5 or fields[0] != _host():
        return False
    _, boot, pid, started, _ = fields
    if boot != _boot():
        return True
    return not pid.isdecimal() or not started or _started(int(pid)) != started


def _host() -> str:
    return socket.gethostname().replace("/", "_")


def _boot() -> str:
    """The start of this system; in a container that shares it, the pid namespace counts too."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return "?"
    return f"{boot}.{space}"


def _started(pid: int) -> str:
    """Clock ticks from boot to the start of this process; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _alive_without_proc(pid)
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in ("Z", "X") else fields[18]


def _alive_without_proc(pid: int) -> str:
    if Path("/proc/self").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
