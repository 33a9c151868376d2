"""What an answer refers to, for people: names instead of links that lead nowhere and raw markers.

    [the sum](sandbox:/mnt/data/sum.csv)  ->  the sum (sum.csv)
    sandbox:/mnt/data/sum.csv             ->  sum.csv
    nine days【0:1†may.md】               ->  nine days [may.md]

The files themselves go out with the post. Pure.
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
    """`markdown` with its references as names.

    Of a text that still grows, what may be the beginning of a reference is left out: what is shown
    of it stays.
    """
    if not final:
        markdown = markdown[: _certain(markdown)]
    return _REFERENCE.sub(_name, markdown)


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


def _name(match: re.Match[str]) -> str:
    if (cited := match["cited"]) is not None:
        apart = match.start() == 0 or match.string[match.start() - 1].isspace()
        return ("" if apart else " ") + f"[{cited or 'source'}]"
    if (linked := match["linked"]) is not None:
        label, name = match["label"].strip(), unquote(linked.strip())
        return label if name in label else f"{label} ({name})".strip()
    bare = match["bare"]
    end = _ENDS.search(bare)
    tail = end[0] if end else ""
    return unquote(bare.removesuffix(tail)) + tail
