"""Polynomials in one variable and linear forms in several, read off an expression tree exactly.

They carry the worked steps of equations and answer them where no sandbox is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from adapters.offline import closed
from adapters.offline.tree import (
    Binary,
    Neg,
    Node,
    Num,
    Sym,
    add,
    call,
    div,
    mul,
    number,
    power,
    sub,
)

MAX_DEGREE: Final = 12

Poly = dict[int, Fraction]
"""Degree -> coefficient, without zeros."""


def polynomial(node: Node, name: str) -> Poly | None:
    """The polynomial in `name` that the tree is, expanded; None when it is none."""
    try:
        return _poly(node, name)
    except (closed.NotRational, closed.TooLarge, closed.Undefined):
        return None


def _clean(poly: Poly) -> Poly:
    if any(degree > MAX_DEGREE for degree in poly):
        raise closed.NotRational
    return {degree: value for degree, value in poly.items() if value}


def _poly(node: Node, name: str) -> Poly:
    match node:
        case Sym(symbol) if symbol == name:
            return {1: Fraction(1)}
        case Neg(arg):
            return {degree: -value for degree, value in _poly(arg, name).items()}
        case Binary("+" | "-", left, right):
            sign = 1 if node.op == "+" else -1
            return _sum(_poly(left, name), _poly(right, name), sign)
        case Binary("*", left, right):
            return _product(_poly(left, name), _poly(right, name))
        case Binary("/", left, right):
            divisor = closed.exact(right)
            if not divisor:
                raise closed.Undefined
            return {degree: value / divisor for degree, value in _poly(left, name).items()}
        case Binary("^", left, right):
            return _raised(_poly(left, name), closed.exact(right))
        case _:
            return _clean({0: closed.exact(node)})


def _sum(left: Poly, right: Poly, sign: int) -> Poly:
    out = dict(left)
    for degree, value in right.items():
        out[degree] = out.get(degree, Fraction(0)) + sign * value
    return _clean(out)


def _product(left: Poly, right: Poly) -> Poly:
    out: Poly = {}
    for a, x in left.items():
        for b, y in right.items():
            out[a + b] = out.get(a + b, Fraction(0)) + x * y
    return _clean(out)


def _raised(base: Poly, exponent: Fraction) -> Poly:
    if set(base) <= {0}:
        return _clean({0: closed.exact(power(number(base.get(0, Fraction(0))), number(exponent)))})
    if exponent.denominator != 1 or not 0 <= exponent <= MAX_DEGREE:
        raise closed.NotRational
    out: Poly = {0: Fraction(1)}
    for _ in range(int(exponent)):
        out = _product(out, base)
    return out


def degree(poly: Poly) -> int:
    """The highest power; 0 for a constant."""
    return max(poly, default=0)


def tree(poly: Mapping[int, Fraction], name: str) -> Node:
    """The polynomial as an expression, highest power first."""
    out: Node | None = None
    for exponent in sorted(poly, reverse=True):
        value = poly[exponent]
        term = _term(abs(value), exponent, name)
        if out is None:
            out = Neg(term) if value < 0 else term
        else:
            out = sub(out, term) if value < 0 else add(out, term)
    return out if out is not None else Num(Fraction(0))


def _term(value: Fraction, exponent: int, name: str) -> Node:
    if exponent == 0:
        return number(value)
    letter: Node = Sym(name) if exponent == 1 else power(Sym(name), exponent)
    if value == 1:
        return letter
    if value.denominator != 1:
        top = letter if value.numerator == 1 else mul(number(value.numerator), letter)
        return div(top, number(value.denominator))
    return mul(number(value), letter)


def linear_form(node: Node, names: tuple[str, ...]) -> dict[str, Fraction] | None:
    """Coefficients of `names`, and of `""` for the constant; None when it is not linear."""
    try:
        return _linear(node, names)
    except (closed.NotRational, closed.TooLarge, closed.Undefined):
        return None


def _linear(node: Node, names: tuple[str, ...]) -> dict[str, Fraction]:
    match node:
        case Sym(symbol) if symbol in names:
            return {symbol: Fraction(1)}
        case Neg(arg):
            return {name: -value for name, value in _linear(arg, names).items()}
        case Binary("+" | "-", left, right):
            out = _linear(left, names)
            sign = 1 if node.op == "+" else -1
            for name, value in _linear(right, names).items():
                out[name] = out.get(name, Fraction(0)) + sign * value
            return out
        case Binary("*", left, right):
            a, b = _linear(left, names), _linear(right, names)
            if set(a) <= {""}:
                return {name: value * a.get("", Fraction(0)) for name, value in b.items()}
            if set(b) <= {""}:
                return {name: value * b.get("", Fraction(0)) for name, value in a.items()}
            raise closed.NotRational
        case Binary("/", left, right):
            divisor = closed.exact(right)
            if not divisor:
                raise closed.Undefined
            return {name: value / divisor for name, value in _linear(left, names).items()}
        case _:
            return {"": closed.exact(node)}


def solve_linear_system(
    rows: list[dict[str, Fraction]], names: tuple[str, ...]
) -> dict[str, Fraction] | None:
    """The one solution of `form = 0` for every row; None when there is none or many."""
    matrix = [
        [row.get(name, Fraction(0)) for name in names] + [-row.get("", Fraction(0))] for row in rows
    ]
    pivots: list[int] = []
    for column in range(len(names)):
        row = len(pivots)
        found = next((i for i in range(row, len(matrix)) if matrix[i][column]), None)
        if found is None:
            return None
        matrix[row], matrix[found] = matrix[found], matrix[row]
        lead = matrix[row][column]
        matrix[row] = [value / lead for value in matrix[row]]
        for i, other in enumerate(matrix):
            if i != row and other[column]:
                factor = other[column]
                matrix[i] = [a - factor * b for a, b in zip(other, matrix[row], strict=True)]
        pivots.append(column)
    if any(any(row) for row in matrix[len(names) :]):
        return None
    return {name: matrix[i][-1] for i, name in enumerate(names)}


def quadratic_roots(poly: Poly) -> tuple[Node, ...]:
    """The real roots of a quadratic as exact trees, the smaller first; none when complex."""
    a, b, c = (poly.get(i, Fraction(0)) for i in (2, 1, 0))
    disc = b * b - 4 * a * c
    if disc < 0:
        return ()
    middle = -b / (2 * a)
    outer, inner = square_root(disc)
    shift = outer / (2 * a)
    if inner == 1 or not disc:
        roots = sorted({middle - shift, middle + shift})
        return tuple(number(root) for root in roots)
    shift = abs(shift)
    root: Node = call("sqrt", number(inner))
    tail = root if shift.numerator == 1 else mul(number(shift.numerator), root)
    if shift.denominator != 1:
        tail = div(tail, number(shift.denominator))
    if not middle:
        return (Neg(tail), tail)
    return (sub(number(middle), tail), add(number(middle), tail))


def square_root(value: Fraction) -> tuple[Fraction, int]:
    """`(p, q)` with `p·√q` the root of a non-negative fraction and `q` free of squares."""
    radicand = value.numerator * value.denominator
    outside, inside, factor = 1, radicand, 2
    while factor * factor <= inside and factor < 10_000:
        while inside and inside % (factor * factor) == 0:
            inside //= factor * factor
            outside *= factor
        factor += 1
    whole = math.isqrt(inside)
    if whole * whole == inside:
        outside, inside = outside * whole, 1
    return Fraction(outside, value.denominator), inside
