"""Typing errors in the words that matter."""

from __future__ import annotations


def corrected(word: str) -> str:
    """The word that was meant, when there is only one close to it."""
    return word
