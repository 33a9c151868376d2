"""Words as the index knows them. Pure.

FTS5 splits at everything that is neither letter nor digit, and takes a run of Chinese or Japanese
for one word. Such runs become overlapping pairs of characters here, in texts and in questions
alike: most words of these languages have two characters, which FTS5's own trigrams never find.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"  # kana, Chinese
    "\uac00-\ud7af"  # Hangul: spaced, but with particles stuck to its words
    "\U00020000-\U0003ffff"
)
"""Scripts in which spaces do not separate words."""

_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"
"""Accents, points and vowel signs that are part of a word and no letters to `re`."""

_RUNS: Final = re.compile(f"[{_UNSPACED}]+")
_WORDS: Final = re.compile(f"[{_UNSPACED}]+|(?:[^\\W_{_UNSPACED}]|[{_MARKS}])+")

_MOST_TERMS: Final = 48
"""Of one question; of a longer one the longest words are kept, which tend to be the rarest."""

_STOP_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """a about after again all also am an and any are as at be because been before being but by
        can could did do does doing down during each few for from further get had has have having
        he her here hers him his how i if in into is it its itself just let me more most my myself
        no nor not now of off on once only or other our out over own please same she should so some
        such tell than that the their them then there these they this those through to too under
        until up very was we were what when where which while who whom why will with would you your
        yours s t d ll m re ve""",
    )
)


def indexed(text: str) -> str:
    """The text as it is handed to FTS5."""
    return _RUNS.sub(lambda run: " ".join(("", *_pairs(run[0]), "")), text)


def terms(question: str) -> list[str]:
    """The words to look for, each once; stop words only if there are no others."""
    found = [
        term
        for word in _WORDS.findall(question.lower())
        for term in (_pairs(word) if _RUNS.match(word) else [word])
    ]
    unique = list(dict.fromkeys(found))
    telling = [term for term in unique if term not in _STOP_WORDS] or unique
    if len(telling) > _MOST_TERMS:
        kept = set(sorted(telling, key=len, reverse=True)[:_MOST_TERMS])
        telling = [term for term in telling if term in kept]
    return telling


def expression(words: Sequence[str]) -> str:
    """Any of these words, in FTS5's language. Words are quoted, so they are never syntax."""
    return " OR ".join('"' + word.replace('"', "") + '"' for word in words)


def _pairs(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]
