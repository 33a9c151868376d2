r"""From the Markdown that models write to the Markdown that Discord draws: pure.

Discord draws headings of three levels, `-` and `1.` lists, quotations, links of http with a label
that is no address, fences of three backticks with one word behind them, and `||spoilers||`. What it
would show as it was written is written another way; what it would draw though nobody meant it
(`a || b`, `>>> print(1)`) is escaped. Code is left alone.
Source: https://support.discord.com/hc/en-us/articles/210298617 (Markdown Text 101).
"""

from __future__ import annotations

import re
from typing import Final

from core.chat.text.blocks import Fence, Kind, Line, paragraphs, scan
from core.chat.text.inline import Found, Span, inline
from core.chat.text.mentions import ZERO_WIDTH_SPACE

_RULE: Final = "─" * 12
_DEEP_HEADING: Final = re.compile(r"([ >]*)#{4,6}[ \t]+(.*?)[ \t]*#*$")
_BULLET: Final = re.compile(r"([ \t>]*)\+(?=[ \t])")
_NUMBER: Final = re.compile(r"([ \t>]*\d{1,9})\)(?=[ \t])")
_BOX: Final = re.compile(r"([ \t>]*[-*] )\[([ xX])\](?=[ \t])")
_TRIPLE: Final = re.compile(r"([ \t]*)(?=>>>)")
_SPOILER: Final = re.compile(r"(?<![^\s(])\|\|(?=\S)([^|\n]+?)(?<=\S)\|\|(?![^\s.,;:!?)])")
_WORD: Final = re.compile(r"[^\W\d_]{3}")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9_+\-.#]+")
_WEB: Final = ("http://", "https://")


def drawn(markdown: str, most: int) -> str:
    """`markdown` as Discord draws it right; as it is where that would take more than `most`
    characters."""
    text = _Writer(markdown).written()
    return text if len(text) <= most else markdown


class _Writer:
    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = list(scan(source))
        self.spans = self._spans()

    def _spans(self) -> list[Found]:
        """Code and links, which lines are not looked into for; ascending and apart."""
        found: list[Found] = []
        for start, end in paragraphs(self.lines):
            for span in inline(self.source[start:end]).spans:
                if span.kind in (Span.CODE, Span.LINK):
                    at = (start + span.start, start + span.end)
                    inner = (start + span.inner, start + span.inner_end)
                    if not found or at[0] >= found[-1].end:
                        found.append(Found(span.kind, *at, *inner))
        return found

    def written(self) -> str:
        pieces: list[str] = []
        for line in self.lines:
            text = self.source[line.start : line.end]
            pieces.append(self._line(line, text))
            pieces.append(self.source[line.end : line.end + 1])
        return "".join(pieces)

    def _line(self, line: Line, text: str) -> str:
        fence = line.before.fence
        match line.kind:
            case Kind.FENCED if fence is not None and not fence.is_math:
                return _inside(fence, text)
            case Kind.FENCE_OPEN if line.after.fence is not None and not line.after.fence.is_math:
                return _opener(line.after.fence, text)
            case Kind.FENCE_CLOSE if fence is not None and not fence.is_math:
                return text if fence.marker == "```" else text.replace(text.strip("> \t"), "```")
            case Kind.RULE:
                return _RULE
            case _:
                return _block(self._inline(line))

    def _inline(self, line: Line) -> str:
        pieces: list[str] = []
        at = line.start
        for span in self.spans:
            if span.end <= line.start or span.start >= line.end:
                continue
            if span.start < at or span.end > line.end:  # it goes over several lines
                pieces.append(_escaped(self.source[at : max(at, span.start)]))
                at = max(at, min(span.end, line.end))
                pieces.append(self.source[max(line.start, span.start) : at])
                continue
            pieces.append(_escaped(self.source[at : span.start]))
            pieces.append(self._span(span))
            at = span.end
        return "".join([*pieces, _escaped(self.source[at : line.end])])

    def _span(self, span: Found) -> str:
        text = self.source[span.start : span.end]
        if span.kind is Span.CODE or text.startswith("<"):
            return text
        label, _, target = (
            text.removeprefix("!").removeprefix("[").removesuffix(")").partition("](")
        )
        target, _, title = target.partition(" ")
        if not target.startswith(_WEB):
            return label if label == target else f"{label} ({target})".strip()
        if not label or label == target:
            return target
        if "://" in label:
            return f"{label} ({target})"
        return f"[{label}]({target}{' ' + title if title else ''})"


def _block(text: str) -> str:
    """A line with the marks at its start as Discord knows them."""
    if heading := _DEEP_HEADING.fullmatch(text):
        strong = heading[2] if "**" in heading[2] or not heading[2] else f"**{heading[2]}**"
        return heading[1] + strong
    text = _TRIPLE.sub(lambda found: found[1] + "\\", text, count=1) if ">>>" in text[:9] else text
    text = _BULLET.sub(r"\1-", text, count=1) if _BULLET.match(text) else text
    text = _NUMBER.sub(r"\1.", text, count=1) if _NUMBER.match(text) else text
    if box := _BOX.match(text):
        text = f"{box[1]}{'☐' if box[2] == ' ' else '☑'}{text[box.end() :]}"
    return text


def _escaped(text: str) -> str:
    """Prose; only what is meant as a spoiler is one."""
    if "||" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for found in _SPOILER.finditer(text):
        if _WORD.search(found[1]):
            pieces += [_bars(text[done : found.start()]), found[0]]
            done = found.end()
    return "".join([*pieces, _bars(text[done:])])


def _bars(text: str) -> str:
    return text.replace("||", "\\|\\|")


def _opener(fence: Fence, text: str) -> str:
    """The line that opens a fence, with one word behind it or none."""
    at = text.index(fence.marker)
    word = _LANGUAGE.match(fence.info.strip())
    return f"{text[:at]}```{word[0] if word else ''}"


def _inside(fence: Fence, text: str) -> str:
    """A line of code; marks in it that would end Discord's fence are broken."""
    return text if fence.marker == "```" else text.replace("```", f"`{ZERO_WIDTH_SPACE}``")
