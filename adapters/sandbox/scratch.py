"""Folders that live as long as a process: claimed by a lock, swept when their owner is gone."""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import stat
import tempfile
from pathlib import Path


class TooMuch(Exception):
    """A folder holds more than it may, or cannot be measured."""


def claim(base: Path, prefix: str) -> tuple[Path, int]:
    """A new folder `<base>/<prefix>…` and the descriptor whose lock says that it is in use."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        fcntl.flock(fd, fcntl.LOCK_EX)
        if path.exists():
            return path, fd
        os.close(fd)  # somebody who swept just then took it for a dead one's


def sweep(base: Path, prefix: str) -> None:
    """Remove folders of `claim` whose owner died."""
    for path in base.iterdir():
        if path.name.startswith(prefix):
            _remove_unclaimed(path)


def _remove_unclaimed(path: Path) -> None:
    try:
        if path.lstat().st_uid != os.geteuid():
            return
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_tree(path)
    except OSError:
        return  # in use, or swept by somebody else meanwhile
    finally:
        os.close(fd)


def remove_tree(top: Path) -> None:
    """Remove a folder that untrusted code filled: any depth, any mode, never through a link.

    Folders are emptied into `top` instead of being descended into, so depth costs no recursion and
    no long path.
    """
    serial = itertools.count()
    # Not to be guessed: a folder of that name would be in the way.
    prefix = f".removed-{secrets.token_hex(8)}-"
    while paths := list(top.iterdir()):
        for path in paths:
            if not _is_folder(path):
                path.unlink()
                continue
            path.chmod(0o700)
            for inner in path.iterdir():
                if _is_folder(inner):
                    inner.chmod(0o700)  # a folder that moves must be writable itself
                inner.rename(top / f"{prefix}{next(serial)}")
            path.rmdir()
    top.rmdir()


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def measure(top: Path, *, disk_bytes: int, files: int, depth: int = 32) -> None:
    """Return when what `top` holds stays within these bounds.

    Raises:
        TooMuch: it does not, or a folder in it cannot be read.
    """
    size = entries = 0
    waiting: list[tuple[str, int]] = [(str(top), 0)]
    while waiting:
        path, level = waiting.pop()
        if level > depth:
            raise TooMuch(f"folders {level} deep")
        try:
            with os.scandir(path) as listing:
                for entry in listing:
                    status = entry.stat(follow_symlinks=False)
                    entries += 1
                    size += status.st_blocks * 512
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append((entry.path, level + 1))
        except FileNotFoundError:
            continue  # removed meanwhile
        except OSError as error:
            raise TooMuch(f"a folder that cannot be read: {error.strerror}") from error
        if size > disk_bytes or entries > files:
            raise TooMuch(f"{size} bytes in {entries} files")


def hidden_bytes(pid: int) -> int:
    """Bytes of deleted files that `pid` still holds open; 0 where this cannot be seen."""
    size = 0
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0
    for path in descriptors:
        try:
            status = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            size += status.st_blocks * 512
    return size
