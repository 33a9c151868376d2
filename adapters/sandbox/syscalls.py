"""System call numbers: (x86_64, aarch64), None where an architecture has no such call.

From the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`
(the latter is aarch64's). Whatever stands in none of these tables is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Numbers: TypeAlias = tuple[int | None, int | None]

ALLOWED: Mapping[str, Numbers] = MappingProxyType(
    {
        # files
        "read": (0, 63),
        "write": (1, 64),
        "readv": (19, 65),
        "writev": (20, 66),
        "pread64": (17, 67),
        "pwrite64": (18, 68),
        "preadv": (295, 69),
        "pwritev": (296, 70),
        "lseek": (8, 62),
        "close": (3, 57),
        "close_range": (436, 436),
        "dup": (32, 23),
        "dup2": (33, None),
        "dup3": (292, 24),
        "pipe": (22, None),
        "pipe2": (293, 59),
        "fstat": (5, 80),
        "stat": (4, None),
        "lstat": (6, None),
        "newfstatat": (262, 79),
        "statx": (332, 291),
        "access": (21, None),
        "faccessat": (269, 48),
        "faccessat2": (439, 439),
        "readlink": (89, None),
        "readlinkat": (267, 78),
        "getdents": (78, None),
        "getdents64": (217, 61),
        "getcwd": (79, 17),
        "chdir": (80, 49),
        "fchdir": (81, 50),
        "mkdir": (83, None),
        "mkdirat": (258, 34),
        "rmdir": (84, None),
        "unlink": (87, None),
        "unlinkat": (263, 35),
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "ftruncate": (77, 46),
        "fallocate": (285, 47),
        "fsync": (74, 82),
        "fdatasync": (75, 83),
        "flock": (73, 32),
        "statfs": (137, 43),
        "fstatfs": (138, 44),
        "umask": (95, 166),
        "fadvise64": (221, 223),
        "sendfile": (40, 71),
        "copy_file_range": (326, 285),
        # memory
        "mmap": (9, 222),
        "munmap": (11, 215),
        "mprotect": (10, 226),
        "mremap": (25, 216),
        "brk": (12, 214),
        "madvise": (28, 233),
        "msync": (26, 227),
        # waiting
        "poll": (7, None),
        "ppoll": (271, 73),
        "select": (23, None),
        "pselect6": (270, 72),
        "epoll_create": (213, None),
        "epoll_create1": (291, 20),
        "epoll_ctl": (233, 21),
        "epoll_wait": (232, None),
        "epoll_pwait": (281, 22),
        "eventfd2": (290, 19),
        "futex": (202, 98),
        "nanosleep": (35, 101),
        "clock_nanosleep": (230, 115),
        "pause": (34, None),
        "restart_syscall": (219, 128),
        # time
        "clock_gettime": (228, 113),
        "clock_getres": (229, 114),
        "gettimeofday": (96, 169),
        "time": (201, None),
        "times": (100, 153),
        "getitimer": (36, 102),
        "setitimer": (38, 103),
        "alarm": (37, None),
        # signals
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigreturn": (15, 139),
        "rt_sigpending": (127, 136),
        "rt_sigsuspend": (130, 133),
        "rt_sigtimedwait": (128, 137),
        "sigaltstack": (131, 132),
        # self
        "getpid": (39, 172),
        "gettid": (186, 178),
        "getppid": (110, 173),
        "getuid": (102, 174),
        "geteuid": (107, 175),
        "getgid": (104, 176),
        "getegid": (108, 177),
        "getgroups": (115, 158),
        "getresuid": (118, 148),
        "getresgid": (120, 150),
        "getpgrp": (111, None),
        "getpgid": (121, 155),
        "getsid": (124, 156),
        "getrlimit": (97, 163),
        "getrusage": (98, 165),
        "uname": (63, 160),
        "sysinfo": (99, 179),
        "getrandom": (318, 278),
        "getcpu": (309, 168),
        "sched_yield": (24, 124),
        "sched_getaffinity": (204, 123),
        "set_robust_list": (273, 99),
        "rseq": (334, 293),
        "exit": (60, 93),
        "exit_group": (231, 94),
        # sockets
        "recvfrom": (45, 207),
        "shutdown": (48, 210),
        "getsockname": (51, 204),
        "getpeername": (52, 205),
        "getsockopt": (55, 209),
    }
)
"""Harmless with any argument: they act on this process and its open files, or name files that
Landlock or the mount namespace has already decided on."""

EXAMINED: Mapping[str, Numbers] = MappingProxyType(
    {
        "open": (2, None),
        "openat": (257, 56),
        "clone": (56, 220),
        "clone3": (435, 435),
        "kill": (62, 129),
        "tgkill": (234, 131),
        "prlimit64": (302, 261),
        "ioctl": (16, 29),
        "fcntl": (72, 25),
        "prctl": (157, 167),
        "socketpair": (53, 199),
        "sendto": (44, 206),
    }
)
"""Allowed for some arguments only; `seccomp.py` says for which."""

CHANGING_METADATA: Mapping[str, Numbers] = MappingProxyType(
    {
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchmodat2": (452, 452),
        "utime": (132, None),
        "utimes": (235, None),
        "futimesat": (261, None),
        "utimensat": (280, 88),
    }
)
"""Change the mode or times of a file by name. Landlock does not look at these, so they are only let
through where the file tree is the session's own."""

UNSUPPORTED: Mapping[str, Numbers] = MappingProxyType(
    {
        "getxattr": (191, 8),
        "lgetxattr": (192, 9),
        "fgetxattr": (193, 10),
        "listxattr": (194, 11),
        "llistxattr": (195, 12),
        "flistxattr": (196, 13),
    }
)
"""Answered with ENOTSUP, which `shutil` takes as "no extended attributes here"."""
