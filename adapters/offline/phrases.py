"""Values in words: `square root of 9/16`, `sum of 3, 4 and 5`, `fourth root of 81`."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.lexicon import ORDINALS
from adapters.offline.notation import Notation
from adapters.offline.tree import (
    ONE,
    TWO,
    Binary,
    Const,
    Listing,
    Neg,
    Node,
    Num,
    call,
    div,
    mul,
    power,
)

_FUNCTION_PHRASES: Final[dict[tuple[str, ...], str]] = {
    ("square", "root", "of"): "sqrt",
    ("square", "root"): "sqrt",
    ("squareroot", "of"): "sqrt",
    ("squareroot",): "sqrt",
    ("sqrt", "of"): "sqrt",
    ("cube", "root", "of"): "cbrt",
    ("cubic", "root", "of"): "cbrt",
    ("cube", "root"): "cbrt",
    ("cubed", "root", "of"): "cbrt",
    ("absolute", "value", "of"): "abs",
    ("natural", "log", "of"): "ln",
    ("natural", "log"): "ln",
    ("natural", "logarithm", "of"): "ln",
    ("logarithm", "of"): "log",
    ("logarithm",): "log",
    ("common", "log", "of"): "log",
    ("factorial", "of"): "factorial",
    ("floor", "of"): "floor",
    ("ceiling", "of"): "ceil",
    ("reciprocal", "of"): "reciprocal",
    ("square", "of"): "square",
    ("cube", "of"): "cube",
    ("negative", "of"): "negative",
    ("opposite", "of"): "negative",
    ("twice",): "double",
    ("double",): "double",
    ("thrice",): "triple",
    ("triple",): "triple",
    ("exponential", "of"): "exp",
    ("tangent", "of"): "tan",
    ("secant", "of"): "sec",
    ("inverse", "sine", "of"): "asin",
    ("inverse", "sin", "of"): "asin",
    ("inverse", "cosine", "of"): "acos",
    ("inverse", "cos", "of"): "acos",
    ("inverse", "tangent", "of"): "atan",
    ("inverse", "tan", "of"): "atan",
}

_COMBINING: Final[dict[tuple[str, ...], str]] = {
    ("sum", "of"): "+",
    ("product", "of"): "*",
    ("difference", "of"): "-",
    ("difference", "between"): "-",
    ("quotient", "of"): "/",
    ("quotient", "between"): "/",
    ("ratio", "of"): "/",
}


class Phrases(Notation):
    """The grammar of values that are spoken."""

    def primary(self) -> Node | None:
        """One value, without what may follow it."""
        raise NotImplementedError

    def base_after(self, name: str) -> Node | None:
        """The base of a logarithm, where it is named last."""
        raise NotImplementedError

    def power(self) -> Node | None:
        """A value, perhaps with an exponent."""
        raise NotImplementedError

    def tight_product(self) -> Node | None:
        """`2x`, `3 pi t`, `(x+1)`: what a function without brackets is applied to."""
        node = self.power()
        if node is None or self.peek(-1).kind == "close":
            return node
        while self.peek().kind in {"name", "const", "num"} and not isinstance(node, Listing):
            token = self.peek()
            if token.kind == "num" or self.is_article() or (token.gap and token.text in "ae"):
                break
            more = self.power()
            if more is None:
                break
            node = mul(node, more)
        return node

    def compact(self) -> Node | None:
        """A tight product, and the quotient of two plain numbers written without blanks: `9/16`."""
        negative = self.op("-") if not self.peek(1).gap else None
        node = self.tight_product()
        slash, below = self.peek(), self.peek(1)
        tight = slash.text == "/" and not slash.gap and not below.gap and below.kind == "num"
        if isinstance(node, Num) and tight and below.value is not None:
            self.at += 2
            node = div(node, Num(below.value, below.decimal))
        if negative and node is not None:
            return Neg(node)
        return node

    def worded(self) -> Node | None:
        """A value that begins with a word."""
        start = self.at
        while self.word("the", "a", "an"):
            pass
        node = self._phrase() or self._combination() or self.nth_root()
        if node is None:
            self.at = start
            node = self.spelled_number()
        return node

    def _phrase(self) -> Node | None:
        start = self.at
        name = self.phrase(_FUNCTION_PHRASES)
        if name is None and self.word("root") and self.peek().kind in {"num", "name", "open"}:
            name = "sqrt"
        if name is not None:
            self.word("of")
            self.word("the")
            argument = self.compact()
            if argument is not None and not isinstance(argument, Listing):
                return _applied(name, argument, self.base_after(name))
        self.at = start
        return None

    def nth_root(self) -> Node | None:
        """`fourth root of 16`, `5th root of x`."""
        start = self.at
        token = self.peek()
        if token.text in ORDINALS and self.peek(1).text == "root":
            self.at += 2
            self.word("of")
            argument = self.tight_product()
            if argument is not None:
                return call("root", argument, Num(Fraction(ORDINALS[token.text])))
        self.at = start
        return None

    def _combination(self) -> Node | None:
        """`sum of 3, 4 and 5`, `difference between 9 and 4`."""
        start = self.at
        op = self.phrase(_COMBINING)
        if op is not None:
            items: list[Node] = []
            joined = False
            while True:
                item = self.compact()
                if item is None or isinstance(item, Listing):
                    break
                items.append(item)
                comma = self.kind("punct", ",")
                conjunction = self.word("and")
                joined = joined or bool(conjunction)
                if not (comma or conjunction):
                    break
            many = len(items) > 2 and op in "-/"
            if len(items) >= 2 and joined and not many and self.peek(-1).text not in {",", "and"}:
                node = items[0]
                for item in items[1:]:
                    node = Binary(op, node, item)
                return node
        self.at = start
        return None


def _applied(name: str, argument: Node, base: Node | None) -> Node | None:
    if base is not None:
        return call("log", argument, base)
    match name:
        case "reciprocal":
            return div(ONE, argument)
        case "square":
            return power(argument, 2)
        case "cube":
            return power(argument, 3)
        case "negative":
            return Neg(argument)
        case "double":
            return mul(TWO, argument)
        case "triple":
            return mul(Num(Fraction(3)), argument)
        case "exp":
            return Binary("^", Const("e"), argument)
        case _:
            return call(name, argument)
