"""How a session comes into being: a fork of the zygote that leaves everything of it behind.

The two talk over a line of their own; each message is one letter and waits for its answer.

    U M P   only with namespaces: the fork has left the host's; its ids are mapped; it has forked
            once more, into its own process namespace, and ends
    G R G   begin; the jail is on; and whoever began it still lives
    E       it failed, and why
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from typing import NoReturn

from adapters.sandbox import jail, namespaces, runner
from adapters.sandbox.jail import Mode, Place
from adapters.sandbox.limits import Limits

LONGEST_S = 20.0
"""Seconds that the zygote waits for one message."""


def become_session(
    mode: Mode,
    limits: Limits,
    tree: namespaces.Tree,
    place: Place,
    channel: int,
    line: socket.socket,
) -> NoReturn:
    """In the fork: leave everything of the zygote behind, put the jail on, serve."""
    try:
        if mode.namespaces:
            namespaces.separate()
            line.send(b"U")
            _expect(line, b"M")
            first = os.fork()
            if first:
                line.send(b"P%d" % first)
                os._exit(0)
        _expect(line, b"G")
        line = _only_descriptors(channel, line)
        jail.enter(mode, limits, tree, place)
        line.send(b"R")
        # Whoever gets this answer has a living parent, and the death signal is already set.
        _expect(line, b"G")
        line.close()
        runner.settle(mode, place)
        session = runner.Session(mode, limits, place)
        jail.lock_calls(mode)
    except BaseException as error:  # noqa: BLE001 - reported to the parent, then the end
        with contextlib.suppress(OSError):
            line.send(b"E" + f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    try:
        session.serve()
    finally:
        os._exit(0)


def attend(children: list[int], mode: Mode, line: socket.socket) -> None:
    """See the child through its birth. `children` always names those not waited for yet; at the
    end that is the session."""
    if mode.namespaces:
        _expect(line, b"U")
        namespaces.map_ids(children[0], drop_root=mode.drop_root)
        line.send(b"M")
        children.append(int(_expect(line, b"P")))
        # The one between has ended; as the subreaper we are the session's parent now, which is
        # what its death signal is tied to.
        os.waitpid(children.pop(0), 0)
    line.send(b"G")
    _expect(line, b"R")
    line.send(b"G")


def _expect(line: socket.socket, mark: bytes) -> bytes:
    """The rest of the message that begins with `mark`.

    Raises:
        OSError: the other side reports a failure, or is gone.
    """
    message = line.recv(4096)
    if message[:1] == mark:
        return message[1:]
    raise OSError(message[1:].decode("utf-8", "replace") or "the session ended while it was made")


def _only_descriptors(channel: int, line: socket.socket) -> socket.socket:
    """Keep the channel as `runner.CHANNEL` and the birth line; close or null everything else."""
    # Both out of the way first: either may already have one of the numbers wanted.
    channel, line_fd = os.dup(channel), os.dup(line.detach())
    while min(channel, line_fd) <= runner.CHANNEL + 1:
        channel, line_fd = os.dup(channel), os.dup(line_fd)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.dup2(channel, runner.CHANNEL, inheritable=False)
    os.dup2(line_fd, runner.CHANNEL + 1, inheritable=False)
    os.closerange(runner.CHANNEL + 2, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return socket.socket(fileno=runner.CHANNEL + 1)
