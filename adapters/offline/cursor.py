"""A place in a row of tokens, and the small questions that every grammar rule asks there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from adapters.offline.lexicon import wordset
from adapters.offline.tokens import END, Token

T = TypeVar("T")

Phrases = Mapping[tuple[str, ...], T]

MAX_DEPTH: Final = 40
"""Brackets in brackets; deeper than any exercise, and far above what the stack bears."""

_AFTER_A: Final = wordset(
    "plus minus times over divided multiplied squared cubed and or is are if "
    "when in for given"
    " equals equal from to with where but such so that using by mod"
)
_BEFORE_I: Final = wordset(
    "do can should could would did may must am how if as so but because and since what"
)


class Cursor:
    """Moves forward over tokens; a rule that fails puts `at` back where it began."""

    def __init__(
        self,
        tokens: Sequence[Token],
        *,
        names: frozenset[str] = frozenset("fgh"),
        spaced: bool = False,
        chat: bool = False,
    ) -> None:
        self.tokens = tokens
        self.names = names
        self.spaced = spaced
        """Blanks separate: `3 -1` is two numbers, as in a list of data."""
        self.chat = chat
        """A mark at the very end may be an exclamation: `2 + 2!`."""
        self.at: int = 0
        self.depth: int = 0
        self.bars: int = 0
        self.dx: str | None = None
        self.integrals = 0
        self.right: bool = False
        """Behind a relation sign, where `21 x = ?` begins something new."""

    def peek(self, ahead: int = 0) -> Token:
        """The token here, or further on."""
        index = self.at + ahead
        return self.tokens[index] if 0 <= index < len(self.tokens) else END

    def op(self, *texts: str) -> str | None:
        """Take one of these operators."""
        token = self.peek()
        if token.kind == "op" and token.text in texts:
            self.at += 1
            return token.text
        return None

    def kind(self, kind: str, text: str | None = None) -> Token | None:
        """Take a token of this kind."""
        token = self.peek()
        if token.kind == kind and (text is None or token.text == text):
            self.at += 1
            return token
        return None

    def word(self, *texts: str) -> str | None:
        """Take one of these words."""
        token = self.peek()
        if token.kind == "word" and token.text in texts:
            self.at += 1
            return token.text
        return None

    def phrase(self, table: Phrases[T], *, longest: int = 6) -> T | None:
        """Take the longest row of words that stands in the table, and give what it means."""
        words: list[str] = []
        for ahead in range(longest):
            token = self.peek(ahead)
            if token.kind not in {"word", "func"}:
                break
            words.append(token.text)
        for length in range(len(words), 0, -1):
            found = table.get(tuple(words[:length]))
            if found is not None:
                self.at += length
                return found
        return None

    def is_article(self) -> bool:
        """Whether `a` here is an article and `i` a pronoun, not variables."""
        token, after, before = self.peek(), self.peek(1), self.peek(-1)
        if token.kind != "name" or token.order:
            return False
        if token.text in {"a", "A"}:
            blank = after.gap and before.kind not in {"op", "open", "close"}
            return blank and (
                (after.kind == "word" and after.text not in _AFTER_A)
                or (after.kind in {"num", "func", "name"} and before.kind != "num")
            )
        if token.text == "i":
            asked = before.kind == "word" and before.text in _BEFORE_I
            spoken = after.kind == "word" and after.text not in _AFTER_A
            return after.kind == "word" and (asked or spoken) and before.kind not in {"op", "num"}
        return token.text in {"u", "r"} and self._is_chat_letter(token, before, after)

    def _is_chat_letter(self, token: Token, before: Token, after: Token) -> bool:
        """`can u solve`, `how r u`."""
        asked = before.kind == "word" and before.text in _BEFORE_I | {"will", "thank", "are"}
        spoken = after.kind == "word" and after.text not in _AFTER_A
        return asked and (spoken or (token.text == "r" and after.kind == "name"))
