r"""Mathematics that people can read where nothing renders LaTeX: Unicode, else a picture.

    readable("So $x^2 \le 4$.").text == "So x² ≤ 4."

Formulas are `$…$`, `$$…$$`, `\(…\)` and `\[…\]`; not money ("$5 and $10") and not what stands in
code. A formula that needs several lines (a matrix, cases, aligned equations) becomes a code block
when it stands on lines of its own. One that is not understood, or would read badly, stays as
LaTeX in a code span, and `images` names it, so that a platform can attach a picture. Text that is
not part of a formula is never changed, and a formula that is not closed yet stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.chat.text.blocks import Kind, Line, paragraphs, scan
from core.chat.text.grids import display
from core.chat.text.inline import Found, Span, inline
from core.chat.text.latex import parse
from core.chat.text.linear import Unwritable, line
from core.chat.text.mentions import ZERO_WIDTH_SPACE
from core.chat.text.tree import Boxed, Row

_SIGNS: Final = frozenset("\\^_{}=<>+-*/")
_QUOTE_MARKS = re.compile(r"\n[ \t]*(?:> ?)+")
_LEAD = re.compile(r"([ \t>]*)((?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)")
_LONGEST: Final = 100
"""How far from the start of its line a displayed formula may begin and still stand alone."""
_LINE_END = re.compile(r"[ \t\r]*(?:\n|\Z)")
_UNFINISHED = re.compile(r"(?:\n[^\n]*)?\Z")
_IN_ROW = re.compile(r"[ \t>]*\|")
_RISKY_START = re.compile(r"[#+>=-]+(?:\s|$)|\d+[.)]\s")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that a picture would show better.

    `latex` is its source without the marks around it, `text` what stands for it in the text.
    """

    latex: str
    is_display: bool
    text: str


@dataclass(frozen=True, slots=True)
class Readable:
    """A text without LaTeX, but for the formulas that `images` lists.

    `settled` is how many characters of `text` stay the same however the source goes on.
    """

    text: str
    images: tuple[Formula, ...]
    settled: int


def readable(markdown: str) -> Readable:
    """`markdown` with its formulas as Unicode. Never raises for the text's sake."""
    writer = _Writer(markdown)
    lines = tuple(scan(markdown))
    for start, end in paragraphs(lines):
        writer.paragraph(start, end)
    writer.keep(len(markdown))
    return writer.finished(lines)


