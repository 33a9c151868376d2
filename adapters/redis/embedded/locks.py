"""File locks: one server per folder, and knowing who is the last to leave.

Both are `flock`s. A flock belongs to the open file, not to a number in a file: the kernel drops it
when the last process that holds the open file ends, however it ends, so no lock is ever stale.

**`server.lock`** is held exclusively by the *server process itself*, through a file descriptor
that it inherits. Whoever gets this lock knows that no server lives and may start one, handing the
lock on. A server whose parent was killed keeps it: others attach to that server.

**`users.lock`** is held shared by every process that uses the server. Turning a shared flock into
an exclusive one is not atomic (flock(2)), so leaving does not try to. It has two steps:

1. let go of the shared lock;
2. ask for the exclusive one, without waiting.

Of several that leave at once, each lets go before it asks, so the last one to let go finds nobody
and gets it: one of them always stops the server. Whoever does not get it saw somebody who came or
who is stopping the server already, and is done. While one holds it exclusively, newcomers wait for
their shared lock, so nobody attaches to a server that is being stopped; they start the next one.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from core.errors import ConfigurationError


class FileLock:
    """An open lock file. The lock ends with `close`, or with the process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; holds nothing yet.

        Raises:
            OSError: the file cannot be made.
        """
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self.fd = os.open(path, flags, 0o600)

    def try_exclusive(self) -> bool:
        """Take it alone, now or not at all."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take it with others, now or not at all."""
        return self._try(fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go, and keep the file open. Safe when nothing is held."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close this descriptor; a lock that a child inherited stays with the child."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _try(self, operation: int) -> bool:
        try:
            fcntl.flock(self.fd, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ConfigurationError(
                f"BOBBIN_DATA_DIR is on a file system without file locks ({self._path}: "
                f"{error.strerror}). Choose a local folder, or name a server in REDIS_URL."
            ) from error
        return True


def try_server_lock(path: Path) -> FileLock | None:
    """The server's lock, if no server holds it. Close it after the server has inherited it."""
    lock = FileLock(path)
    try:
        if lock.try_exclusive():
            return lock
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None
