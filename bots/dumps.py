"""Reading dumps of API objects: one JSON value after the other, whatever lies between them.

That is JSONL, a bare array, the SDK's list pages (`{"object": "list", "data": [...]}`), indented
or not, several of them behind each other. Every object is given with the number of its line; what
is no JSON is named, and reading goes on at the next line that can begin an object.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

_SPACE: Final = re.compile(r"[\s,]*")
_BETWEEN: Final = re.compile(r"[\s,\]]*")
"""Between values; a bracket is left over from an array that could not be read to its end."""

_BEGIN: Final = re.compile(r"^[{\[]", re.MULTILINE)
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a dump and the line on which it begins. `listed`: it came in a list page."""

    line: int
    body: dict[str, Any]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """What cannot be read, on which line, and what to do."""

    line: int
    sentence: str


def objects_in(text: str) -> Iterator[Found | Broken]:
    """All objects of a dump, in its order."""
    reader = _Reader(text)
    at = reader.skip(0, _BETWEEN)
    while at < len(text):
        try:
            at = yield from reader.value(at, listed=False)
        except (json.JSONDecodeError, RecursionError) as error:
            yield Broken(reader.line_of(error), _sentence(error))
            at = reader.next_begin()
        at = reader.skip(at, _BETWEEN)


_Values = Generator[Found | Broken, None, int]
"""The objects of a value; returns where it ends."""


class _Reader:
    """Walks through lists, so that each of their objects has its line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_ends = [found.end() for found in re.finditer("\n", text)]
        self._at = 0
        """Where the object begins that is being read."""

    def skip(self, at: int, over: re.Pattern[str] = _SPACE) -> int:
        """The next place with something on it."""
        space = over.match(self._text, at)
        return space.end() if space else at

    def value(self, at: int, *, listed: bool) -> _Values:
        """An object, a list page or an array."""
        self._at = at
        if self._text[at : at + 1] == "[":
            return (yield from self._items(at, listed=listed))
        value, end = _DECODER.raw_decode(self._text, at)
        body = cast("dict[str, Any]", value) if isinstance(value, dict) else None
        if body is None:
            yield Broken(self._line(at), "this is no object; a line is one object in braces")
        elif isinstance(body.get("data"), list) and body.get("object", "list") == "list":
            yield from self._items(self._data(at), listed=True)
        else:
            yield Found(self._line(at), body, listed)
        return end

    def line_of(self, error: json.JSONDecodeError | RecursionError) -> int:
        """The line to name: that of the error, unless it only showed in the next object."""
        shown = error.pos if isinstance(error, json.JSONDecodeError) else self._at
        return self._line(self._at if self.next_begin() <= shown else shown)

    def next_begin(self) -> int:
        """Where the next line begins that can begin an object, behind the one being read."""
        end = self._text.find("\n", self._at)
        following = _BEGIN.search(self._text, end) if end >= 0 else None
        return following.start() if following else len(self._text)

    def _items(self, at: int, *, listed: bool) -> _Values:
        at = self.skip(at + 1)
        while self._text[at : at + 1] != "]":
            at = self.skip((yield from self.value(at, listed=listed)))
        return at + 1

    def _data(self, at: int) -> int:
        """Where the array `data` of the object at this place begins; the object is valid."""
        at = self.skip(at + 1)
        while True:
            name, at = _DECODER.raw_decode(self._text, at)
            at = self.skip(self._text.index(":", at) + 1)
            if name == "data":
                return at
            _, at = _DECODER.raw_decode(self._text, at)
            at = self.skip(at)

    def _line(self, at: int) -> int:
        return bisect_right(self._line_ends, at) + 1


def _sentence(error: json.JSONDecodeError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "this nests too deeply to be an object of the API; leave it out"
    return f"this is no JSON ({error.msg}, column {error.colno}); mend the line or leave it out"
