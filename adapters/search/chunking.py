"""Cutting a text into passages. Pure.

A passage ends where the text does anyway, if there is such a place in its later half: after a
paragraph, else a sentence, else a line, else a word. The next one begins before that end, again at
such a place. Passages are spans of the text, so nothing is lost or made up between them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from core.engine.searching import Chunking

Span = tuple[int, int]
"""Where a passage begins and where it ends (exclusive), in characters."""

_CHARACTER: Final = 1 / 3.5
_BEYOND: Final = 0.5
"""`core.engine.context.estimated_tokens`, by character: each, and each UTF-8 byte beyond one."""

_HEADINGS_AND_PARAGRAPHS: Final = re.compile(r"\n[ \t\r]*\n\s*")
_SENTENCES: Final = re.compile(r"[.!?…][\"'”’»)\]]*\s+|[。！？][」』]?\s*")
_LINES: Final = re.compile(r"\n\s*")
_WORDS: Final = re.compile(r"\s+")
_ENDS: Final = (
    (_HEADINGS_AND_PARAGRAPHS, 0.5),
    (_SENTENCES, 0.6),
    (_LINES, 0.6),
    (_WORDS, 0.8),
)
"""Ends from good to poor, and the share of a passage that has to lie before one."""


def cut(text: str, chunking: Chunking) -> list[Span]:
    """The passages of a text, in order; none for an empty one.

    The first begins at 0, the last ends with the text, and each begins within or right after the
    one before: joined without what they share they are the text. Neighbours share at most
    `overlap_tokens`, and at most half of the earlier one. `max_tokens` holds from 3 on; a single
    character may be as much as that.
    """
    size = len(text)
    spans: list[Span] = []
    start = end = 0
    while end < size:
        before = end
        room = _room(text[start : start + _most(chunking.max_tokens)], chunking.max_tokens)
        end = _end(text, start, max(start + room, before + 1), before)
        spans.append((start, end))
        start = _again(text, start, end, chunking.overlap_tokens)
    return spans


WINDOW_TOKENS: Final = 200
"""What a small embedding model takes in well (MiniLM: 256 of its own tokens)."""


def windows(
    text: str, passages: Sequence[Span], chunking: Chunking
) -> tuple[Sequence[Span], list[Span]]:
    """What is to be embedded, and for each passage the first and last (exclusive) of those.

    Where passages overlap they share windows, so no part of the text is embedded twice. A window
    belongs to the passages that have at least half of it. Passages that are no longer than a
    window are embedded as they are.
    """
    if chunking.max_tokens <= WINDOW_TOKENS:
        return passages, [(number, number + 1) for number in range(len(passages))]
    found = cut(text, Chunking(WINDOW_TOKENS, 0))
    middles = [(start + end) / 2 for start, end in found]
    owned: list[Span] = []
    for start, end in passages:
        first, last = bisect_left(middles, start), bisect_left(middles, end)
        if first == last:  # shorter than half a window on either side
            first = max(0, min(first, len(found) - 1))
            last = first + 1
        owned.append((first, last))
    return found, owned


def _room(piece: str, tokens: int) -> int:
    """How many characters from the beginning of `piece` fit into so many tokens."""
    # The estimate is int(cost) + 1: the cost has to stay below the number of tokens.
    below = tokens - 1e-6
    if piece.isascii():
        return min(len(piece), int(below / _CHARACTER))
    return bisect_left(list(accumulate(map(_cost, piece))), below)


def _most(tokens: int) -> int:
    """Characters that so many tokens can be at most."""
    return int(tokens / _CHARACTER) + 1


def _cost(character: str) -> float:
    code = ord(character)
    return _CHARACTER + _BEYOND * ((code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF))


def _end(text: str, start: int, limit: int, before: int) -> int:
    """Where a passage ends that may reach to `limit` and has to go beyond `before`."""
    if limit >= len(text):
        return len(text)
    for pattern, share in _ENDS:
        floor = max(start + int((limit - start) * share), before + 1)
        last = 0
        for end in _places(pattern, text, floor, limit):
            last = end
        if last:
            return last
    return limit


def _again(text: str, start: int, end: int, overlap: int) -> int:
    """Where the passage after this one begins."""
    if overlap <= 0 or end >= len(text):
        return end
    earliest = max(start + (end - start + 1) // 2, start + 1, _back(text, end, overlap))
    latest = earliest + (end - earliest) // 2
    for pattern, _ in _ENDS:
        for place in _places(pattern, text, earliest, latest):
            return place
    return min(earliest, end)


def _back(text: str, end: int, tokens: int) -> int:
    """How far before `end` so many tokens begin."""
    return end - _room(text[max(0, end - _most(tokens)) : end][::-1], tokens)


def _places(pattern: re.Pattern[str], text: str, floor: int, limit: int) -> Iterator[int]:
    """Ends of matches from `floor` to `limit`."""
    # A match may begin before the floor; one that is cut off by the limit ends there all the same.
    for match in pattern.finditer(text, max(0, floor - 2), limit):
        if floor <= match.end() <= limit:
            yield match.end()
