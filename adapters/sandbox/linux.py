"""The few kernel calls that Python 3.11 has no function for. Inside the sandbox's side only."""

from __future__ import annotations

import contextlib
import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NOSUID = 2
MOUNT_ATTR_NODEV = 4
MOUNT_ATTR_NOEXEC = 8
AT_FDCWD = -100
AT_RECURSIVE = 0x8000

# The same on x86_64 and aarch64: numbers above 423 are common to all architectures.
NR_MOUNT_SETATTR = 442
NR_LANDLOCK_CREATE_RULESET = 444
NR_LANDLOCK_ADD_RULE = 445
NR_LANDLOCK_RESTRICT_SELF = 446


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(
    what: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None
) -> int:
    """A raw system call; `what` names it in the error.

    Raises:
        OSError: the kernel refused.
    """
    native = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *native), what)


def prctl(what: str, option: int, *arguments: int) -> int:
    """`prctl(2)`; missing arguments are zero, as the kernel demands for most options."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return _checked(_libc().prctl(option, *(ctypes.c_ulong(a) for a in padded)), what)


def unshare(flags: int) -> None:
    _checked(_libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc().mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    _checked(result, f"mount {target}")


def restrict_mount(target: str, attributes: int, *, recursive: bool) -> None:
    """Add mount attributes (Linux 5.12). Adding never meets the locks of a user namespace."""
    request = ctypes.create_string_buffer(attributes.to_bytes(8, "little") + bytes(24), 32)
    flags = AT_RECURSIVE if recursive else 0
    syscall("mount_setattr", NR_MOUNT_SETATTR, AT_FDCWD, target.encode(), flags, request, 32)


def enter_root(path: str) -> None:
    """Make `path` (a mount point) the root and detach the former one."""
    os.chdir(path)
    # The former root ends up on top of the new one, in the same place, and is taken off there.
    _checked(_libc().pivot_root(b".", b"."), "pivot_root")
    _checked(_libc().umount2(b".", MNT_DETACH), "umount the former root")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up every capability. None comes back: there is no exec, and no_new_privs follows."""
    with contextlib.suppress(OSError):  # before Linux 4.3 there are none
        prctl("clear ambient capabilities", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    version_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
    header = ctypes.create_string_buffer(version_3, 8)
    nothing = ctypes.create_string_buffer(24)
    _checked(_libc().capset(header, nothing), "capset")
