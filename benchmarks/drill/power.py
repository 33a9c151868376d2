"""A power cut, simulated: what the kernel had not yet written to disk is gone.

`cachestat` (Linux 6.5) tells which pages of a file are dirty: written by the process, not yet on
disk. Cutting the file at its first dirty page leaves what a power cut would have left.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_SYS_CACHESTAT = 451
_PAGE = os.sysconf("SC_PAGESIZE")


class _Range(ctypes.Structure):
    _fields_ = [("off", ctypes.c_uint64), ("len", ctypes.c_uint64)]


class _Stat(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in ("cache", "dirty", "writeback", "evicted", "recently_evicted")
    ]


def can_tell() -> bool:
    """Whether this kernel can say which pages are dirty."""
    with Path(__file__).open("rb") as file:
        return _dirty(file.fileno(), 0, _PAGE) is not None


def cut(path: Path) -> int:
    """Cut the file at its first dirty page; how many bytes went."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        low, high = 0, -(-size // _PAGE)
        if not _dirty(file.fileno(), 0, 0):
            return 0
        while low < high:  # the smallest number of pages that contains a dirty one
            middle = (low + high) // 2
            if _dirty(file.fileno(), 0, max(middle, 1) * _PAGE):
                high = middle
            else:
                low = middle + 1
        keep = max(low - 1, 0) * _PAGE
        file.truncate(min(keep, size))
    return size - min(keep, size)


def _dirty(fd: int, start: int, length: int) -> int | None:
    """Dirty pages and pages under way in this range (length 0: to the end); None: cannot tell."""
    stat = _Stat()
    asked = _Range(start, length)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_SYS_CACHESTAT, fd, ctypes.byref(asked), ctypes.byref(stat), 0):
        return None
    return int(stat.dirty) + int(stat.writeback)
