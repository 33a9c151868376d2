"""The child process that draws: `python -m adapters.mathimages.worker`.

Frames go both ways: four bytes of length (big endian), then the body. It sends one empty frame
when it is ready, reads a formula (UTF-8) and answers with a PNG, or an empty frame where none can
be made, until its input ends.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO, Final

MEMORY: Final = 1 << 30
"""Bytes of address space that the process may take; drawing takes about 200 MB."""
LARGEST: Final = 1 << 16
"""Bytes of a request; a longer one ends the process."""


def main() -> None:
    """Serve until the input ends."""
    requests = sys.stdin.buffer
    # Whatever a library prints must not end up between the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from adapters.mathimages.draw import Undrawable, png

    png("x")
    _limit_memory()
    _send(answers, b"")
    while (body := _receive(requests)) is not None:
        try:
            picture = png(body.decode())
        except (Undrawable, UnicodeDecodeError, RecursionError, MemoryError):
            picture = b""
        _send(answers, picture)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time-out still holds.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _receive(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    if size > LARGEST:
        return None
    body = stream.read(size)
    return body if len(body) == size else None


def _send(stream: BinaryIO, body: bytes) -> None:
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()
