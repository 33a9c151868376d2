"""How two linear equations in two unknowns are solved by elimination, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from adapters.offline.polynomial import linear_form, solve_linear_system
from adapters.offline.show import pretty
from adapters.offline.tree import Neg, Node, Sym, add, mul, number, sub

Form = dict[str, Fraction]


def forms(pairs: Sequence[tuple[Node, Node]], names: tuple[str, ...]) -> list[Form] | None:
    """Each equation as a linear form that is zero; None when one is not linear."""
    out: list[Form] = []
    for left, right in pairs:
        form = linear_form(sub(left, right), names)
        if form is None:
            return None
        out.append(form)
    return out


def steps(pairs: Sequence[tuple[Node, Node]], names: tuple[str, ...]) -> tuple[str, ...]:
    """Steps for two by two; for more unknowns, the name of the method and nothing more."""
    rows = forms(pairs, names)
    if rows is None:
        return ()
    if len(rows) != 2 or len(names) != 2:
        return ("Add multiples of the equations to each other until one unknown is left in each.",)
    solution = solve_linear_system(rows, names)
    if solution is None:
        return ()
    return _two(rows, names, solution)


def _two(rows: list[Form], names: tuple[str, ...], solution: Form) -> tuple[str, ...]:
    rows = [_whole(row) for row in rows]
    first, second = names
    lines = [f"({index}) {_text(row, names)}" for index, row in enumerate(rows, start=1)]
    lines = [f"Write them one below the other: {'; '.join(lines)}"]
    gone, kept = (
        (second, first)
        if _eliminates(rows, second) <= _eliminates(rows, first)
        else (first, second)
    )
    a, b = rows[0].get(gone, Fraction(0)), rows[1].get(gone, Fraction(0))
    if not a or not b:
        single = rows[0] if not a else rows[1]
        other = rows[1] if not a else rows[0]
        lines.append(f"Only {kept} is left in {_text(single, names)}, so {kept} = {solution[kept]}")
    else:
        common = Fraction(lcm(int(abs(a)), int(abs(b))))
        p, q = common / abs(a), common / abs(b)
        op = "-" if (a > 0) == (b > 0) else "+"
        sign = -1 if op == "-" else 1
        merged = {
            name: p * rows[0].get(name, Fraction(0)) + sign * q * rows[1].get(name, Fraction(0))
            for name in (kept, "")
        }
        scaled = f"{_times(p, 1)} {op} {_times(q, 2)}"
        lines.append(
            f"{scaled} takes {gone} away: {_text(merged, names)}, so {kept} = {solution[kept]}"
        )
        other = rows[0]
    lines.append(
        f"Put {kept} = {solution[kept]} into {_text(other, names)}: {gone} = {solution[gone]}"
    )
    return tuple(lines)


def _eliminates(rows: list[Form], name: str) -> int:
    """How large the multipliers are that take `name` away."""
    a, b = (int(abs(row.get(name, Fraction(0)))) for row in rows)
    return 0 if not a or not b else lcm(a, b) // gcd(a, b)


def _times(factor: Fraction, index: int) -> str:
    return f"({index})" if factor == 1 else f"{factor}·({index})"


def _whole(row: Form) -> Form:
    common = lcm(*(value.denominator for value in row.values()))
    return {name: value * common for name, value in row.items()}


def _text(row: Form, names: tuple[str, ...]) -> str:
    out: Node | None = None
    for name in names:
        value = row.get(name, Fraction(0))
        if not value:
            continue
        size = abs(value)
        term: Node = Sym(name) if size == 1 else mul(number(size), Sym(name))
        if out is None:
            out = Neg(term) if value < 0 else term
        else:
            out = sub(out, term) if value < 0 else add(out, term)
    left = pretty(out) if out is not None else "0"
    return f"{left} = {-row.get('', Fraction(0))}"
