"""Where to end a part of a text that is too long: the best place in a window.

What is looked for, best first: before a long block that could be kept whole, before a heading or
between blocks, between list items, lines, sentences, words. A kind of place counts only if it
leaves the part reasonably full (`_FILL`); where nothing does, characters are cut.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import IntEnum, auto
from typing import Final

from core.chat.text.blocks import Kind, Line, indent_of, is_delimiter, paragraphs
from core.chat.text.graphemes import is_boundary
from core.chat.text.inline import inline


class _Rank(IntEnum):
    BEFORE_BLOCK = auto()
    HEADING = auto()
    BLOCK = auto()
    ITEM = auto()
    NESTED_ITEM = auto()
    CODE_PARAGRAPH = auto()
    LINE = auto()
    CODE_LINE = auto()
    SENTENCE = auto()
    WORD = auto()
    AFTER_HEADING = auto()


_FILL: Final = {
    _Rank.BEFORE_BLOCK: 0.3,
    _Rank.HEADING: 0.5,
    _Rank.BLOCK: 0.5,
    _Rank.ITEM: 0.5,
    _Rank.NESTED_ITEM: 0.6,
    _Rank.CODE_PARAGRAPH: 0.7,
    _Rank.LINE: 0.6,
    _Rank.CODE_LINE: 0.5,
    _Rank.SENTENCE: 0.6,
    _Rank.WORD: 0.5,
}
"""How much of the window, at least, a part that ends in such a place takes."""

_LEAST_FILL: Final = 0.2
"""Below this a cut between characters is better than a part that is nearly empty."""

_OPEN_REACH: Final = 300
"""How near to the window's end a span may be open and still count as one that will be closed."""

_SENTENCE = re.compile(r"[.!?…][\"'”’)\]*_]*[ \t]+(?=[^\sa-z])|[。！？](?=[^\s」』）])")
_WORD = re.compile(r"[ \t]+(?=\S)")
_BLOCK_MARK = re.compile(
    r"[ \t]{0,8}(?:#{1,6}(?:\s|\Z)|[-+*=]+(?:\s|\Z)|>|\d{1,9}(?:\Z|[.)](?:\s|\Z))|\||`{3}|~{3}"
    r"|[`~]{1,2}\Z|\Z)"
)
"""What would begin a block, or at the window's end could come to."""

_INDENT = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?")
_OPEN_LINK = re.compile(r"!?\[[^\[\]\n]*(?:\](?:\([^()\s]*)?)?")
_FIXED: Final = (Kind.FENCE_OPEN, Kind.FENCE_CLOSE, Kind.DELIMITER)


def best_cut(window: str, first: int, lines: Sequence[Line]) -> int:
    """The best place to cut `window`, after `first` and before its end.

    `window[:first]` was added by an earlier cut and stays whole. `lines` are the window's lines;
    the last one may be incomplete. The window holds at least two characters after `first`.
    """
    return _Choice(window, first, lines).best()