class _Writer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.size = 0
        self.done = 0
        self.images: list[Formula] = []
        self.offsets: list[tuple[int, int]] = []
        self.unsettled = len(source)
        self.line_start = 0

    def keep(self, until: int) -> None:
        """Take over the source up to `until` as it is."""
        if until > self.done:
            self.offsets.append((self.done, self.size))
            self.put(self.source[self.done : until])
            self.done = until

    def put(self, text: str) -> None:
        self.pieces.append(text)
        self.size += len(text)

    def paragraph(self, start: int, end: int) -> None:
        text = self.source[start:end]
        if "$" not in text and "\\" not in text and "`" not in text:
            return
        seen = inline(text)
        is_cut_off = end == len(self.source)
        last_line = text.rfind("\n") + 1
        if seen.open is not None and self.may_go_on(end):
            self.unsettled = min(self.unsettled, start + seen.open)
        for span in seen.spans:
            is_formula = span.kind in (Span.MATH, Span.DISPLAY) and self.formula(start, span)
            may_change = span.end == len(text) or (
                is_formula and span.kind is Span.DISPLAY and span.end > last_line
            )
            if is_cut_off and may_change:
                self.unsettled = min(self.unsettled, start + span.start)

    def may_go_on(self, end: int) -> bool:
        """Whether more text could belong to the paragraph up to `end`.

        What ends it is a line that is complete: one that still grows may look like a fence or a
        heading (``` or #) and turn out to be more of the paragraph.
        """
        return _UNFINISHED.match(self.source, end) is not None

    def formula(self, start: int, span: Found) -> bool:
        """Write one formula; False if it is none after all and stays as it is."""
        begin, end = start + span.start, start + span.end
        latex = _QUOTE_MARKS.sub("\n", self.source[start + span.inner : start + span.inner_end])
        latex = latex.strip()
        if not latex or (self.source.startswith("\\[", begin) and _SIGNS.isdisjoint(latex)):
            return False
        self.line_start = max(self.line_start, self.source.rfind("\n", self.line_start, begin) + 1)
        is_alone = span.kind is Span.DISPLAY and _LINE_END.match(self.source, end) is not None
        shown, is_text = _typeset(latex, self.lead(begin) if is_alone else None)
        if _IN_ROW.match(self.source, self.line_start):
            shown = shown.replace("|", "∣") if is_text else shown
        self.keep(begin)
        if not is_text:
            self.images.append(Formula(latex, span.kind is Span.DISPLAY, shown))
        self.put(shown)
        self.done = end
        return True

    def lead(self, at: int) -> str | None:
        """What stands before a formula that begins its line, as the lines after it need it."""
        found = _LEAD.fullmatch(self.source, self.line_start, min(at, self.line_start + _LONGEST))
        if found is None or found.end() != at:
            return None
        return found[1] + " " * len(found[2])

    def finished(self, lines: tuple[Line, ...]) -> Readable:
        text = "".join(self.pieces)
        return Readable(text, tuple(self.images), self.shown(self.settled_source(lines)))

    def settled_source(self, lines: tuple[Line, ...]) -> int:
        """How much of the source can be written without knowing what follows."""
        source = self.source
        if not lines or source.endswith("\n"):
            return self.unsettled
        last = lines[-1]
        bare = source[last.start : last.end].lstrip(" \t>")
        if last.before.fence is not None or not bare.strip("`~$"):
            return min(self.unsettled, last.start)
        if last.kind is Kind.FENCE_OPEN:
            return min(self.unsettled, last.start)
        spaces = (source.rfind(each, last.start) + 1 for each in " \t")
        return min(self.unsettled, max(last.start, *spaces))

    def shown(self, at: int) -> int:
        """The place in the text that belongs to a place in the source."""
        for source, text in reversed(self.offsets):
            if source <= at:
                return text + at - source
        return 0


def _typeset(latex: str, lead: str | None) -> tuple[str, bool]:
    """A formula as text, and whether that was possible.

    `lead` begins each further line; None asks for a single line.
    """
    formula = parse(latex)
    if formula is not None:
        try:
            lines: tuple[str, ...] = display(formula) if lead is not None else (line(formula),)
            if len(lines) > 1:
                return _fenced(lines, "", lead or ""), True
            text = _boxed(formula) or "".join(lines)
            if text.strip():
                return _harmless(text, starts_line=lead is not None), True
        except Unwritable:
            pass
    if "\n" in latex and lead is not None:
        return _fenced(latex.split("\n"), "latex", lead), False
    return _code_span(latex), False


def _boxed(formula: Row) -> str:
    """A result in a box is shown as strong text."""
    match formula.nodes:
        case (Boxed(body=body),):
            return f"**{line(body)}**"
        case _:
            return ""


def _harmless(text: str, *, starts_line: bool) -> str:
    """A formula's text, with nothing in it that Markdown takes for a link, a spoiler or a list."""
    text = text.replace("||", "‖").replace("](", f"]{ZERO_WIDTH_SPACE}(")
    return ZERO_WIDTH_SPACE + text if starts_line and _RISKY_START.match(text) else text


def _fenced(lines: Iterable[str], info: str, lead: str) -> str:
    body = "".join(f"{lead}{each}\n" for each in lines)
    return f"```{info}\n{body}{lead}```"


def _code_span(latex: str) -> str:
    flat = " ".join(latex.split())
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"
