"""What a file gave, as bytes to keep: its text, the spans of its passages, and their vectors.

    magic     16 bytes, with the format's version
    length    4 bytes, of the header
    header    JSON: characters, packed text's bytes, embedder, dimensions, windows, passages
    spans     4 unsigned integers a passage: begin, end, first window, last window (exclusive)
    text      UTF-8, by zlib
    vectors   half floats, a row a window; the rest of the bytes

All numbers are little-endian. The text is kept once, however much its passages overlap.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import BobbinError

MAGIC: Final = b"bobbin passages\x01"
_LENGTH: Final = struct.Struct("<I")
_HEADER_MOST: Final = 4096
_HALF: Final = 2
_WORDS_A_PASSAGE: Final = 4


class NotPrepared(BobbinError):
    """Bytes that `pack` did not make, or that are damaged."""

    sentence = "A file that I was to search is damaged."


@dataclass(frozen=True, slots=True)
class Contents:
    """A blob, opened. `vectors` has a row of `dimensions` half floats for each window."""

    text: str
    spans: Sequence[tuple[int, int]]
    """Of each passage, in characters."""
    owned: Sequence[tuple[int, int]]
    """Of each passage: its first window and its last (exclusive); (0, 0) without vectors."""
    embedder: str = ""
    dimensions: int = 0
    vectors: bytes = b""

    @property
    def passages(self) -> list[str]:
        return [self.text[start:end] for start, end in self.spans]


def pack(contents: Contents) -> bytes:
    """The bytes to keep."""
    packed = zlib.compress(contents.text.encode("utf-8", "replace"))
    numbers = array("I")
    for span, owned in zip(contents.spans, contents.owned, strict=True):
        numbers.extend((*span, *owned))
    header = json.dumps(
        {
            "characters": len(contents.text),
            "packed": len(packed),
            "passages": len(contents.spans),
            "embedder": contents.embedder,
            "dimensions": contents.dimensions,
        }
    ).encode()
    return b"".join(
        (MAGIC, _LENGTH.pack(len(header)), header, _bytes(numbers), packed, contents.vectors)
    )


def unpack(data: bytes) -> Contents:
    """The inverse of `pack`.

    Raises:
        NotPrepared: these are no such bytes.
    """
    try:
        return _unpack(data)
    except (ValueError, KeyError, TypeError, zlib.error, struct.error) as error:
        raise NotPrepared("The stored passages of a file are damaged: add the file again.") from (
            error
        )


def _unpack(data: bytes) -> Contents:
    view = memoryview(data)
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise ValueError("magic")
    at = len(MAGIC) + _LENGTH.size
    (size,) = _LENGTH.unpack(view[len(MAGIC) : at])
    if size > _HEADER_MOST:
        raise ValueError("header")
    header: Any = json.loads(bytes(view[at : at + size]))
    at += size
    count, packed, characters = (
        _natural(header[name]) for name in ("passages", "packed", "characters")
    )
    spans_size = count * _WORDS_A_PASSAGE * 4
    spans = _numbers(view[at : at + spans_size])
    at += spans_size
    text = _inflated(view[at : at + packed], 4 * characters)
    if len(text) != characters or len(spans) != count * _WORDS_A_PASSAGE:
        raise ValueError("text")
    contents = Contents(
        text=text,
        spans=list(zip(spans[0::4], spans[1::4], strict=True)),
        owned=list(zip(spans[2::4], spans[3::4], strict=True)),
        embedder=str(header["embedder"]),
        dimensions=_natural(header["dimensions"]),
        vectors=bytes(view[at + packed :]),
    )
    _check(contents)
    return contents


def _check(contents: Contents) -> None:
    row = contents.dimensions * _HALF
    rows, rest = divmod(len(contents.vectors), row) if row else (0, len(contents.vectors))
    if rest:
        raise ValueError("vectors")
    for (start, end), (first, last) in zip(contents.spans, contents.owned, strict=True):
        if not start < end <= len(contents.text) or not (first < last <= rows or not rows):
            raise ValueError("spans")


def _inflated(packed: memoryview, most: int) -> str:
    """The text, if it is no longer than it says."""
    stream = zlib.decompressobj()
    data = stream.decompress(packed, most + 1)
    if not stream.eof or stream.unconsumed_tail:
        raise ValueError("text")
    return data.decode()


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise ValueError("number")
    return value


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(data: memoryview) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
