"""Plain text -> tokens: numbers, names, functions, operators, words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from adapters.offline import spelling
from adapters.offline.lexicon import CALLABLE, FUNCTIONS, GREEK, TWO_LETTER_WORDS

MAX_DIGITS: Final = 120
"""A longer number is no question that a person asks; it is left out as unreadable."""


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of text. `gap` says that a blank stood before it.

    `kind` is `num name const func op open close word punct nl dx rate diff` or `end`.
    `by` and `order` belong to `d/dx`, `dy/dx` and primes.
    """

    kind: str
    text: str
    gap: bool = False
    value: Fraction | None = None
    decimal: bool = False
    by: str = ""
    order: int = 0
    upper: bool = False


END: Final = Token("end", "")

_ORDER: Final = r"(?:\^?\(?(\d)\)?)?"
_DIFF: Final = re.compile(rf"[d∂]\s*{_ORDER}\s*/\s*[d∂]\s*([a-z]|theta){_ORDER}(?![a-z])")
_RATE: Final = re.compile(
    rf"[d∂]{_ORDER}\s?([a-zA-Z])(?:\([a-z]\))?\s*/\s*[d∂]\s?([a-z]|theta){_ORDER}(?![a-z(])"
)
_CHOICE: Final = re.compile(r"(\d+)([CcPp])(\d+)(?!\w)")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_LITERAL: Final = re.compile(r"0(?:x[0-9a-f]+|b[01]+|o[0-7]+)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?![\w(^]))?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,]\d)(?:\.\d+)?")
_LETTERS: Final = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_NAMED: Final = re.compile(r"('+)(?![A-Za-z])")
_SUBSCRIPT: Final = re.compile(r"_\(?([0-9a-z]{1,2})\)?|(\d)(?![\d.]*[a-zA-Z(])")
_OPERATORS: Final = (
    *("...", "->", "<=", ">=", "=<", "=>", "!=", "==", "<>", ":=", "∘", "≈"),
    *("+", "-", "*", "/", "^", "=", "<", ">", "|", "%", "°", "√", "∫", "∑", "∏", "!", "_", "±"),
)
_SAME: Final = {"=<": "<=", "=>": ">=", "==": "=", "<>": "!=", ":=": "="}
_DATA: Final = re.compile(
    r"\b(?:means?|medians?|modes?|averages?|deviation|variance|range|quartiles?|gcd|lcm|hcf|gcf"
    r"|common|sort|order|list|data|dataset|values|numbers|set|scores|iqr|sum of|min|max)\b",
    re.IGNORECASE,
)
_GLUED: Final = re.compile(
    r"([xyzt]?)(arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|sec|csc|cot|ln|log|exp|sqrt)"
    r"([abcknrtuvxyz]?)"
)
_VARIABLES: Final = frozenset("abcdhkmnpqrstuvwxyz")
_PRIMED: Final = frozenset("fghyupqrsvwFGHPQ")
_CONSTANTS: Final = {"pi": "pi", "infinity": "oo", "inf": "oo", "oo": "oo"}


_CASED: Final = frozenset("ABDJKLMPRTUVW")
"""Capitals that stay capitals (`V = πr²h`), unless the small letter is there too."""


