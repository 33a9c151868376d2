"""Frames between the host and a session. Standard library only: both sides read this.

    frame   u32 header length, u32 body length (big endian), header, body
    header  one JSON object; requests and replies carry the same `id`
    body    raw bytes: a file, or figures one after another

User code shares a process with the code that writes replies, so the host believes nothing: each
length is checked before it is read, each field before it is used, and whatever does not fit ends
the session (`ProtocolError`).
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from adapters.sandbox.limits import Limits

PREFIX = struct.Struct(">II")
MAX_HEADER = 4 << 20
_PNG = b"\x89PNG\r\n\x1a\n"
_NAME_BYTES = 255


class ProtocolError(Exception):
    """The other side sent something that is not a frame, or not the one that was due."""


@dataclass(frozen=True, slots=True)
class Frame:
    header: Mapping[str, object]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A plain file directly in `/mnt/data`; `changed` since the last report."""

    name: str
    size: int
    changed: bool


@dataclass(frozen=True, slots=True)
class RunReply:
    """What a session says about one run: checked, but as trustworthy as the code itself."""

    text: str
    failed: bool
    figures: tuple[bytes, ...]
    files: tuple[FileEntry, ...]


def plain_name(name: object) -> bool:
    """Whether `name` is a file name and nothing else: printable, no path, at most 255 bytes."""
    if not isinstance(name, str) or name in {"", ".", ".."}:
        return False
    if "/" in name or "\\" in name or not name.isprintable():
        return False
    return len(name.encode("utf-8", "surrogatepass")) <= _NAME_BYTES


def encode(header: Mapping[str, object], body: bytes = b"") -> bytes:
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace")
    return PREFIX.pack(len(text), len(body)) + text + body


def lengths(prefix: bytes, max_body: int) -> tuple[int, int]:
    """Header and body length of the frame that `prefix` opens, both within bounds.

    Raises:
        ProtocolError: too short, or larger than allowed.
    """
    if len(prefix) != PREFIX.size:
        raise ProtocolError("a frame that breaks off")
    header, body = cast("tuple[int, int]", PREFIX.unpack(prefix))
    if not 2 <= header <= MAX_HEADER or body > max_body:
        raise ProtocolError("a frame larger than allowed")
    return header, body


def decode(header: bytes, body: bytes) -> Frame:
    """The frame of these bytes.

    Raises:
        ProtocolError: the header is not one JSON object.
    """
    try:
        value: object = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a header that is not JSON") from error
    if not isinstance(value, dict):
        raise ProtocolError("a header that is not an object")
    return Frame(cast("dict[str, object]", value), body)


def parse_run_reply(frame: Frame, limits: Limits) -> RunReply:
    """The reply to `run`, every field checked against `limits`.

    Raises:
        ProtocolError: a field is missing, of the wrong type, or too large.
    """
    text, failed = frame.header.get("text"), frame.header.get("failed")
    if not isinstance(text, str) or not isinstance(failed, bool):
        raise ProtocolError("a run reply without text or outcome")
    # The session counts characters the same way; the slack is for its own closing remark.
    if len(text) > limits.output_chars + 1000:
        raise ProtocolError("more text than allowed")
    return RunReply(
        # JSON can spell halves of characters that no encoder takes.
        text=text.encode("utf-8", "replace").decode(),
        failed=failed,
        figures=_figures(frame, limits),
        files=_files(frame.header.get("files"), limits),
    )


def _figures(frame: Frame, limits: Limits) -> tuple[bytes, ...]:
    sizes = frame.header.get("figures")
    if not isinstance(sizes, list) or len(cast("list[object]", sizes)) > limits.figures:
        raise ProtocolError("no list of figures, or more than allowed")
    figures: list[bytes] = []
    start = 0
    for size in cast("list[object]", sizes):
        if type(size) is not int or not 0 < size <= limits.figure_bytes:
            raise ProtocolError("a figure larger than allowed")
        png = frame.body[start : start + size]
        if len(png) != size or not png.startswith(_PNG):
            raise ProtocolError("a figure that is no PNG")
        figures.append(png)
        start += size
    if start != len(frame.body):
        raise ProtocolError("bytes that belong to no figure")
    return tuple(figures)


def _files(value: object, limits: Limits) -> tuple[FileEntry, ...]:
    if not isinstance(value, list) or len(cast("list[object]", value)) > limits.files:
        raise ProtocolError("no list of files, or more than allowed")
    entries: dict[str, FileEntry] = {}
    for item in cast("list[object]", value):
        if not isinstance(item, list) or len(cast("list[object]", item)) != 3:
            raise ProtocolError("a file entry that is none")
        name, size, changed = cast("list[object]", item)
        if not isinstance(name, str) or not plain_name(name) or name in entries:
            raise ProtocolError("a file name that is none")
        if type(size) is not int or not 0 <= size <= limits.file_bytes:
            raise ProtocolError("a file larger than allowed")
        if not isinstance(changed, bool):
            raise ProtocolError("a file entry that is none")
        entries[name] = FileEntry(name, size, changed)
    if sum(entry.size for entry in entries.values()) > limits.disk_bytes:
        raise ProtocolError("more files than the disk holds")
    return tuple(entries.values())


def read_frame(fd: int, max_body: int) -> Frame | None:
    """The next frame from a blocking descriptor, or None at its end (session side)."""
    prefix = _read_exactly(fd, PREFIX.size)
    if not prefix:
        return None
    header, body = lengths(prefix, max_body)
    return decode(_read_exactly(fd, header), _read_exactly(fd, body))


def write_frame(fd: int, header: Mapping[str, object], body: bytes = b"") -> None:
    """All of one frame to a blocking descriptor (session side)."""
    left = memoryview(encode(header, body))
    while left:
        left = left[os.write(fd, left) :]


def _read_exactly(fd: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
