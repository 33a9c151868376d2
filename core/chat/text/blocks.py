"""Markdown read line by line: which block each line stands in, as a left fold.

What is said of a line depends on the lines before it only, so it holds for a text that is still
growing. The reading is the one that chat platforms share rather than CommonMark to the letter:

- a fence may be indented any distance, and its content need not be indented with it;
- display mathematics (`$$`, `\\[`) that spans lines is a fence too; a blank line ends it;
- a nested list item is one that is indented by two columns or more;
- fence markers of more than 8 characters, and fences more than 2 quote levels deep, are plain
  text. This bounds what it takes to close a fence (`LONGEST_CLOSER`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_DEEPEST_INDENT: Final = 8
LONGEST_CLOSER: Final = "\n> > " + " " * _DEEPEST_INDENT + "`" * 8

_QUOTE = re.compile(r" {0,3}> ?(?: {0,3}> ?)?")
_MAY_QUOTE = re.compile(r" {0,3}>")
_PLAIN = re.compile(r"[^\s>#*_+~`$\\0-9-]")
_FENCE = re.compile(r"(`{3,8})([^`]*)$|(~{3,8})(?!~)(.*)$")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_RULE = re.compile(r" {0,3}(?:-[ \t]*){3,}$| {0,3}(?:\*[ \t]*){3,}$| {0,3}(?:_[ \t]*){3,}$")
_ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_DELIMITER_CHARACTERS: Final = frozenset("|:- \t\r")
_DELIMITER_CELL = re.compile(r"\s*:?-+:?\s*")


class Kind(Enum):
    """What a line is."""

    BLANK = auto()
    HEADING = auto()
    RULE = auto()
    FENCE_OPEN = auto()
    FENCE_CLOSE = auto()
    FENCED = auto()
    DELIMITER = auto()
    ROW = auto()
    ITEM = auto()
    TEXT = auto()


_SEPARATE: Final = (Kind.BLANK, Kind.ITEM, Kind.HEADING, Kind.RULE, Kind.DELIMITER, Kind.ROW)


@dataclass(frozen=True, slots=True)
class Fence:
    """An open fence. `marker` is a run of backticks or tildes, or `$$`, or `\\[`."""

    marker: str
    info: str
    indent: int
    quote: str

    @property
    def is_math(self) -> bool:
        """Whether it holds display mathematics rather than code."""
        return self.marker in ("$$", "\\[")

    @property
    def opener(self) -> str:
        """The line that opens it again, without the line end."""
        return f"{self.quote}{' ' * self.indent}{self.marker}{self.info}"

    @property
    def closer(self) -> str:
        """The line that closes it, without the line end."""
        marker = "\\]" if self.marker == "\\[" else self.marker
        return f"{self.quote}{' ' * self.indent}{marker}"

    def closed_by(self, line: str) -> bool:
        """Whether `line` (without its quote marks) ends the fence."""
        if self.is_math:
            return self.closer.strip("> ") in line or not line.strip()
        mark = line.strip()
        return len(mark) >= len(self.marker) and not mark.strip(self.marker[0])

    def may_be_closed_by(self, line: str) -> bool:
        """Whether `line`, which may still grow, ends the fence or could come to do so."""
        if self.is_math:
            return self.closed_by(line) or line.rstrip().endswith(("$", "\\"))
        return not line.strip().strip(self.marker[0])


@dataclass(frozen=True, slots=True)
class Item:
    """An open list item: the columns of its marker and of its content, and the marker."""

    indent: int
    content: int
    marker: str


@dataclass(frozen=True, slots=True)
class State:
    """What is open between two lines.

    `table` holds the header and delimiter rows as they were written, `quote` the quote marks of
    the last line, `header` the last line if it could be a table's header. `is_apart` says that
    the last line was blank, or that there was none.
    """

    fence: Fence | None = None
    table: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    quote: str = ""
    header: str = ""
    is_apart: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: `text[start:end]`, without its line end."""

    start: int
    end: int
    kind: Kind
    before: State
    after: State


START: Final = State()


def scan(text: str, state: State = START, start: int = 0) -> Iterator[Line]:
    """Every line of `text[start:]`. A line end at the end of the text starts no further line."""
    size = len(text)
    while start < size:
        end = text.find("\n", start)
        if end < 0:
            end = size
        kind, after = advance(state, text[start:end])
        yield Line(start, end, kind, state, after)
        state, start = after, end + 1


def paragraphs(lines: Iterable[Line]) -> Iterator[tuple[int, int]]:
    """Runs of lines that an inline span may go over, as `(start, end)` in the text.

    No blank line, no code, no new list item, no table row goes on with the run before it; display
    mathematics does.
    """
    start = end = -1
    for line in lines:
        fence = line.before.fence or line.after.fence
        is_code = fence is not None and not fence.is_math
        if start >= 0 and (is_code or line.kind in _SEPARATE):
            yield start, end
            start = -1
        if line.kind is not Kind.BLANK and not is_code:
            start, end = (line.start if start < 0 else start), line.end
    if start >= 0:
        yield start, end


