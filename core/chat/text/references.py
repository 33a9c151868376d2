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
    rf"\[(?P<label>[^\[\]\n]{{0,300}})\]\({_MOUNT}(?P<linked>[^()\n]{{1,200}})\)"
    rf"|{_MOUNT}(?P<bare>{_NAME})"
    r"|[ \t]?【\d{1,6}:\d{1,6}†(?P<cited>[^【】\n]{0,200})】"
)
_ENDS: Final = re.compile(r"[.,;:!?*_]+$")
"""What stands behind a bare name and is no part of it."""

_OPEN: Final = re.compile(
    r"(?:"
    rf"\[[^\[\]\n]{{0,300}}(?:\](?:\((?:[^()\n]{{0,{200 + len(_MOUNT)}}})?)?)?"
    rf"|{_MOUNT}(?:{_NAME})?"
    r"|[ \t]?【(?:\d{0,6}(?::(?:\d{0,6}(?:†[^【】\n]{0,200})?)?)?)?"
    rf"|{'(?:'.join(_MOUNT[:-1])}{')?' * (len(_MOUNT) - 2)}"
    r"|[ \t]"
    r")$"
)
"""An end of a text that grows which may be the beginning of a reference."""


def named(markdown: str, *, final: bool) -> str:
    """`markdown` with its references as names.

    Of a text that still grows, what may be the beginning of a reference is left out: what is shown
    of it stays.
    """
    if not final:
        opening = _OPEN.search(markdown, max(0, len(markdown) - 600))
        if opening is not None:
            markdown = markdown[: opening.start()]
    return _REFERENCE.sub(_name, markdown)


def _name(match: re.Match[str]) -> str:
    if (cited := match["cited"]) is not None:
        return f" [{cited}]" if cited else ""
    if (linked := match["linked"]) is not None:
        label, name = match["label"].strip(), unquote(linked.strip())
        return label if name in label else f"{label} ({name})".strip()
    bare = match["bare"]
    end = _ENDS.search(bare)
    tail = end[0] if end else ""
    return unquote(bare.removesuffix(tail)) + tail
