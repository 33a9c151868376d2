"""Numbers that are spelled: `twenty-five`, `three point five`, `two thirds`, `half`."""

from __future__ import annotations

from fractions import Fraction

from adapters.offline.cursor import Cursor
from adapters.offline.lexicon import FRACTION_WORDS, NUMBER_WORDS, SCALES
from adapters.offline.tree import Binary, Node, Num, add


class Numerals(Cursor):
    """The grammar of spelled numbers."""

    def spelled_number(self) -> Node | None:
        """A whole number, a decimal or a fraction in words, perhaps with `and a half`."""
        start = self.at
        fraction = self._spelled_fraction()
        if fraction is not None:
            return fraction
        whole = self._whole()
        if whole is None:
            self.at = start
            return None
        if self.word("point"):
            return self._decimals(whole, start)
        rest = self._and_fraction()
        return Num(Fraction(whole)) if rest is None else add(Num(Fraction(whole)), rest)

    def _spelled_fraction(self) -> Node | None:
        """`half`, `a third`, `two fifths`; a bare `third` is an ordinal, so it does not count."""
        start = self.at
        top = 1
        counted = self._article()
        if not counted:
            token = self.peek()
            if token.kind == "word" and token.text in NUMBER_WORDS:
                top, counted = NUMBER_WORDS[token.text], True
                self.at += 1
            elif token.kind == "num" and token.value is not None and not token.decimal:
                top, counted = int(token.value), True
                self.at += 1
        token = self.peek()
        halves = token.text in {"half", "halves"}
        if (
            token.kind == "word"
            and token.text in FRACTION_WORDS
            and (counted or halves)
            and self.peek(1).text not in {"root", "power", "derivative", "order", "term", "degree"}
        ):
            self.at += 1
            return Binary("/", Num(Fraction(top)), Num(Fraction(FRACTION_WORDS[token.text])))
        self.at = start
        return None

    def _article(self) -> bool:
        token = self.peek()
        if token.text in {"a", "A", "an"} and token.kind in {"name", "word"}:
            self.at += 1
            return True
        return False

    def _and_fraction(self) -> Node | None:
        start = self.at
        if self.word("and"):
            fraction = self._spelled_fraction()
            if fraction is not None:
                return fraction
        self.at = start
        return None

    def mixed_tail(self) -> Node | None:
        """After a whole number in digits: ` 1/2` or ` and a half`."""
        fraction = self._and_fraction()
        if fraction is not None:
            return fraction
        top, slash, bottom = self.peek(), self.peek(1), self.peek(2)
        tight = top.gap and not slash.gap and not bottom.gap and slash.text == "/"
        if (
            tight
            and not self.spaced
            and top.value is not None
            and bottom.value is not None
            and not (top.decimal or bottom.decimal)
            and top.value < bottom.value
        ):
            self.at += 3
            return Binary("/", Num(top.value), Num(bottom.value))
        return None

    def _whole(self) -> int | None:
        """`two million three hundred and five`."""
        total = 0
        group: int | None = None
        while True:
            token = self.peek()
            if token.kind not in {"word", "name"}:
                break
            if token.text == "and":
                if not self._and_joins(total, group):
                    break
            elif token.text in {"a", "A"} and self.peek(1).text in SCALES:
                group = 1
            elif token.text in SCALES and token.text != "hundred" and group is not None:
                total, group = total + group * SCALES[token.text], None
            else:
                grown = _grown(group, token.text)
                if grown is None:
                    break
                group = grown
            self.at += 1
        return None if group is None and not total else total + (group or 0)

    def _and_joins(self, total: int, group: int | None) -> bool:
        """The `and` of `a hundred and five`; that of `three and a half` is none of it."""
        if not total and (group is None or group < 100):
            return False
        return self.peek(1).text in NUMBER_WORDS and self.peek(2).text not in FRACTION_WORDS

    def _decimals(self, whole: int, start: int) -> Node | None:
        digits = ""
        while (token := self.peek()).text in NUMBER_WORDS and NUMBER_WORDS[token.text] < 10:
            digits += str(NUMBER_WORDS[token.text])
            self.at += 1
        if not digits:
            self.at = start
            return None
        return Num(Fraction(f"{whole}.{digits}"), decimal=True)


def _grown(group: int | None, word: str) -> int | None:
    """The number below a thousand with one more word; None when the word does not go on."""
    if word == "hundred":
        return group * 100 if group else None
    value = NUMBER_WORDS.get(word)
    if value is None or (group is not None and (group % 100 if value >= 10 else group % 10)):
        return None
    return (group or 0) + value
