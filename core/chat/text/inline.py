"""Spans inside a paragraph that are one thing: code, mathematics, links, strong text.

One pass from left to right; what was looked for in vain is remembered, so that the cost stays
linear in the length of the paragraph whatever it is made of.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_TOKEN = re.compile(r"[\\`$\[<]|\*\*")
_TICKS = re.compile(r"`+")
_AUTOLINK = re.compile(r"<[^<>\s]{1,300}>")
_LONGEST_LABEL: Final = 300
_LONGEST_TARGET: Final = 1000
_TELLING: Final = frozenset("\\^_{}=<>|")
_WORD = re.compile(r"(?:^|[\s(])[A-Za-z]{3,}(?=$|[\s,.;:!?)])")
_OPERATORS: Final = frozenset("+-*/!")


class Span(Enum):
    """What a span holds."""

    CODE = auto()
    MATH = auto()
    DISPLAY = auto()
    LINK = auto()
    STRONG = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """A span `text[start:end]`; its content, without the marks, is `text[inner:inner_end]`."""

    kind: Span
    start: int
    end: int
    inner: int
    inner_end: int


@dataclass(frozen=True, slots=True)
class Inline:
    """The spans of a paragraph in order, and what its end leaves open.

    Links and strong spans may hold others; apart from those no two overlap.
    `open` is where the first code span or formula starts that more text could still close,
    `strong` where a strong span does.
    """

    spans: tuple[Found, ...]
    open: int | None
    strong: int | None


def inline(text: str) -> Inline:
    """The spans of one paragraph (no blank line inside)."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[Found] = []
        self.open: int | None = None
        self.missing: set[str] = set()
        self.runs: dict[int, list[int]] | None = None
        self.strong_end = -1
        self.strong_open: int | None = None

    def run(self) -> Inline:
        text, at = self.text, 0
        while (token := _TOKEN.search(text, at)) is not None:
            at = self.take(token.start(), token[0])
        return Inline(tuple(self.spans), self.open, self.strong_open)

    def take(self, at: int, token: str) -> int:
        match token:
            case "`":
                return self.code(at)
            case "$":
                return self.dollar(at)
            case "\\":
                return self.backslash(at)
            case "[":
                return self.link(at)
            case "<":
                found = _AUTOLINK.match(self.text, at)
                return self.add(Span.LINK, at, at + 1, found.end() - 1, 1) if found else at + 1
            case _:
                return self.strong(at)

    def add(self, kind: Span, start: int, inner: int, inner_end: int, mark: int) -> int:
        end = inner_end + mark
        self.spans.append(Found(kind, start, end, inner, inner_end))
        return end

    def leave_open(self, at: int) -> None:
        if self.open is None:
            self.open = at

    def delimited(self, kind: Span, at: int, closer: str, opener: int) -> int:
        inner = at + opener
        end = -1 if closer in self.missing else self.text.find(closer, inner)
        if end < 0:
            self.missing.add(closer)
            self.leave_open(at)
            return inner
        if end == inner:
            return inner
        return self.add(kind, at, inner, end, len(closer))

    def strong(self, at: int) -> int:
        inner = at + 2
        if at == self.strong_end or "**" in self.missing:
            return inner
        self.strong_end = self.text.find("**", inner)
        if self.strong_end < 0:
            self.missing.add("**")
            self.strong_open = at
        elif self.strong_end > inner:
            # What is inside is looked at too, so the scan goes on right after the opening mark.
            self.spans.append(Found(Span.STRONG, at, self.strong_end + 2, inner, self.strong_end))
        return inner

    def backslash(self, at: int) -> int:
        match self.text[at + 1 : at + 2]:
            case "(":
                return self.delimited(Span.MATH, at, "\\)", 2)
            case "[":
                return self.delimited(Span.DISPLAY, at, "\\]", 2)
            case "":
                self.leave_open(at)
                return at + 1
            case _:
                return at + 2

    def code(self, at: int) -> int:
        if self.runs is None:
            self.runs = {}
            for run in _TICKS.finditer(self.text, at):
                self.runs.setdefault(len(run[0]), []).append(run.start())
        found = _TICKS.match(self.text, at)
        size = len(found[0]) if found else 1
        starts = self.runs.get(size, [])
        following = bisect_right(starts, at)
        if following < len(starts):
            return self.add(Span.CODE, at, at + size, starts[following], size)
        self.leave_open(at)
        return at + size

    def dollar(self, at: int) -> int:
        text = self.text
        if text.startswith("$$", at):
            return self.delimited(Span.DISPLAY, at, "$$", 2)
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if before.isalnum() or after.isspace():
            return at + 1
        end = self.next_dollar(at + 1)
        line_end = text.find("\n", at + 1, end if end >= 0 else len(text))
        if end < 0 or line_end >= 0:
            if line_end < 0:
                self.leave_open(at)
            return at + 1
        follower = text[end + 1 : end + 2]
        if text[end - 1].isspace() or follower.isalnum() or follower == "$":
            return at + 1
        if not _is_formula(text[at + 1 : end]):
            return at + 1
        return self.add(Span.MATH, at, at + 1, end, 1)

    def next_dollar(self, at: int) -> int:
        end = self.text.find("$", at)
        while end > 0 and _is_escaped(self.text, end, at):
            end = self.text.find("$", end + 1)
        return end

    def link(self, at: int) -> int:
        text = self.text
        middle = text.find("](", at + 1, at + _LONGEST_LABEL)
        if middle < 0:
            return at + 1
        end = text.find(")", middle + 2, middle + 2 + _LONGEST_TARGET)
        if end < 0 or "\n\n" in text[at:end] or "[" in text[at + 1 : middle]:
            return at + 1
        if "(" in text[middle + 2 : end] and text[end + 1 : end + 2] == ")":
            end += 1
        start = at - 1 if text[at - 1 : at] == "!" else at
        self.add(Span.LINK, start, at + 1, end, 1)
        return at + 1


def _is_escaped(text: str, at: int, start: int) -> bool:
    """Whether an odd number of backslashes stands before `at`, counted back to `start`."""
    back = at
    while back > start and text[back - 1] == "\\":
        back -= 1
    return (at - back) % 2 == 1


def _is_formula(content: str) -> bool:
    """Whether what stands between two dollar signs is mathematics rather than money and prose."""
    if not _TELLING.isdisjoint(content):
        return True
    if " " not in content.strip():
        return True
    if content[0].isdigit() and _OPERATORS.isdisjoint(content):
        return False
    return not _WORD.search(content)
