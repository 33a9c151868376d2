"""What an answer refers to, for people: names instead of links that lead nowhere, footnotes instead
of raw markers.

    [the sum](sandbox:/mnt/data/sum.csv)  ->  the sum (sum.csv)
    sandbox:/mnt/data/sum.csv             ->  sum.csv
    nine days【0:1†may.md】               ->  nine days [1]
                                              (at the end:) Sources: [1] may.md

Files that code made go out with the post; a file that is cited is named once. Pure.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_MOUNT: Final = "sandbox:/mnt/data/"
_NAME: Final = r"[^\s()\[\]<>\"'`【】]{1,200}"
_REFERENCE: Final = re.compile(
    rf"\[(?P<label>[^\[\]【】\n]{{0,300}})\]\({_MOUNT}(?P<linked>[^()\n]{{1,200}})\)"
    rf"|{_MOUNT}(?P<bare>{_NAME})"
    r"|【\d{1,6}:\d{1,6}†(?P<cited>[^【】\n]{0,200})】"
)
_ENDS: Final = re.compile(r"[.,;:!?*_]+$")
"""What stands behind a bare name and is no part of it."""

_LONGEST: Final = 600
"""Characters that a reference may have."""

_OPEN: Final = re.compile(
    r"(?:"
    rf"\[[^\[\]【】\n]{{0,300}}(?:\](?:\((?:[^()\n]{{0,{200 + len(_MOUNT)}}})?)?)?"
    rf"|{_MOUNT}(?:{_NAME})?"
    r"|【(?:\d{0,6}(?::(?:\d{0,6}(?:†[^【】\n]{0,200})?)?)?)?"
    rf"|{'(?:'.join(_MOUNT[:-1])}{')?' * (len(_MOUNT) - 2)}"
    r")$"
)
"""An end of a text that grows which may be the beginning of a reference."""


def named(markdown: str, *, final: bool) -> str:
    """`markdown` with its references as names, and its citations as footnotes.

    Of a text that still grows, what may be the beginning of a reference is left out: what is shown
    of it stays. Footnotes are numbered by where a file is first cited; the list comes at the end.
    """
    if not final:
        markdown = markdown[: _certain(markdown)]
    notes: dict[str, int] = {}
    text = _REFERENCE.sub(lambda match: _name(match, notes), markdown)
    if not final or not notes:
        return text
    return f"{text}\n\nSources: " + " · ".join(f"[{n}] {name}" for name, n in notes.items())


def _certain(markdown: str) -> int:
    """Where the last reference may begin that is not whole yet; else the end."""
    start = max(0, len(markdown) - _LONGEST)
    whole = [match.span() for match in _REFERENCE.finditer(markdown)]
    while (opening := _OPEN.search(markdown, start)) is not None:
        at = opening.start()
        ends = [end for begin, end in whole if begin < at < end]
        if not ends:
            return at
        start = ends[0]
    return len(markdown)


def _name(match: re.Match[str], notes: dict[str, int]) -> str:
    if (cited := match["cited"]) is not None:
        apart = match.start() == 0 or match.string[match.start() - 1].isspace()
        number = notes.setdefault(cited or "a file", len(notes) + 1)
        return ("" if apart else " ") + f"[{number}]"
    if (linked := match["linked"]) is not None:
        label, name = match["label"].strip(), unquote(linked.strip())
        return label if name in label else f"{label} ({name})".strip()
    bare = match["bare"]
    end = _ENDS.search(bare)
    tail = end[0] if end else ""
    return unquote(bare.removesuffix(tail)) + tail
