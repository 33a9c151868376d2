"""The server as a process: its settings, its log, and why it would not start."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path

from adapters.redis.embedded.binary import NO_SERVER, ServerBinary, version_of
from adapters.redis.embedded.place import SOCKET_NAME, probe
from core.errors import BobbinError, ConfigurationError, StoreRefused, StoreUnavailable

LOG_NAME = "server.log"
_LOG_LIMIT = 256 * 1024
_LOG_KEPT = 64 * 1024

# fsync before every answer: with `everysec` a slow disk alone loses what was acknowledged.
# No RDB preamble: the files then load in every later and earlier server, and in Redis.
# Relative names: the folder is the working directory, however long its path is.
SETTINGS = (
    ("port", "0"),
    ("unixsocket", SOCKET_NAME),
    ("unixsocketperm", "700"),
    ("protected-mode", "yes"),
    ("databases", "1"),
    ("save", ""),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    ("aof-use-rdb-preamble", "no"),
    ("aof-load-truncated", "yes"),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
    ("always-show-logo", "no"),
)
"""Every name is known to all servers from 6.2 on."""

_PREFIX = re.compile(r"^\d+:[A-Z] \d.*?\d\d:\d\d:\d\d\.\d{3} (?P<level>[#*.-]) ")
_NOISE = ("Memory overcommit", "ready to exit", "Transparent Huge Pages", "Module lua unloaded")
_NEWER = ("Can't handle RDB format", "Unknown command", "unknown command", "The AOF format")


def spawn(binary: ServerBinary, directory: Path, lock_fd: int) -> subprocess.Popen[bytes]:
    """Start the server in `directory`; it keeps `lock_fd` open for as long as it lives.

    It gets no other descriptor of ours, no environment but a fixed locale (a server refuses to
    start under an unknown one), and a session of its own, so that Ctrl-C in a terminal ends us
    first. Returns without waiting for it to answer.

    Raises:
        ConfigurationError: the program cannot be run, or is too old for the files.
        StoreRefused: the disk is full.
    """
    probe(directory)
    _refuse_older(binary, directory)
    arguments = [part for name, value in SETTINGS for part in (f"--{name}", value)]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    log = os.open(directory / LOG_NAME, flags, 0o600)
    try:
        return subprocess.Popen(
            [binary.path, *arguments],
            cwd=directory,
            env={"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock_fd,),
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOEXEC, errno.EACCES, errno.EPERM}:
            raise ConfigurationError(
                f"The server program {binary.path} cannot be run here ({error.strerror}). "
                f"{NO_SERVER}"
            ) from error
        raise StoreUnavailable(f"The server could not be started: {error.strerror}.") from error
    finally:
        os.close(log)


def shorten_log(directory: Path) -> int:
    """Keep the end of a long log. Returns its size in bytes, where the next start begins."""
    path = directory / LOG_NAME
    try:
        size = path.stat().st_size
        if size <= _LOG_LIMIT:
            return size
        with path.open("rb") as file:
            file.seek(size - _LOG_KEPT)
            kept = file.read().partition(b"\n")[2]
        path.write_bytes(kept)
        return len(kept)
    except OSError:
        return 0


def explain(directory: Path, log_from: int, returncode: int | None, written_by: str) -> BobbinError:
    """Why a server ended while starting, in one sentence.

    Args:
        directory: its folder.
        log_from: where in the log this start begins, in bytes.
        returncode: how it ended, as `subprocess` tells it.
        written_by: which server wrote the files last, or empty.
    """
    try:
        probe(directory)  # a full disk also keeps the reason out of the log
    except BobbinError as error:
        return error
    said = last_words(directory, log_from)
    newer = next((line for line in said if any(sign in line for sign in _NEWER)), None)
    if newer is not None:
        return ConfigurationError(
            f"The files in {directory} were written by {written_by or 'a later server'} and this "
            f"server cannot read them ({newer}). Use that version or a later one."
        )
    reason = said[-1] if said else f"it ended with status {returncode} and said nothing"
    if "No space left" in reason:
        return StoreRefused(f"The disk under {directory} is full ({reason}). Make room there.")
    return StoreUnavailable(
        f"The server in {directory} did not start: {reason.rstrip('.')}. Its log is "
        f"{directory / LOG_NAME}."
    )


def last_words(directory: Path, log_from: int = 0) -> list[str]:
    """The lines of the log that tell of trouble, without their stamps; else the last line."""
    try:
        with (directory / LOG_NAME).open("rb") as file:
            file.seek(log_from)
            text = file.read(_LOG_LIMIT).decode("utf-8", "replace")
    except OSError:
        return []
    last: list[str] = []
    trouble: list[str] = []
    for line in text.splitlines():
        stamp = _PREFIX.match(line)
        words = line[stamp.end() :].strip() if stamp else line.strip()
        if not words or any(noise in words for noise in _NOISE):
            continue
        last = [words]
        if stamp is None or stamp["level"] == "#":
            trouble.append(words)
    return trouble or last


def _refuse_older(binary: ServerBinary, directory: Path) -> None:
    """Servers before 7 look for another file, find none, and start empty: never let them."""
    if not (directory / "appendonlydir").is_dir():
        return
    version = binary.version if binary.version is not None else version_of(binary.path)
    if version is not None and version < (7,):
        shown = ".".join(str(part) for part in version)
        raise ConfigurationError(
            f"The files in {directory} were written by a server of version 7 or later, and "
            f"{binary.path} is version {shown}, which would not see them. Use a later one."
        )
