"""The system call filter: an allow-list, written as BPF without any library.

What the kernel checks before every call (`man 2 seccomp`): the architecture, then the number, then
for a few calls their arguments. The default is EPERM, so a new kernel feature is refused until
somebody adds it here. Both architectures are little-endian.
"""

from __future__ import annotations

import ctypes
import errno
from dataclasses import dataclass
from typing import NamedTuple

from adapters.sandbox import linux
from adapters.sandbox.syscalls import (
    ALLOWED,
    CHANGING_METADATA,
    EXAMINED,
    UNSUPPORTED,
    Numbers,
)

_LOAD = 0x20  # A = the 32-bit word at offset k
_AND = 0x54  # A &= k
_EQUAL = 0x15  # A == k ? skip jt : skip jf
_GREATER = 0x25  # A > k
_AT_LEAST = 0x35  # A >= k
_ANY_BIT = 0x45  # A & k
_RETURN = 0x06

_KILL = 0x80000000
_ERRNO = 0x00050000
_ALLOW = 0x7FFF0000

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32_BIT = 0x40000000

CLONE_THREAD = 0x00010000
_CLONE_NEW_BITS = 0x7E020080  # every CLONE_NEW* flag: a thread needs none
_O_ACCMODE, _O_TRUNC, _O_TMPFILE_BIT = 3, 0o1000, 0o20000000
_SETID_BITS = 0o6000
_AF_UNIX = 1
_STREAM_TYPES = (0x1, 0x80001, 0x801, 0x80801)  # with and without CLOEXEC and NONBLOCK
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: questions, and flags of one's own file.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# DUPFD, GETFD, SETFD, GETFL, SETFL, the locks, DUPFD_CLOEXEC, GETPIPE_SZ. Above all not SETOWN and
# SETSIG: with them the kernel sends a signal of one's choice to any process of the same user.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_PRCTLS = (15, 16)  # the thread's name


class Instruction(NamedTuple):
    """One BPF instruction: operation, jump if true, jump if false, operand."""

    code: int
    jt: int
    jf: int
    k: int


@dataclass(frozen=True, slots=True)
class Architecture:
    name: str
    audit: int
    """AUDIT_ARCH of `linux/audit.h`, which the filter compares."""
    column: int
    """Its place in `Numbers`."""


X86_64 = Architecture("x86_64", 0xC000003E, 0)
AARCH64 = Architecture("aarch64", 0xC00000B7, 1)
_BY_MACHINE = {"x86_64": X86_64, "amd64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}


def architecture(machine: str) -> Architecture:
    """The table for `os.uname().machine`.

    Raises:
        OSError: there is none, so this layer is not to be had.
    """
    # A 32-bit Python on a 64-bit kernel makes calls of another architecture.
    if machine.lower() not in _BY_MACHINE or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise OSError(errno.ENOSYS, f"no system call table for {machine}")
    return _BY_MACHINE[machine.lower()]


def _number(numbers: Numbers, arch: Architecture) -> int | None:
    return numbers[arch.column]


def _refuse(number: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, _ERRNO | number)


_ACCEPT = Instruction(_RETURN, 0, 0, _ALLOW)


def _argument(index: int, *, high: bool = False) -> Instruction:
    return Instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * index + (4 if high else 0))


def _one_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    """Accept when the argument's low word is one of these. For arguments that are C ints."""
    block = [_argument(index)]
    for value in values:
        block += [Instruction(_EQUAL, 0, 1, value), _ACCEPT]
    return [*block, _refuse(errno.EPERM)]


def _without_bits(index: int, bits: int, number: int) -> list[Instruction]:
    """Refuse with `number` when any of these bits is set; otherwise go on."""
    return [_argument(index), Instruction(_ANY_BIT, 0, 1, bits), _refuse(number)]


def _opening(flags: int) -> list[Instruction]:
    """open and openat: no nameless files, no truncating through a read-only descriptor (Landlock
    before ABI 3 does not look at it), no setuid bits."""
    return [
        *_without_bits(flags, _O_TMPFILE_BIT, errno.EOPNOTSUPP),
        *_without_bits(flags + 1, _SETID_BITS, errno.EPERM),
        _argument(flags),
        Instruction(_AND, 0, 0, _O_TRUNC | _O_ACCMODE),
        Instruction(_EQUAL, 0, 1, _O_TRUNC),
        _refuse(errno.EPERM),
        _ACCEPT,
    ]


