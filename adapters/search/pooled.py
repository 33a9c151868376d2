"""How much of a question's words a passage has, and the passages of several indexes in one order.

bm25 weighs a word by how rare it is, so its scores mean something within one index only; in that of
one short file every word is common. Here the best passages of each index are weighed again by how
rare the words are in all of them together. SQLite's own tokenizer does the counting, in memory.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from adapters.search.terms import indexed

_K1: Final = 1.2
_B: Final = 0.75
_FTS5_LEAST: Final = 1e-6

Key = TypeVar("Key")


def shares(
    found: Sequence[tuple[Key, float]], rarity: Mapping[str, int], passages: int
) -> list[tuple[Key, float]]:
    """What one index found, with the share of the question that each passage has.

    A passage of usual length that has each word once has all of it (1).

    Args:
        found: passages with their bm25 by FTS5, best first.
        rarity: for each word asked for, how many passages have it.
        passages: how many there are.
    """
    # The weights that FTS5's own bm25 gives to words.
    whole = sum(
        max(math.log((passages - n + 0.5) / (n + 0.5)), _FTS5_LEAST) for n in rarity.values()
    )
    return [(key, min(score / whole, 1.0)) for key, score in found]


def reordered(
    texts: Mapping[Key, str], rarity: Mapping[str, int], passages: int
) -> list[tuple[Key, float]]:
    """What several indexes found in one order, best first, with shares as in `shares`.

    Args:
        texts: what was found in all indexes, by some key.
        rarity: for each word asked for, how many passages of all indexes have it.
        passages: how many there are in all.
    """
    keys = list(texts)
    words = list(rarity)
    counts = _counts([texts[key] for key in keys], words)
    usual = sum(length for length, _ in counts) / max(len(counts), 1)
    weights = [
        math.log(1 + (passages - n + 0.5) / (n + 0.5)) for n in map(rarity.__getitem__, words)
    ]

    def score(place: int) -> float:
        length, found = counts[place]
        norm = _K1 * (1 - _B + _B * length / max(usual, 1))
        return sum(
            weight * times * (_K1 + 1) / (times + norm)
            for weight, times in zip(weights, found, strict=True)
        )

    whole = sum(weights)
    order = sorted(((score(place), -place) for place in range(len(keys))), reverse=True)
    return [(keys[-place], min(value / whole, 1.0)) for value, place in order]


def _counts(texts: Sequence[str], words: Sequence[str]) -> list[tuple[int, list[int]]]:
    """For each text its length in words, and how often it has each of the words (or its stem)."""
    db = sqlite3.connect(":memory:")
    try:
        db.execute(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        db.execute("CREATE VIRTUAL TABLE places USING fts5vocab(texts, 'instance')")
        # Row 0 to n-1 are the texts, the rows after them one word each, to have its stem.
        lines = [*map(indexed, texts), *words]
        db.executemany("INSERT INTO texts(rowid, text) VALUES(?, ?)", enumerate(lines))
        lengths = dict(
            db.execute("SELECT doc, count(*) FROM places WHERE doc < ? GROUP BY doc", (len(texts),))
        )
        found = [(lengths.get(place, 0), [0] * len(words)) for place in range(len(texts))]
        rows = db.execute(
            "SELECT w.doc, t.doc, count(*) FROM places w JOIN places t ON t.term = w.term "
            "WHERE w.doc >= ?1 AND t.doc < ?1 GROUP BY w.doc, t.doc",
            (len(texts),),
        )
        for word, text, times in rows:
            found[text][1][word - len(texts)] = times
        return found
    finally:
        db.close()
