"""The kinds of node that an expression tree is made of.

Numbers are exact (`fractions.Fraction`) and never negative; a sign is a `Neg` around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Num:
    """A number as it was written; `decimal` remembers a decimal point."""

    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Const:
    """`pi`, `e`, `i` or `oo`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable: one letter, perhaps with a subscript (`x`, `x_1`, `theta`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Neg:
    """Minus something."""

    arg: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is one of `+ - * / ^ mod`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A known function (`lexicon.FUNCTIONS`) of its arguments."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """A function that a person named: `f(3)`, `f'(x)`; `primes` -1 is its inverse."""

    name: str
    args: tuple[Node, ...]
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """`dy/dx`, `y'` (then `by` is empty) or `d²y/dx²`: the derivative of a named quantity."""

    name: str
    by: str
    order: int = 1


@dataclass(frozen=True, slots=True)
class Diff:
    """`d/dx (...)`."""

    body: Node
    by: str
    order: int = 1


@dataclass(frozen=True, slots=True)
class Integral:
    """`∫ body d(by)`, definite when both bounds are there."""

    body: Node
    by: str
    low: Node | None = None
    high: Node | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """`lim body` as `by` goes to `point`; `side` is `+`, `-` or empty for both."""

    body: Node
    by: str
    point: Node
    side: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """`∑` (or `∏` when `product`) of `body` for `by` from `low` to `high`."""

    body: Node
    by: str
    low: Node
    high: Node
    product: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """`a < b <= c`: one more side than `ops`; ops are `= < > <= >= !=`."""

    sides: tuple[Node, ...]
    ops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Something in brackets with commas: a point, an interval, a matrix, data."""

    items: tuple[Node, ...]
    opening: str = "("
    closing: str = ")"


Node = (
    Num
    | Const
    | Sym
    | Neg
    | Binary
    | Call
    | Apply
    | Rate
    | Diff
    | Integral
    | Limit
    | Series
    | Relation
    | Listing
)
