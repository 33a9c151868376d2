"""Bobbin's own Redis: a Valkey child process that all processes of one data folder share.

`embedded_server` is all that others need. `locks.py` tells how processes agree.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.redis.embedded.binary import NO_SERVER, bundled_server, find_server
from core.clock import Clock
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from adapters.redis.embedded.binary import ServerBinary
    from adapters.redis.embedded.machine import Machine
    from adapters.redis.embedded.supervisor import Supervisor


@asynccontextmanager
async def embedded_server(
    data_dir: Path,
    clock: Clock,
    *,
    search_path: str = "",
    binary: ServerBinary | None = None,
    machine: Machine | None = None,
    mountinfo: str | None = None,
    beat_s: float = 10.0,
) -> AsyncIterator[Supervisor]:
    """A server for `data_dir`, shared with every other process that uses the same folder.

    Inside, `url` on what is yielded names it; if the server dies it is started again, by one of
    its users. The last user to leave ends it. If this process is killed the server lives on, and
    the next one attaches to it.

    Args:
        data_dir: BOBBIN_DATA_DIR; the server lives in `valkey/` below it.
        clock: for waiting.
        search_path: the value of PATH, for a server program when the bundled one is not there.
        binary: start this program instead.
        machine: who we are, if not what the system says.
        mountinfo: the mount table, if not /proc/self/mountinfo.
        beat_s: seconds between two signs of life to other machines.

    Raises:
        ConfigurationError: no server program, or the folder is unfit (network file system, another
            machine, another user, read-only, files of a newer server).
        StoreRefused: the disk is full.
        StoreUnavailable: the server does not start.
    """
    if sys.platform == "win32":
        raise ConfigurationError(NO_SERVER)  # no flock, no unix sockets
    from adapters.redis.embedded.machine import Machine, MachineFile
    from adapters.redis.embedded.place import prepare
    from adapters.redis.embedded.supervisor import Supervisor

    program = binary or find_server(search_path, bundled=bundled_server())
    directory = prepare(data_dir, mountinfo)
    claim = MachineFile(directory / "machine", machine or Machine.read(), clock, beat_s)
    supervisor = Supervisor(directory, program, claim, clock)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()
