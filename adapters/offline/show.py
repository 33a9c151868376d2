"""Expression tree -> text for people: `3x² + √2·sin(x)`, or in plain keys `3*x^2 + sqrt(2)*sin(x)`.

Both forms, read by `parser.parse`, give the same tree again.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.lexicon import GREEK
from adapters.offline.tree import (
    Apply,
    Binary,
    Call,
    Const,
    Diff,
    Integral,
    Limit,
    Listing,
    Neg,
    Node,
    Num,
    Rate,
    Relation,
    Series,
    Sym,
    integer,
)

_RELATION, _SUM, _PRODUCT, _POWER, _ATOM = range(5)
_SUPER: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUB: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_CONSTANTS: Final = {"pi": "π", "oo": "∞", "e": "e", "i": "i"}
_SIGNS: Final = {"<=": "≤", ">=": "≥", "!=": "≠"}
_TIGHT: Final = frozenset("xyz")

_Text = tuple[str, int]


def pretty(node: Node) -> str:
    """Unicode mathematics."""
    return _Writer(plain=False).text(node)


def typed(node: Node) -> str:
    """The same in plain keys, for typing it into another program."""
    return _Writer(plain=True).text(node)


def decimal_text(value: Fraction) -> str:
    """All digits of a terminating decimal."""
    shift, rest = 0, value.denominator
    while rest % 10 == 0:
        shift, rest = shift + 1, rest // 10
    while rest % 2 == 0 or rest % 5 == 0:
        shift, rest = shift + 1, rest // 2 if rest % 2 == 0 else rest // 5
    whole = abs(value.numerator) * 10**shift // value.denominator
    digits = str(whole).rjust(shift + 1, "0")
    sign = "-" if value < 0 else ""
    if not shift:
        return sign + digits
    return f"{sign}{digits[:-shift]}.{digits[-shift:]}".rstrip("0").rstrip(".")


class _Writer:
    def __init__(self, *, plain: bool) -> None:
        self._plain = plain
        self._dot = "*" if plain else "·"

    def text(self, node: Node) -> str:
        return self._write(node)[0]

    def _at(self, node: Node, level: int) -> str:
        """The text, in brackets where it binds looser than `level`."""
        text, own = self._write(node)
        return text if own >= level else f"({text})"

    def _write(self, node: Node) -> _Text:
        match node:
            case Num(value, decimal):
                return self._number(value, decimal)
            case Const(name):
                return (name if self._plain else _CONSTANTS[name]), _ATOM
            case Sym(name):
                return self._symbol(name), _ATOM
            case Neg(arg):
                return f"-{self._at(arg, _PRODUCT)}", _SUM
            case Binary(op):
                return self._binary(op, node)
            case Call(name, args):
                return self._call(name, args)
            case Relation(sides, ops):
                return self._relation(sides, ops), _RELATION
            case Listing(items, opening, closing):
                return f"{opening}{', '.join(map(self.text, items))}{closing}", _ATOM
            case _:
                return self._notation(node)

    def _number(self, value: Fraction, decimal: bool) -> _Text:
        if not decimal:
            return str(value), (_ATOM if value.denominator == 1 else _PRODUCT)
        text = decimal_text(value)
        return (text if "." in text else f"{text}.0"), _ATOM

    def _symbol(self, name: str) -> str:
        if self._plain:
            return name
        stem, _, index = name.partition("_")
        return GREEK.get(stem, stem) + (
            index.translate(_SUB) if index.isdigit() else f"_{index}" if index else ""
        )

    def _relation(self, sides: tuple[Node, ...], ops: tuple[str, ...]) -> str:
        text = self._at(sides[0], _SUM)
        for op, side in zip(ops, sides[1:], strict=True):
            text += f" {op if self._plain else _SIGNS.get(op, op)} {self._at(side, _SUM)}"
        return text

    def _binary(self, op: str, node: Binary) -> _Text:
        left, right = node.left, node.right
        match op:
            case "+" | "-":
                return f"{self._at(left, _SUM)} {op} {self._at(right, _PRODUCT)}", _SUM
            case "*":
                return self._product(left, right), _PRODUCT
            case "/":
                top = self._at(left, _PRODUCT)
                return f"{top}/{self._at(right, _POWER)}", _PRODUCT
            case "mod":
                return f"{self._at(left, _PRODUCT)} mod {self._at(right, _POWER)}", _PRODUCT
            case _:
                return self._power(left, right), _POWER

    def _power(self, base: Node, exponent: Node) -> str:
        text = self._at(base, _ATOM)
        whole = integer(exponent)
        written = isinstance(exponent, Num) or (whole is not None and whole < 0)
        if whole is not None and not self._plain and written:
            if text[-1] in "⁰¹²³⁴⁵⁶⁷⁸⁹%°!":
                text = f"({text})"
            return text + str(whole).translate(_SUPER)
        if text[-1] in "%°!":
            text = f"({text})"
        return f"{text}^{self._at(exponent, _ATOM)}"

    def _product(self, left: Node, right: Node) -> str:
        if isinstance(left, Call) and left.name == "percent":
            return f"{self.text(left)} of {self._at(right, _POWER)}"
        tail = self._at(right, _POWER)
        if isinstance(left, Binary) and left.op in {"/", "mod"}:
            head = f"({self.text(left)})"
        else:
            head = self._at(left, _PRODUCT)
        if self._plain:
            return f"{head}*{tail}"
        return head + ("" if self._joins(left, right, tail) else "·") + tail

    def _joins(self, left: Node, right: Node, tail: str) -> bool:
        """Whether two factors may touch: `2x`, `xy`, `3(x + 1)`, `(x + 1)(x - 1)`."""
        if isinstance(right, Call):
            return right.name == "sqrt" and isinstance(left, Num)
        if tail.startswith("("):
            last = _last_factor(left)
            return (
                isinstance(last, Num)
                or _closes(last)
                or (isinstance(last, Sym) and last.name in _TIGHT)
            )
        first = right.left if isinstance(right, Binary) and right.op == "^" else right
        if isinstance(first, Sym | Const):
            last = _last_factor(left)
            if isinstance(last, Num):
                return not (isinstance(first, Const) and first.name == "e" and last.decimal)
            return _tight_symbol(last) and _tight_symbol(first)
        return False

    def _call(self, name: str, args: tuple[Node, ...]) -> _Text:
        inner = args[0]
        match name:
            case "percent":
                return f"{self._at(inner, _ATOM)}%", _ATOM
            case "factorial":
                bare = isinstance(inner, Num | Sym)
                return f"{self.text(inner) if bare else f'({self.text(inner)})'}!", _ATOM
            case "deg":
                return f"{self._at(inner, _ATOM)}°", _ATOM
            case "abs":
                text = self.text(inner)
                return (f"abs({text})" if self._plain or "|" in text else f"|{text}|"), _ATOM
            case "sqrt" if not self._plain:
                simple = isinstance(inner, Num | Sym | Const)
                return f"√{self.text(inner) if simple else f'({self.text(inner)})'}", _ATOM
            case "cbrt" if not self._plain:
                return f"∛({self.text(inner)})", _ATOM
            case "log" if len(args) == 2:
                return self._log(args), _ATOM
            case _:
                return f"{name}({', '.join(map(self.text, args))})", _ATOM

    def _log(self, args: tuple[Node, ...]) -> str:
        base = self._at(args[1], _ATOM)
        if not self._plain and base.isdigit():
            return f"log{base.translate(_SUB)}({self.text(args[0])})"
        return f"log({self.text(args[0])}, {self.text(args[1])})"

    def _notation(self, node: Node) -> _Text:
        match node:
            case Apply(name, args, primes):
                mark = "^-1" if primes < 0 else "'" * primes
                return f"{name}{mark}({', '.join(map(self.text, args))})", _ATOM
            case Rate(name, by, order):
                return self._rate(name, by, order), _ATOM
            case Diff(body, by, order):
                mark = (
                    ""
                    if order == 1
                    else f"^{order}"
                    if self._plain
                    else str(order).translate(_SUPER)
                )
                return f"d{mark}/d{by}{mark} [{self.text(body)}]", _PRODUCT
            case Integral(body, by, low, high):
                bounds = "" if low is None or high is None else self._bounds(low, high)
                return f"∫{bounds} {self._at(body, _PRODUCT)} d{by}", _PRODUCT
            case Limit(body, by, point, side):
                return f"lim ({by} → {self.text(point)}{side}) {self._at(body, _PRODUCT)}", _PRODUCT
            case Series(body, by, low, high, product):
                sign = "∏" if product else "∑"
                bounds = f"_({by} = {self.text(low)})^({self.text(high)})"
                return f"{sign}{bounds} {self._at(body, _PRODUCT)}", _PRODUCT
            case _:
                return "?", _ATOM

    def _bounds(self, low: Node, high: Node) -> str:
        bottom, top = integer(low), integer(high)
        if not self._plain and bottom is not None and top is not None and min(bottom, top) >= 0:
            return str(bottom).translate(_SUB) + str(top).translate(_SUPER)
        return f"_({self.text(low)})^({self.text(high)})"

    def _rate(self, name: str, by: str, order: int) -> str:
        if not by:
            return name + "'" * order
        mark = "" if order == 1 else str(order) if self._plain else str(order).translate(_SUPER)
        caret = "^" if mark and self._plain else ""
        return f"d{caret}{mark}{name}/d{by}{caret}{mark}"


def _last_factor(node: Node) -> Node:
    while isinstance(node, Binary) and node.op == "*":
        node = node.right
    return node


def _closes(node: Node) -> bool:
    return isinstance(node, Binary) and node.op in "+-"


def _tight_symbol(node: Node) -> bool:
    if isinstance(node, Binary) and node.op == "^":
        return False
    return isinstance(node, Sym) and node.name in _TIGHT
