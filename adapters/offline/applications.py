"""Names and functions, with what they are applied to: `f(3)`, `sin² 2x`, `log base 2 of 8`."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.lexicon import wordset
from adapters.offline.phrases import Phrases
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
    integer,
    is_constant,
    power,
)

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


_POINTED: Final = wordset(
    "distance midpoint line slope gradient point points vector plot segment triangle"
)


class Applications(Phrases):
    """The grammar of names and functions."""

    def brackets(self, *, keep: bool = False) -> Node | None:
        """Something in brackets; commas, or `keep`, make a `Listing` of it."""
        raise NotImplementedError

    def named(self) -> Node | None:
        """A name, with what it is applied to."""
        token = self.peek()
        self.at += 1
        following = self.peek()
        name = token.text
        called = following.text == "(" and not following.gap
        if name in self.names and (called or token.order):
            inside = self.arguments() if called else None
            if inside:
                return Apply(name, inside, token.order)
        if token.order:
            return Rate(name, "", token.order)
        if token.upper and called:
            point = self._named_point(name)
            if point is not None:
                return point
        spoken = self._spoken_application(name)
        if spoken is not None:
            return spoken
        if token.upper and name in {"c", "P"} and called and name not in self.names:
            mark = self.at
            inside = self.arguments()
            if inside and len(inside) == 2:
                return Call("binomial" if name == "c" else "permutations", inside)
            self.at = mark
        inverse = self._inverse_of(name)
        if inverse is not None:
            return inverse
        if name == "e":
            return Const("e")
        return Const("i") if name == "i" else Sym(name)

    def _named_point(self, name: str) -> Node | None:
        """`A(1, 2)`: a point and its name. `P(5, 2)` is one only where points are spoken of."""
        mark = self.at
        points = any(token.text in _POINTED for token in self.tokens)
        inside = self.arguments() if name not in self.names else None
        allowed = points or name.lower() not in {"c", "p"}
        if inside and len(inside) in {2, 3} and allowed and all(map(is_constant, inside)):
            return Listing(inside)
        self.at = mark
        return None

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
                inside = self.arguments()
                if inside:
                    return Apply(name, inside, -1)
        self.at = mark
        return None

    def arguments(self) -> tuple[Node, ...] | None:
        """What stands in the brackets behind a name."""
        mark = self.at
        listing = self.brackets(keep=True)
        if isinstance(listing, Listing):
            return listing.items
        self.at = mark
        return None

    def function(self) -> Node | None:
        """A known function of what follows it."""
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
        base = base or self.base_after(name)
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
        elif self._written_base():
            self.at += 1
            return Num(Fraction(self.peek(-1).text))
        self.at = mark
        return None

    def _written_base(self) -> bool:
        """`log2(8)`, `log10(x)`."""
        digits, after = self.peek(), self.peek(1)
        tight = not digits.gap and after.text in {"(", "of"}
        return self.peek(-1).text == "log" and digits.kind == "num" and not digits.decimal and tight

    def base_after(self, name: str) -> Node | None:
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
            inside = self.brackets(keep=True)
            return inside.items if isinstance(inside, Listing) else None
        if name in _ARITY:
            return None
        negative = self.op("-") if not self.peek(1).gap else None
        argument = self.tight_product()
        if argument is None:
            return None
        return (Neg(argument) if negative else argument,)
