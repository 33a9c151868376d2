"""Landlock: which files may be opened, by the kernel's own rules, without any privilege.

`man 7 landlock`. A right that the running kernel does not know cannot be asked for, hence the
tables by ABI. What Landlock never looks at (modes, times, names of files, signals before ABI 6) is
`seccomp.py`'s affair.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from adapters.sandbox import linux

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG = 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_ABI_1 = (1 << 13) - 1

_READ = _READ_FILE | _READ_DIR
_READ_WRITE = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
)
# What a rule on a plain file or device may name; the others belong to folders.
_FILE_RIGHTS = _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV

_TCP = 0b11  # bind and connect
_SCOPES = 0b11  # abstract unix sockets and signals
_VERSION_QUERY = 1
_RULE_PATH_BENEATH = 1


def abi() -> int:
    """The kernel's Landlock version, 0 where there is none or it is switched off."""
    try:
        return linux.syscall("landlock", linux.NR_LANDLOCK_CREATE_RULESET, None, 0, _VERSION_QUERY)
    except OSError:
        return 0


def _handled(version: int) -> int:
    rights = _ABI_1
    if version >= 2:
        rights |= _REFER
    if version >= 3:
        rights |= _TRUNCATE
    if version >= 5:
        rights |= _IOCTL_DEV
    return rights


def restrict(version: int, *, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Close every file to this process but these, for good. Needs no_new_privs.

    Paths that do not exist are left out: what is not there needs no permission.

    Raises:
        OSError: the kernel refused.
    """
    rights = _handled(version)
    # struct landlock_ruleset_attr has grown; an older kernel wants its own size.
    words = [rights, _TCP, _SCOPES][: 1 if version < 4 else 2 if version < 6 else 3]
    attributes = ctypes.create_string_buffer(b"".join(w.to_bytes(8, "little") for w in words))
    ruleset = linux.syscall(
        "landlock", linux.NR_LANDLOCK_CREATE_RULESET, attributes, 8 * len(words), 0
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ & rights)
        for path in writable:
            _allow(ruleset, path, _READ_WRITE & rights)
        linux.syscall("landlock", linux.NR_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not Path(path).is_dir():
            rights &= _FILE_RIGHTS
        beneath = rights.to_bytes(8, "little") + fd.to_bytes(4, "little")  # packed: 12 bytes
        rule = ctypes.create_string_buffer(beneath, 12)
        linux.syscall("landlock", linux.NR_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(fd)
