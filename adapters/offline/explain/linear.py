"""How a linear equation or inequality is solved, line by line."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Final

from adapters.offline import closed
from adapters.offline.polynomial import Poly, degree, polynomial, tree
from adapters.offline.show import pretty
from adapters.offline.tree import Neg, Node, Sym, number, substitute

_FLIPPED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_SHOWN: Final = {"<=": "≤", ">=": "≥", "!=": "≠"}


def steps(left: Node, right: Node, op: str, name: str) -> tuple[str, ...]:
    """Both sides expanded, variables to the left, numbers to the right, one division."""
    a, b = polynomial(left, name), polynomial(right, name)
    if a is None or b is None or max(degree(a), degree(b)) > 1:
        return ()
    lines: list[str] = []
    if degree(a) == 0 and degree(b) == 1:
        a, b, op = b, a, _FLIPPED[op]
        left, right = right, left
        lines.append(f"Swap the sides: {_line(a, b, op, name)}")
    elif tree(a, name) != left or tree(b, name) != right:
        lines.append(f"Simplify both sides: {_line(a, b, op, name)}")
    a, b, cleared = _without_fractions(a, b)
    if cleared > 1:
        lines.append(f"Multiply both sides by {cleared}: {_line(a, b, op, name)}")
    return (*lines, *_isolate(a, b, op, name))


def _line(a: Poly, b: Poly, op: str, name: str) -> str:
    return f"{pretty(tree(a, name))} {_SHOWN.get(op, op)} {pretty(tree(b, name))}"


def _without_fractions(a: Poly, b: Poly) -> tuple[Poly, Poly, int]:
    """Both sides times the common denominator, where that clears a small fraction before x."""
    denominators = [value.denominator for poly in (a, b) for value in poly.values()]
    common = lcm(*denominators) if denominators else 1
    if common == 1 or common > 1000:
        return a, b, 1
    scale = Fraction(common)
    return (
        {k: v * scale for k, v in a.items()},
        {k: v * scale for k, v in b.items()},
        common,
    )


def _isolate(a: Poly, b: Poly, op: str, name: str) -> tuple[str, ...]:
    lines: list[str] = []
    moved = b.get(1, Fraction(0))
    if moved:
        term = pretty(tree({1: abs(moved)}, name))
        a = _drop({1: a.get(1, Fraction(0)) - moved, 0: a.get(0, Fraction(0))})
        b = _drop({0: b.get(0, Fraction(0))})
        lines.append(
            f"{_verb(moved)} {term} {_preposition(moved)} both sides: {_line(a, b, op, name)}"
        )
    constant = a.get(0, Fraction(0))
    if constant and 1 in a:
        b = _drop({0: b.get(0, Fraction(0)) - constant})
        a = _drop({1: a[1]})
        lines.append(
            f"{_verb(constant)} {abs(constant)} {_preposition(constant)} both sides: "
            f"{_line(a, b, op, name)}"
        )
    factor = a.get(1, Fraction(0))
    if factor not in (0, 1):
        flip = factor < 0 and op != "="
        op = _FLIPPED[op] if flip else op
        value = _drop({0: b.get(0, Fraction(0)) / factor})
        turned = ", which turns the sign around" if flip else ""
        shown = pretty(number(factor))
        lines.append(
            f"Divide both sides by {shown}{turned}: {_line({1: Fraction(1)}, value, op, name)}"
        )
    return tuple(lines)


def _drop(poly: Poly) -> Poly:
    return {exponent: value for exponent, value in poly.items() if value}


def _verb(value: Fraction) -> str:
    return "Subtract" if value > 0 else "Add"


def _preposition(value: Fraction) -> str:
    return "from" if value > 0 else "to"


def check(left: Node, right: Node, name: str, value: Node) -> str | None:
    """`Check with x = 1: 3·1 + 11 = 14 ✓`, when both sides come out equal exactly."""
    put = {name: value}
    try:
        a, b = closed.exact(substitute(left, put)), closed.exact(substitute(right, put))
    except (closed.NotRational, closed.TooLarge, closed.Undefined):
        return None
    if a != b:
        return None
    inner = pretty(substitute(left, put))
    outer = "" if isinstance(left, Sym) else f"{inner} = "
    if isinstance(value, Neg) and isinstance(left, Sym):
        outer = ""
    return f"Check with {name} = {pretty(value)}: {outer}{pretty(number(b))} ✓"