def advance(state: State, line: str) -> tuple[Kind, State]:
    """The kind of `line`, and what is open after it."""
    if state.fence is not None:
        inside = _unquoted(line, state.fence.quote)
        if inside is not None:
            if not state.fence.closed_by(inside):
                return Kind.FENCED, state
            kind = Kind.FENCE_CLOSE if inside.strip() else Kind.BLANK
            return kind, State(items=state.items, quote=state.quote)
        state = State()
    if state.quote or _MAY_QUOTE.match(line):
        quote, rest = _quoted(line)
        if quote != state.quote:
            state = State(quote=quote)
    else:
        rest = line
    if not rest or rest.isspace():
        if state.is_apart and not state.table:
            return Kind.BLANK, state
        return Kind.BLANK, State(items=state.items, quote=state.quote)
    if _PLAIN.match(rest) and "|" not in rest:
        if state.items and state.is_apart:
            return Kind.TEXT, State(quote=state.quote, is_apart=False)
        return Kind.TEXT, _in_text(state, state.items, "")
    return _block(state, line, rest)


def indent_of(line: str) -> int:
    """The column of the first character that is not white; tab stops are four columns apart."""
    blank = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blank.expandtabs(4)) if "\t" in blank else len(blank)


def nested_in(items: tuple[Item, ...], column: int) -> tuple[Item, ...]:
    """The items that something at `column` lies inside of."""
    return tuple(item for item in items if item.indent + 2 <= column)


def _block(state: State, line: str, rest: str) -> tuple[Kind, State]:
    column = indent_of(rest)
    is_rule = column < 4 and _RULE.match(rest) is not None
    if column < 4 and (_HEADING.match(rest) or (is_rule and state.is_apart)):
        return Kind.RULE if is_rule else Kind.HEADING, State(quote=state.quote, is_apart=False)
    items = state.items
    kind = Kind.TEXT
    found = None if is_rule else _ITEM.match(rest)
    if found is not None:
        marker = found[2]
        items = (*nested_in(items, column), Item(column, column + len(marker) + 1, marker))
        kind = Kind.ITEM
        column, rest = column + len(marker) + 1, rest[found.end() :]
    elif state.is_apart:
        items = nested_in(items, column)
    fence = _opened(rest, column, state.quote)
    if fence is not None:
        if kind is Kind.TEXT:
            items = nested_in(items, column)
        return Kind.FENCE_OPEN, State(fence, items=items, quote=state.quote, is_apart=False)
    if kind is Kind.ITEM or "|" not in rest:
        return kind, _in_text(state, items, "")
    if state.table:
        return Kind.ROW, state
    if state.header and is_delimiter(rest, state.header):
        table = (state.header, line)
        return Kind.DELIMITER, State(None, table, items, state.quote, is_apart=False)
    return Kind.TEXT, _in_text(state, items, line)


def _in_text(state: State, items: tuple[Item, ...], header: str) -> State:
    if state.items == items and state.header == header and not (state.table or state.is_apart):
        return state
    return State(None, (), items, state.quote, header, is_apart=False)


def is_delimiter(line: str, header: str) -> bool:
    """Whether `line` is the delimiter row of a table that `header` is the header row of."""
    if not _DELIMITER_CHARACTERS.issuperset(line):
        return False
    cells = line.strip().strip("|").split("|")
    if not all(_DELIMITER_CELL.fullmatch(cell) for cell in cells):
        return False
    return len(cells) == _QUOTE.sub("", header, count=1).strip().strip("|").count("|") + 1


def _opened(rest: str, column: int, quote: str) -> Fence | None:
    mark = rest.lstrip(" \t")
    indent = min(column, _DEEPEST_INDENT)
    if mark.startswith(("```", "~~~")):
        found = _FENCE.match(mark)
        if found is None:
            return None
        return Fence(found[1] or found[3], (found[2] or found[4] or "").rstrip(), indent, quote)
    for opener, closer in (("$$", "$$"), ("\\[", "\\]")):
        if mark.startswith(opener) and closer not in mark[2:]:
            return Fence(opener, "", indent, quote)
    return None


def _quoted(line: str) -> tuple[str, str]:
    found = _QUOTE.match(line)
    if found is None:
        return "", line
    return "> " * found[0].count(">"), line[found.end() :]


def _unquoted(line: str, quote: str) -> str | None:
    """`line` without as many quote marks as `quote` has; None when it has fewer."""
    if not quote:
        return line
    found, rest = _quoted(line)
    return rest if len(found) >= len(quote) else None
