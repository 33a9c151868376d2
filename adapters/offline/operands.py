"""What can stand where a value is expected: names, functions, brackets, phrases."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.cursor import MAX_DEPTH
from adapters.offline.lexicon import ORDINALS
from adapters.offline.notation import Notation
from adapters.offline.tree import (
    ONE,
    TWO,
    Apply,
    Binary,
    Call,
    Const,
    Listing,
    Neg,
    Node,
    Num,
    Rate,
    Sym,
    add,
    call,
    div,
    integer,
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
_INVERSES: Final = {"sin": "asin", "cos": "acos", "tan": "atan", "cot": "acot"}
_MANY: Final = {
    **{name: name for name in ("gcd", "lcm", "max", "min", "root", "binomial", "mod", "factorial")},
    **{name: name for name in ("re", "im", "arg", "floor", "sign", "conjugate", "permutations")},
    "hcf": "gcd",
    "gcf": "gcd",
    "ncr": "binomial",
    "npr": "permutations",
    "nroot": "root",
    "ceil": "ceil",
    "ceiling": "ceil",
    "sgn": "sign",
    "gamma": "gamma",
}
_ARITY: Final = {
    "root": (2, 2),
    "binomial": (2, 2),
    "permutations": (2, 2),
    "mod": (2, 2),
} | dict.fromkeys(("gcd", "lcm", "max", "min"), (2, 9))


class Operands(Notation):
    """The grammar of single values."""

    def power(self) -> Node | None:
        """A value, perhaps with an exponent."""
        raise NotImplementedError

    def primary(self) -> Node | None:
        """One value; None leaves `at` where it was."""
        if self.depth >= MAX_DEPTH:
            return None
        self.depth += 1
        start = self.at
        try:
            node = self._primary()
        finally:
            self.depth -= 1
        if node is None:
            self.at = start
        return node

    def _primary(self) -> Node | None:
        signed = self.sign() or self.differential()
        if signed is not None:
            return signed
        token = self.peek()
        match token.kind:
            case "num":
                return self._number()
            case "const":
                self.at += 1
                return Const(token.text)
            case "name":
                return self.spelled_number() if self.is_article() else self._name()
            case "func":
                return self._function()
            case "open":
                return self._composition() or self._brackets()
            case "op":
                return self._sign_operand()
            case "word":
                return self._words()
            case _:
                return None

    def _number(self) -> Node | None:
        fraction = self._spelled_fraction()
        if fraction is not None:
            return fraction
        root = self._nth_root()
        if root is not None:
            return root
        token = self.peek()
        self.at += 1
        if token.value is None:
            return None
        number = Num(token.value, token.decimal)
        if not token.decimal and self.peek(-2).text != "/":
            tail = self.mixed_tail()
            if tail is not None:
                return add(number, tail)
        return number

    def _name(self) -> Node | None:
        token = self.peek()
        self.at += 1
        following = self.peek()
        name = token.text
        called = following.text == "(" and not following.gap
        if name in self.names and (called or token.order):
            inside = self._arguments() if called else None
            if inside:
                return Apply(name, inside, token.order)
        if token.order:
            return Rate(name, "", token.order)
        spoken = self._spoken_application(name)
        if spoken is not None:
            return spoken
        if token.upper and name in {"c", "P"} and called and name not in self.names:
            mark = self.at
            inside = self._arguments()
            if inside and len(inside) == 2:
                return Call("binomial" if name == "c" else "permutations", inside)
            self.at = mark
        inverse = self._inverse_of(name)
        if inverse is not None:
            return inverse
        if name == "e":
            return Const("e")
        return Const("i") if name == "i" else Sym(name)

    def _spoken_application(self, name: str) -> Node | None:
        """`f of x`, `g of 2`."""
        mark = self.at
        if name in self.names and self.word("of"):
            token = self.peek()
            if token.kind in {"num", "name"} and not self.is_article():
                argument = self.primary()
                if argument is not None:
                    return Apply(name, (argument,))
        self.at = mark
        return None

    def _inverse_of(self, name: str) -> Node | None:
        """`f^-1(x)`, also with the exponent in brackets."""
        mark = self.at
        if name in self.names and self.op("^"):
            bracket = self.kind("open")
            one = self.op("-") and self.kind("num", "1")
            if one and (not bracket or self.kind("close")) and self.peek().text == "(":
                inside = self._arguments()
                if inside:
                    return Apply(name, inside, -1)
        self.at = mark
        return None

    def _arguments(self) -> tuple[Node, ...] | None:
        listing = self._brackets(keep=True)
        return listing.items if isinstance(listing, Listing) else None

    def _composition(self) -> Node | None:
        """`(f∘g)(x)`."""
        start = self.at
        self.at += 1
        outer, ring, inner = self.peek(), self.peek(1), self.peek(2)
        both = outer.text in self.names and inner.text in self.names
        if both and ring.text in {"∘", "o"} and self.peek(3).text == ")":
            self.at += 4
            if self.peek().text == "(":
                inside = self._arguments()
                if inside:
                    return Apply(outer.text, (Apply(inner.text, inside),))
        self.at = start
        return None

    def _brackets(self, *, keep: bool = False) -> Node | None:
        """`(x + 1)` is its inside; commas, or `keep`, make a `Listing` of it."""
        opening = self.peek().text
        if opening == "{" == self.peek(1).text:
            return None
        self.at += 1
        bars, self.bars = self.bars, 0
        spaced, self.spaced = self.spaced, opening == "[" or (self.spaced and opening != "(")
        rows = self._rows()
        self.bars, self.spaced = bars, spaced
        close = self.kind("close")
        if close is None or rows is None:
            return None
        items = rows[0]
        if len(rows) > 1:
            return Listing(tuple(Listing(row, "[", "]") for row in rows), "[", "]")
        if len(items) == 1 and not keep and (opening != "[" or not isinstance(items[0], Listing)):
            return items[0]
        return Listing(items, opening, close.text)

    def _rows(self) -> list[tuple[Node, ...]] | None:
        rows: list[tuple[Node, ...]] = []
        row: list[Node] = []
        while True:
            while self.kind("nl"):
                pass
            item = self.relation()
            if item is None:
                return None
            row.append(item)
            if self.kind("punct", ","):
                continue
            if self.kind("punct", ";"):
                rows.append(tuple(row))
                row = []
                continue
            while self.kind("nl"):
                pass
            if self.peek().kind == "close":
                return [*rows, tuple(row)]
            if not (self.spaced and self.peek().kind in {"num", "op", "name", "open"}):
                return None

    def _sign_operand(self) -> Node | None:
        if self.op("√"):
            inner = self.primary()
            return None if inner is None else call("sqrt", inner)
        if self.op("|"):
            outer, self.bars = self.bars, self.bars + 1
            inner = self.sum()
            closed = self.op("|")
            self.bars = outer
            return call("abs", inner) if inner is not None and closed else None
        return None

    def _function(self) -> Node | None:
        token = self.peek()
        self.at += 1
        name = _MANY.get(token.text, token.text)
        base = self._base()
        exponent = self._function_power()
        if exponent is not None and integer(exponent) == -1 and name in _INVERSES:
            name, exponent = _INVERSES[name], None
        base = base or self._base()
        self.word("of")
        args = self._function_arguments(name)
        if args is None:
            return None
        base = base or self._base_after(name)
        node = self._made(name, args, base)
        return node if exponent is None or node is None else power(node, exponent)

    def _made(self, name: str, args: tuple[Node, ...], base: Node | None) -> Node | None:
        low, high = _ARITY.get(name, (1, 1))
        if name == "log" and len(args) == 2:
            return Call("log", args)
        if not low <= len(args) <= high or any(isinstance(arg, Listing) for arg in args):
            return None
        if base is not None:
            return Call("log", (args[0], base)) if name == "log" else None
        if name == "exp":
            return Binary("^", Const("e"), args[0])
        return Call(name, args)

    def _base(self) -> Node | None:
        """`log_2`, `log base 2`."""
        mark = self.at
        if self.op("_") or self.word("base"):
            base = self.primary()
            if base is not None:
                return base
        elif self.peek(-1).text == "log" and self.peek().text in {"2", "10"}:
            if not self.peek().gap and self.peek(1).text == "(":
                self.at += 1
                return Num(Fraction(self.peek(-1).text))
        self.at = mark
        return None

    def _base_after(self, name: str) -> Node | None:
        """`log of 8 to base 2`."""
        mark = self.at
        if name == "log":
            self.word("to", "in", "with")
            self.word("the")
            if self.word("base"):
                self.word("of")
                return self.primary()
        self.at = mark
        return None

    def _function_power(self) -> Node | None:
        """`sin^2 x`, `sin squared x`."""
        if self.word("squared"):
            return TWO
        mark = self.at
        if self.op("^"):
            exponent = Neg(ONE) if self.op("-") and self.kind("num", "1") else self.primary()
            if exponent is not None and integer(exponent) is not None:
                return exponent
        self.at = mark
        return None

    def _function_arguments(self, name: str) -> tuple[Node, ...] | None:
        following = self.peek()
        if following.text == "(":
            inside = self._brackets(keep=True)
            return inside.items if isinstance(inside, Listing) else None
        if name in _ARITY:
            return None
        negative = self.op("-") if not self.peek(1).gap else None
        argument = self.tight_product()
        if argument is None:
            return None
        return (Neg(argument) if negative else argument,)

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

    def _words(self) -> Node | None:
        start = self.at
        while self.word("the", "a", "an"):
            pass
        node = self._phrase() or self._combination() or self._nth_root()
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
                return _applied(name, argument, self._base_after(name))
        self.at = start
        return None

    def _nth_root(self) -> Node | None:
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
