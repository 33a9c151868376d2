"""The system call filter as a program: run here by a small machine, for both architectures, so that
the one that we do not sit on is tested as well."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox import syscalls
from adapters.sandbox.seccomp import (
    AARCH64,
    X86_64,
    Architecture,
    Instruction,
    architecture,
    packed,
    program,
)

ALLOW, KILL, EPERM = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
PID = 77
ARCHITECTURES = pytest.mark.parametrize("arch", [X86_64, AARCH64], ids=lambda arch: arch.name)
TABLES = {
    **syscalls.ALLOWED,
    **syscalls.EXAMINED,
    **syscalls.CHANGING_METADATA,
    **syscalls.UNSUPPORTED,
}


def verdict(
    arch: Architecture,
    number: int,
    *arguments: int,
    audit: int | None = None,
    own_tree: bool = True,
) -> int:
    """What the kernel would do with this call."""
    data = number.to_bytes(4, "little")
    data += (arch.audit if audit is None else audit).to_bytes(4, "little") + bytes(8)
    for argument in (*arguments, 0, 0, 0, 0, 0, 0)[:6]:
        data += (argument % (1 << 64)).to_bytes(8, "little")
    return interpret(program(arch, PID, own_tree=own_tree), data)


def interpret(lines: list[Instruction], data: bytes) -> int:
    """Classic BPF, as far as the filter uses it (`linux/filter.h`)."""
    accumulator, at = 0, 0
    while True:
        code, jt, jf, k = lines[at]
        at += 1
        match code:
            case 0x20:
                accumulator = int.from_bytes(data[k : k + 4], "little")
            case 0x54:
                accumulator &= k
            case 0x06:
                return k
            case _:
                taken = {
                    0x15: accumulator == k,
                    0x25: accumulator > k,
                    0x35: accumulator >= k,
                    0x45: bool(accumulator & k),
                }[code]
                at += jt if taken else jf


def number_of(name: str, arch: Architecture) -> int:
    number = TABLES[name][arch.column]
    assert number is not None
    return number


def calls(table: Mapping[str, syscalls.Numbers]) -> list[tuple[Architecture, str]]:
    """Each architecture with each call that it has."""
    return [
        (arch, name)
        for name, row in table.items()
        for arch in (X86_64, AARCH64)
        if row[arch.column] is not None
    ]


@ARCHITECTURES
@given(number=st.integers(0, 600), tree=st.booleans())
def test_only_what_is_listed_is_allowed(arch: Architecture, number: int, tree: bool) -> None:
    """Whatever its arguments: a call outside the tables is refused."""
    known = {row[arch.column] for row in TABLES.values()}
    if number not in known:
        assert verdict(arch, number, own_tree=tree) == EPERM


@pytest.mark.parametrize(("arch", "name"), calls(syscalls.ALLOWED))
def test_what_is_harmless_is_allowed(arch: Architecture, name: str) -> None:
    assert verdict(arch, number_of(name, arch)) == ALLOW


@ARCHITECTURES
def test_another_architecture_is_the_end(arch: Architecture) -> None:
    read = number_of("read", arch)
    assert verdict(arch, read, audit=0x40000003) == KILL  # i386
    if arch is X86_64:
        assert verdict(arch, read | 0x40000000) == KILL  # x32


NEVER: dict[str, syscalls.Numbers] = {
    # x86_64, aarch64: from the kernel's tables.
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "setsockopt": (54, 208),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_send_signal": (424, 424),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "mknodat": (259, 33),
    "linkat": (265, 37),
    "symlinkat": (266, 36),
    "truncate": (76, 45),
    "setuid": (105, 146),
    "setresuid": (117, 147),
    "init_module": (175, 105),
    "timer_create": (222, 107),
    "mq_open": (240, 180),
    "inotify_init1": (294, 26),
    "seccomp": (317, 277),
    "sched_setaffinity": (203, 122),
    "setpriority": (141, 140),
    "fchownat": (260, 54),
    "openat2": (437, 437),
}


@pytest.mark.parametrize(("arch", "name"), calls(NEVER))
def test_what_is_dangerous_is_refused(arch: Architecture, name: str) -> None:
    number = NEVER[name][arch.column]
    assert number is not None
    assert verdict(arch, number) == EPERM
    assert verdict(arch, number, PID, 1, 2, 3) == EPERM


THREAD = 0x3D0F00  # what glibc passes for a thread
O_TRUNC, O_WRONLY, O_TMPFILE, O_CREAT = 0o1000, 1, 0o20200000, 0o100

CASES = [
    ("clone", (THREAD,), ALLOW),
    ("clone", (17,), EPERM),
    ("clone", (0x4111,), EPERM),
    ("clone", (THREAD | 0x10000000,), EPERM),
    ("clone", (THREAD | 0x40000000,), EPERM),
    ("clone3", (0,), 0x00050000 | errno.ENOSYS),
    ("kill", (PID, 9), ALLOW),
    ("kill", (1, 0), EPERM),
    ("kill", (0, 0), EPERM),
    ("kill", (-1, 0), EPERM),
    ("kill", (-PID, 0), EPERM),
    ("tgkill", (PID, 5, 9), ALLOW),
    ("tgkill", (5, PID, 9), EPERM),
    ("prlimit64", (0, 7, 0, 0), ALLOW),
    ("prlimit64", (PID, 7), ALLOW),
    ("prlimit64", (1, 7), EPERM),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), EPERM),  # TIOCSTI
    ("ioctl", (0, 0x8901), EPERM),  # FIOSETOWN
    ("fcntl", (0, 1030), ALLOW),
    ("fcntl", (0, 8), EPERM),  # F_SETOWN
    ("fcntl", (0, 10), EPERM),  # F_SETSIG
    ("fcntl", (0, 15), EPERM),  # F_SETOWN_EX
    ("prctl", (15,), ALLOW),
    ("prctl", (1,), EPERM),  # PR_SET_PDEATHSIG
    ("prctl", (4,), EPERM),  # PR_SET_DUMPABLE
    ("socketpair", (1, 0x80001, 0), ALLOW),
    ("socketpair", (1, 1, 0), ALLOW),
    ("socketpair", (1, 0x80002, 0), EPERM),
    ("socketpair", (1, 5, 0), EPERM),
    ("socketpair", (2, 1, 0), EPERM),
    ("sendto", (3, 1, 1, 0, 0, 0), ALLOW),
    ("sendto", (3, 1, 1, 0, 0x7F0000001000, 20), EPERM),
    ("sendto", (3, 1, 1, 0, 1 << 40, 20), EPERM),
    ("openat", (-100, 1, 0, 0), ALLOW),
    ("openat", (-100, 1, O_CREAT | O_TRUNC | O_WRONLY, 0o666), ALLOW),
    ("openat", (-100, 1, O_TRUNC, 0), EPERM),
    ("openat", (-100, 1, O_TMPFILE | 2, 0o600), 0x00050000 | errno.EOPNOTSUPP),
    ("openat", (-100, 1, O_CREAT | O_WRONLY, 0o4755), EPERM),
    ("openat", (-100, 1, O_CREAT | O_WRONLY, 0o2755), EPERM),
    ("open", (1, O_TRUNC, 0), EPERM),
    ("open", (1, O_CREAT | O_WRONLY, 0o4755), EPERM),
    ("open", (1, 0, 0), ALLOW),
    ("getxattr", (1,), 0x00050000 | errno.ENOTSUP),
]


@ARCHITECTURES
@pytest.mark.parametrize(("name", "arguments", "expected"), CASES)
def test_arguments_decide(
    arch: Architecture, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    if name == "open" and arch is AARCH64:
        name, arguments = "openat", (-100, *arguments)
    assert verdict(arch, number_of(name, arch), *arguments) == expected


@pytest.mark.parametrize(("arch", "name"), calls(syscalls.CHANGING_METADATA))
def test_modes_and_times_change_in_a_tree_of_its_own_only(arch: Architecture, name: str) -> None:
    number = number_of(name, arch)
    assert verdict(arch, number, own_tree=True) == ALLOW
    pretended = 0x00050000 if "chmod" in name else EPERM
    assert verdict(arch, number, own_tree=False) == pretended


@ARCHITECTURES
def test_every_examined_call_has_its_rule(arch: Architecture) -> None:
    assert len(program(arch, PID, own_tree=True)) < 4096
    assert len(packed(program(arch, PID, own_tree=False))) % 8 == 0


def test_a_machine_without_a_table_has_no_filter() -> None:
    with pytest.raises(OSError, match="no system call table for riscv64"):
        architecture("riscv64")


HEADERS = {
    X86_64: (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"__NR_(\w+)\s+(\d+)$"),
    AARCH64: (Path("/usr/include/asm-generic/unistd.h"), r"__NR(?:3264)?_(\w+)\s+(\d+)$"),
}


@ARCHITECTURES
def test_the_numbers_are_the_kernels(arch: Architecture) -> None:
    """Against the kernel's own headers, where the machine has them."""
    path, pattern = HEADERS[arch]
    if not path.exists():
        pytest.skip(f"no {path} on {sys.platform}")
    found: dict[str, int] = {}
    for line in path.read_text().splitlines():
        if match := re.match(r"#define\s+" + pattern, line.strip()):
            found.setdefault(match[1], int(match[2]))
    found.setdefault("newfstatat", found.get("fstatat", -1))
    for name, row in {**TABLES, **NEVER}.items():
        number = row[arch.column]
        if number is not None and name in found:
            assert number == found[name], name
    assert len([name for name in TABLES if name in found]) > 100