class _Choice:
    def __init__(self, window: str, first: int, lines: Sequence[Line]) -> None:
        self.window = window
        self.first = first
        self.lines = lines
        body = window[first:]
        self.visible = first + len(body) - len(body.lstrip())
        self.last_visible = len(window.rstrip())
        self.size = len(window) - first

    def best(self) -> int:
        if self.visible >= len(self.window) - 1:
            return len(self.window) - 1
        ranked: dict[_Rank, list[int]] = {}
        for at, rank in self.line_starts():
            ranked.setdefault(rank, []).append(at)
        for rank in (rank for rank in _FILL if rank < _Rank.CODE_PARAGRAPH):
            if (found := self.last(ranked.get(rank, ()), _FILL[rank])) is not None:
                return found
        self.protected = self.spans()
        ranked[_Rank.LINE] = [at for at in ranked.get(_Rank.LINE, ()) if not self.within(at)]
        ranked[_Rank.SENTENCE] = self.inside_lines(_SENTENCE)
        ranked[_Rank.WORD] = self.inside_lines(_WORD)
        for rank in (rank for rank in _FILL if rank >= _Rank.CODE_PARAGRAPH):
            if (found := self.last(ranked.get(rank, ()), _FILL[rank])) is not None:
                return found
        everywhere = sorted(at for places in ranked.values() for at in places)
        found = self.last(everywhere, _LEAST_FILL)
        return found if found is not None else self.hard()

    def last(self, places: Iterable[int], fill: float) -> int | None:
        """The last of `places` (ascending), if the part that ends there is full enough."""
        at = max(places, default=-1)
        return at if at - self.first >= fill * self.size else None

    def line_starts(self) -> Iterable[tuple[int, _Rank]]:
        for previous, line in zip(self.lines, self.lines[1:], strict=False):
            if line.start > self.visible:
                rank = self.rank(previous, line)
                if rank is not None:
                    yield line.start, rank

    def rank(self, previous: Line, line: Line) -> _Rank | None:
        """What a cut before `line` is; None where it would tear something apart."""
        text = self.window[line.start : line.end]
        is_last = line is self.lines[-1]
        if line.before.fence is not None:
            return self.rank_in_fence(previous, line, text)
        if line.kind is Kind.BLANK:
            # What follows is not known yet: it may belong to an open list item.
            is_free = is_last and self.window.endswith("\n") and not line.before.items
            return _Rank.BLOCK if is_free else None
        if is_last and len(text.strip()) < 4:
            return None
        if line.kind is Kind.DELIMITER or previous.kind is Kind.DELIMITER:
            return None
        before = self.window[previous.start : previous.end]
        if "|" in before and not line.before.table and is_delimiter(text, before):
            return None
        if is_last and "|" in before and not text.strip("|:- \t"):
            return None
        return self.rank_of_block(previous, line)

    def rank_in_fence(self, previous: Line, line: Line, text: str) -> _Rank | None:
        fence = line.before.fence
        if fence is None or previous.kind is Kind.FENCE_OPEN or fence.may_be_closed_by(text):
            return None
        is_blank = not self.window[previous.start : previous.end].strip()
        return _Rank.CODE_PARAGRAPH if is_blank else _Rank.CODE_LINE

    def rank_of_block(self, previous: Line, line: Line) -> _Rank:
        is_apart = previous.kind is Kind.BLANK
        lead = previous
        if is_apart:
            at = self.line_at(line.start) - 1
            while at > 0 and self.lines[at].kind is Kind.BLANK:
                at -= 1
            lead = self.lines[at]
        if lead.kind is Kind.HEADING:
            return _Rank.AFTER_HEADING
        if line.kind in (Kind.HEADING, Kind.RULE):
            return _Rank.HEADING
        if self.window[lead.start : lead.end].rstrip().endswith(":"):
            return _Rank.LINE
        if line.kind is Kind.ITEM:
            return _Rank.ITEM if len(line.after.items) == 1 else _Rank.NESTED_ITEM
        if line.after.items and (is_apart or indent_of(self.window[line.start : line.end]) > 1):
            return _Rank.NESTED_ITEM if is_apart else _Rank.LINE
        if line.kind is Kind.FENCE_OPEN and self.lines[-1].after.fence is line.after.fence:
            return _Rank.BEFORE_BLOCK
        if is_apart or Kind.FENCE_OPEN is line.kind or previous.kind is Kind.FENCE_CLOSE:
            return _Rank.BLOCK
        return _Rank.LINE

    def line_at(self, at: int) -> int:
        """The index of the line that `at` is in."""
        return bisect_right(self.lines, at, key=lambda each: each.start) - 1

    def spans(self) -> tuple[tuple[int, int], ...]:
        """The places that belong together, ascending and apart."""
        found: list[tuple[int, int]] = []
        for start, end in paragraphs(self.lines):
            seen = inline(self.window[start:end])
            found += [(start + span.start, start + span.end) for span in seen.spans]
            if end < len(self.window):
                continue
            for opened in (seen.open, seen.strong, self.open_link(start) - start):
                if opened is not None and opened >= 0 and end - start - opened <= _OPEN_REACH:
                    found.append((start + opened, len(self.window) + 1))
        return _merged(found)

    def open_link(self, start: int) -> int:
        at = self.window.rfind("[", max(start, len(self.window) - _OPEN_REACH))
        return at if at >= 0 and _OPEN_LINK.fullmatch(self.window, at) else -1

    def within(self, at: int) -> bool:
        """Whether a cut at `at` would go through a code span, a formula or a link."""
        index = bisect_right(self.protected, (at, -1)) - 1
        return index >= 0 and at < self.protected[index][1]

    def inside_lines(self, pattern: re.Pattern[str], *, protected: bool = False) -> list[int]:
        """Places that `pattern` ends at, where nothing is torn and nothing new comes about."""
        places: list[int] = []
        for line in self.lines:
            if line.end <= self.visible or line.kind in _FIXED:
                continue
            indent = _INDENT.match(self.window, line.start, line.end)
            start = max(self.visible + 1, indent.end() if indent else line.start)
            if line.kind is Kind.FENCED and pattern is _SENTENCE:
                continue
            for found in pattern.finditer(self.window, start, line.end):
                at = found.end()
                if (protected or not self.within(at)) and self.is_clean(line, at):
                    places.append(at)
        return places

    def is_clean(self, line: Line, at: int) -> bool:
        if at >= len(self.window) or not is_boundary(self.window, at):
            return False
        return line.kind is Kind.FENCED or not _BLOCK_MARK.match(self.window, at)

    def hard(self) -> int:
        """A cut between characters, outside spans where half the window allows it."""
        end = len(self.window) - 1
        half = max(self.visible, self.first + self.size // 2)
        for at in range(end, half, -1):
            if is_boundary(self.window, at) and not self.within(at) and self.goes_on(at):
                line = self.lines[self.line_at(at)]
                if line.before.fence is not None or not _BLOCK_MARK.match(self.window, at):
                    return at
        found = self.last(self.inside_lines(_WORD, protected=True), _LEAST_FILL)
        if found is not None:
            return found
        return next((at for at in range(end, half, -1) if is_boundary(self.window, at)), end)

    def goes_on(self, at: int) -> bool:
        """Whether what is cut at `at` has something to show after it that belongs to it.

        Code needs it on the same line, or an empty block would follow; a list item in the window,
        or nobody knows yet whether the item goes on.
        """
        line = self.lines[self.line_at(at)]
        fence = line.before.fence
        if fence is None:
            is_known = not line.after.items or at < self.last_visible
            return is_known and line.kind not in _FIXED
        rest = self.window[at : line.end]
        return bool(rest.strip()) and not fence.may_be_closed_by(self.window[line.start : line.end])


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
