"""Where a text may be cut without tearing apart what a reader sees as one character."""

from __future__ import annotations

import unicodedata
from typing import Final

_ZERO_WIDTH_JOINER: Final = "\u200d"
_LONGEST_CLUSTER: Final = 64
"""How many characters are looked back over for a run of flags; bounds the cost of a cut."""


def is_boundary(text: str, at: int) -> bool:
    """Whether `text` may be cut before `text[at]`.

    Not between a base and its combining marks, in a ZWJ sequence, a flag, a surrogate pair, a
    conjoining Hangul syllable, CR LF, or a backslash and what it escapes (a simplification of
    Unicode UAX #29). True at both ends.
    """
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\\" or before == _ZERO_WIDTH_JOINER or (before == "\r" and after == "\n"):
        return False
    if after.isascii():
        return True
    if _extends(after) or "\ud800" <= before <= "\udbff":
        return False
    if "\u1160" <= after <= "\u11ff":
        return not "\u1100" <= before <= "\u11ff"
    return not (_is_flag(after) and _flags_before(text, at) % 2 == 1)


def _extends(character: str) -> bool:
    return (
        character == _ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character).startswith("M")
    )


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    back = at
    while back > max(0, at - _LONGEST_CLUSTER) and _is_flag(text[back - 1]):
        back -= 1
    return at - back