def _examined(pid: int) -> dict[str, list[Instruction]]:
    """What follows the number of each call in `EXAMINED`; every block ends with a return."""
    streams = [Instruction(_EQUAL, skip, 0, kind) for skip, kind in _countdown(_STREAM_TYPES)]
    return {
        "open": _opening(1),
        "openat": _opening(2),
        "clone": [
            *_without_bits(0, _CLONE_NEW_BITS, errno.EPERM),
            Instruction(_ANY_BIT, 0, 1, CLONE_THREAD),
            _ACCEPT,
            _refuse(errno.EPERM),
        ],
        # The C library then starts threads by clone, whose flags can be seen.
        "clone3": [_refuse(errno.ENOSYS)],
        "kill": _one_of(0, (pid,)),
        "tgkill": _one_of(0, (pid,)),
        "prlimit64": _one_of(0, (0, pid)),
        "ioctl": _one_of(1, _IOCTLS),
        "fcntl": _one_of(1, _FCNTLS),
        "prctl": _one_of(0, _PRCTLS),
        # Streams only: a datagram socket could be sent to any socket in the file system.
        "socketpair": [
            _argument(0),
            Instruction(_EQUAL, 1, 0, _AF_UNIX),
            _refuse(errno.EPERM),
            _argument(1),
            *streams,
            _refuse(errno.EPERM),
            _ACCEPT,
        ],
        "sendto": [
            _argument(4),
            Instruction(_EQUAL, 0, 2, 0),
            _argument(4, high=True),
            Instruction(_EQUAL, 1, 0, 0),
            _refuse(errno.EPERM),
            _ACCEPT,
        ],
    }


def _countdown(values: tuple[int, ...]) -> list[tuple[int, int]]:
    """Each value with the distance from its comparison to past the refusal that ends the list."""
    return [(len(values) - place, value) for place, value in enumerate(values)]


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if merged and merged[-1][1] == number - 1:
            merged[-1] = (merged[-1][0], number)
        else:
            merged.append((number, number))
    return merged


def program(arch: Architecture, pid: int, *, own_tree: bool) -> list[Instruction]:
    """The filter for a process that knows itself as `pid`.

    `own_tree` says that the file tree is the session's own, so that changing modes and times in it
    is its own affair; otherwise modes stay as they are while the call seems to succeed (`shutil`
    insists on it), and times are refused.
    """
    lines = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        Instruction(_EQUAL, 1, 0, arch.audit),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),
    ]
    if arch is X86_64:
        lines += [Instruction(_AT_LEAST, 0, 1, _X32_BIT), Instruction(_RETURN, 0, 0, _KILL)]
    allowed = {**ALLOWED, **(CHANGING_METADATA if own_tree else {})}
    numbers = [n for row in allowed.values() if (n := _number(row, arch)) is not None]
    for low, high in _ranges(numbers):
        if low == high:
            lines += [Instruction(_EQUAL, 0, 1, low), _ACCEPT]
        else:
            lines += [Instruction(_AT_LEAST, 0, 2, low), Instruction(_GREATER, 1, 0, high), _ACCEPT]
    blocks = _examined(pid)
    for name, row in EXAMINED.items():
        lines += _when(_number(row, arch), blocks[name])
    for row in UNSUPPORTED.values():
        lines += _when(_number(row, arch), [_refuse(errno.ENOTSUP)])
    if not own_tree:
        for name, row in CHANGING_METADATA.items():
            if "chmod" in name:
                lines += _when(_number(row, arch), [_refuse(0)])
    return [*lines, _refuse(errno.EPERM)]


def _when(number: int | None, block: list[Instruction]) -> list[Instruction]:
    return [] if number is None else [Instruction(_EQUAL, 0, len(block), number), *block]


def packed(lines: list[Instruction]) -> bytes:
    """As `struct sock_filter[]`."""
    return b"".join(
        line.code.to_bytes(2, "little") + bytes((line.jt, line.jf)) + line.k.to_bytes(4, "little")
        for line in lines
    )


def install(lines: list[Instruction]) -> None:
    """Put the filter on this process, for good. Needs no_new_privs; call it single-threaded.

    Raises:
        OSError: the kernel refuses filters.
    """
    code = ctypes.create_string_buffer(packed(lines))
    head = len(lines).to_bytes(8, "little") + ctypes.addressof(code).to_bytes(8, "little")
    header = ctypes.create_string_buffer(head, 16)  # struct sock_fprog
    linux.prctl("seccomp", linux.PR_SET_SECCOMP, 2, ctypes.addressof(header))