def lex(text: str) -> tuple[Token, ...]:
    """All tokens of a text that `clean.normalise` has made plain. Never raises."""
    tokens = _Lexer(text).run()
    small = {token.text for token in tokens if token.kind == "name"}
    return tuple(
        replace(token, text=token.text.lower())
        if token.kind == "name" and token.text.isupper() and token.text.lower() in small
        else token
        for token in tokens
    )


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[Token] = []
        self._depth = 0
        self._commas_split = bool(_DATA.search(text)) and not re.search(r"\d, ", text)
        digits_times = re.findall(r"\d\s*[xX]\s*\d", text)
        self._x_is_times = bool(digits_times) and len(re.findall(r"[xX]", text)) == len(
            re.findall(r"(?<=\d)\s*[xX]\s*(?=\d)", text)
        ) + len(re.findall(r"[a-wyz][xX]|[xX][a-z]", text))

    def run(self) -> list[Token]:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "\n":
                self._put(Token("nl", "\n"), 1)
            elif char.isspace():
                self._at += 1
            else:
                self._next(char)
        return self._out

    def _put(self, token: Token, width: int) -> None:
        self._out.append(token)
        self._at += width

    def _gap(self) -> bool:
        return self._at == 0 or self._text[self._at - 1].isspace()

    def _next(self, char: str) -> None:
        if char.isdigit() or (char == "." and self._text[self._at + 1 : self._at + 2].isdigit()):
            self._number()
        elif char in "d∂" and self._leibniz():
            return
        elif char.isascii() and char.isalpha():
            self._letters()
        elif char in "([{":
            self._depth += 1
            self._put(Token("open", char, self._gap()), 1)
        elif char in ")]}":
            self._depth = max(0, self._depth - 1)
            self._put(Token("close", char, self._gap()), 1)
        else:
            self._operator()

    def _operator(self) -> None:
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                kind = "punct" if operator == "..." else "op"
                token = Token(kind, _SAME.get(operator, operator), self._gap())
                self._put(token, len(operator))
                return
        self._put(Token("punct", self._text[self._at], self._gap()), 1)

    def _number(self) -> None:
        gap = self._gap()
        literal = _LITERAL.match(self._text, self._at) or _ORDINAL.match(self._text, self._at)
        if literal:
            self._put(Token("word", literal[0].lower(), gap), len(literal[0]))
            return
        choice = _CHOICE.match(self._text, self._at)
        if choice and (choice[2].isupper() or choice[2] == "c"):
            self._put(self._num(choice[1], gap), len(choice[1]))
            self._put(Token("op", "ncr" if choice[2] in "Cc" else "npr"), 1)
            self._put(self._num(choice[3], gap=False), len(choice[3]))
            return
        grouped = None
        if not self._commas_split and self._depth == 0:
            grouped = _GROUPED.match(self._text, self._at)
        match = grouped or _NUMBER.match(self._text, self._at)
        if match is None:
            self._put(Token("punct", self._text[self._at], gap), 1)
            return
        self._put(self._num(match[0].replace(",", ""), gap), len(match[0]))
        self._times_sign()

    def _times_sign(self) -> None:
        """`3x4` and `3 x 4` are products when no other `x` is in the text."""
        if self._x_is_times:
            sign = re.compile(r"\s*[xX]\s*(?=\d)").match(self._text, self._at)
            if sign:
                self._put(Token("op", "*", gap=True), len(sign[0]))

    def _num(self, text: str, gap: bool) -> Token:
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > MAX_DIGITS or abs(int(exponent or 0)) > MAX_DIGITS:
            return Token("punct", "#", gap)
        if re.match(r"0\d", mantissa):
            return Token("punct", "#", gap)  # a date, a telephone number, a code
        decimal = "." in mantissa or bool(exponent)
        return Token("num", text, gap, Fraction(text), decimal)

    def _leibniz(self) -> bool:
        before = self._text[self._at - 1] if self._at else " "
        if before.isalpha():
            return False
        rate = _RATE.match(self._text, self._at)
        if rate:
            order = int(rate[1] or rate[4] or 1)
            token = Token("rate", rate[2].lower(), self._gap(), by=rate[3], order=order)
            self._put(token, len(rate[0]))
            return True
        diff = _DIFF.match(self._text, self._at)
        if diff:
            order = int(diff[1] or diff[3] or 1)
            self._put(Token("diff", "d", self._gap(), by=diff[2], order=order), len(diff[0]))
            return True
        return False

    def _letters(self) -> None:
        match = _LETTERS.match(self._text, self._at)
        run = match[0] if match else self._text[self._at]
        gap = self._gap()
        if len(run.split("'")[0]) == 1:
            letter = run[0] if run[0] in _CASED else run[0].lower()
            self._put(Token("name", letter, gap, upper=run[0].isupper()), 1)
            self._suffix()
            return
        width = len(run)
        run = run.lower()
        following = self._text[self._at + width : self._at + width + 1]
        if run in FUNCTIONS:
            self._put(Token("func", FUNCTIONS[run], gap), width)
        elif run in CALLABLE and following == "(":
            self._put(Token("func", run, gap), width)
        elif run in _CONSTANTS:
            self._put(Token("const", _CONSTANTS[run], gap), width)
        elif run in GREEK:
            self._put(Token("name", run, gap), width)
            self._suffix()
        elif not self._compound(run, gap):
            self._put(Token("word", spelling.corrected(run), gap), width)

    def _suffix(self) -> None:
        """Subscripts and primes belong to the name before them."""
        name = self._out[-1]
        primes = _NAMED.match(self._text, self._at)
        if primes and (name.text in _PRIMED):
            self._out[-1] = Token(
                "name", name.text, name.gap, order=len(primes[1]), upper=name.upper
            )
            self._at += len(primes[1])
            return
        subscript = _SUBSCRIPT.match(self._text, self._at)
        if subscript and name.text not in {"e", "i"}:
            text = f"{name.text}_{subscript[1] or subscript[2]}"
            self._out[-1] = Token("name", text, name.gap, upper=name.upper)
            self._at += len(subscript[0])

    def _compound(self, run: str, gap: bool) -> bool:
        """`dx`, `xdx`, `sinx`, `xy`: letters that belong to mathematics though they touch."""
        written = self._text[self._at : self._at + len(run)]
        if re.fullmatch(r"d[xytuvrsz]", run):
            self._put(Token("dx", run[1], gap, by=run[1]), 2)
            return True
        tail = re.fullmatch(r"(.+?)d([xtyu])", run)
        if tail and (self._is_names(tail[1], written) or _GLUED.fullmatch(tail[1])):
            self._pieces(tail[1], gap)
            self._put(Token("dx", tail[2], by=tail[2]), 2)
            return True
        if self._is_names(run, written) or _GLUED.fullmatch(run):
            self._pieces(run, gap)
            return True
        return False

    def _is_names(self, run: str, written: str) -> bool:
        if len(run) == 1:
            return run in "xytuz"
        if len(run) == 2 and written[0].isupper() != written[1].isupper():
            return False
        if len(run) == 2 and run in TWO_LETTER_WORDS:
            last = self._out[-1] if self._out else END
            return (
                run in {"by", "my", "at", "as", "an", "am"}
                and last.kind == "op"
                and last.text in "+-*="
            )
        if len(run) == 2:
            return set(run) <= _VARIABLES
        return len(run) <= 4 and (set(run) <= set("xyz") or run in {"abc", "abx", "axy", "bxy"})

    def _pieces(self, run: str, gap: bool) -> None:
        glued = _GLUED.fullmatch(run)
        parts = [p for p in glued.groups() if p] if glued else list(run)
        for part in parts:
            kind = "func" if part in FUNCTIONS else "name"
            text = FUNCTIONS.get(part, part)
            self._put(Token(kind, text, gap), len(part))
            gap = False
        if not glued:
            self._suffix()
