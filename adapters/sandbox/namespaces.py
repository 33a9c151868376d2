"""A world of its own: user, mount, process, network, IPC and host name namespaces, and a new root.

The root is a small read-only tmpfs in which only the interpreter, its libraries and the session's
own folders exist. There is no /proc, no /sys, no network device that is up, no other process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox import linux

INNER_ID = 1000
"""User and group inside: an ordinary one, whoever runs the bot."""
NOBODY = 65534
DATA = "/mnt/data"
TEMPORARY = "/tmp"  # noqa: S108 - the path inside the jail
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_LIBRARY_LINKS = ("/lib", "/lib32", "/lib64")


@dataclass(frozen=True, slots=True)
class Tree:
    """What the new root is made of; sizes in bytes."""

    anchor: str
    """An empty folder of the host on which the new root is mounted."""
    readable: tuple[str, ...]
    disk_bytes: int
    files: int


def separate() -> None:
    """Leave the host's namespaces. The next fork is the first process of the new one."""
    linux.unshare(
        linux.CLONE_NEWUSER
        | linux.CLONE_NEWNS
        | linux.CLONE_NEWPID
        | linux.CLONE_NEWNET
        | linux.CLONE_NEWIPC
        | linux.CLONE_NEWUTS
    )


def map_ids(pid: int, *, drop_root: bool) -> None:
    """Say who the users of `pid`'s new namespace are outside; called by its parent.

    With `drop_root` the session's user is nobody outside, and root is there only to build the new
    root (its interpreter may lie below a folder that only root may enter). Otherwise the session's
    user is whoever runs the bot.
    """
    if drop_root:
        users = groups = f"0 0 1\n{INNER_ID} {NOBODY} 1\n"
    else:
        users, groups = f"{INNER_ID} {os.geteuid()} 1\n", f"{INNER_ID} {os.getegid()} 1\n"
        _write(f"/proc/{pid}/setgroups", "deny")
    _write(f"/proc/{pid}/gid_map", groups)
    _write(f"/proc/{pid}/uid_map", users)


def build_root(tree: Tree) -> None:
    """Mount the new root and enter it. Afterwards `DATA` and `TEMPORARY` belong to `INNER_ID`."""
    linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    quiet = linux.MS_NOSUID | linux.MS_NODEV
    anchor = Path(tree.anchor)
    linux.mount("tmpfs", str(anchor), "tmpfs", quiet, "size=1m,nr_inodes=1000,mode=755")
    # First, because a library may itself lie below /tmp or /mnt.
    _mount_quota(anchor, tree, quiet | linux.MS_NOEXEC)
    for path in tree.readable:
        _bind(Path(path), _below(anchor, path), linux.MOUNT_ATTR_NODEV)
    for path in DEVICES:
        _bind(Path(path), _below(anchor, path), linux.MOUNT_ATTR_NOEXEC)
    for path in _LIBRARY_LINKS:
        if Path(path).is_symlink():
            _below(anchor, path).symlink_to(Path(path).readlink())
    _place(anchor / "etc/passwd", f"bobbin:x:{INNER_ID}:{INNER_ID}::{DATA}:/bin/false\n")
    _place(anchor / "etc/group", f"bobbin:x:{INNER_ID}:\n")
    linux.enter_root(str(anchor))
    linux.restrict_mount("/", linux.MOUNT_ATTR_RDONLY, recursive=False)


def _mount_quota(anchor: Path, tree: Tree, flags: int) -> None:
    """One tmpfs behind both writable folders, so that they share one quota."""
    disk = anchor / "mnt"
    disk.mkdir()
    options = f"size={tree.disk_bytes},nr_inodes={tree.files},mode=755"
    linux.mount("tmpfs", str(disk), "tmpfs", flags, options)
    for name in ("data", "tmp"):
        (disk / name).mkdir()
        os.chown(disk / name, INNER_ID, INNER_ID)
    temporary = _below(anchor, TEMPORARY)
    temporary.mkdir()
    linux.mount(str(disk / "tmp"), str(temporary), "", linux.MS_BIND)


def _below(anchor: Path, path: str) -> Path:
    return anchor / path.lstrip("/")


def _bind(source: Path, target: Path, attributes: int) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif source.exists():
        _place(target, "")
    else:
        return
    linux.mount(str(source), str(target), "", linux.MS_BIND | linux.MS_REC)
    guard = linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID
    linux.restrict_mount(str(target), guard | attributes, recursive=True)


def _write(path: str, text: str) -> None:
    # One write, as these files demand; Path.write_text would create what is not there.
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _place(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Without the paths that lie below another one."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not any(path == base or path.startswith(base + "/") for base in kept):
            kept.append(path)
    return tuple(kept)
