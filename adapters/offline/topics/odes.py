"""Ordinary differential equations in one unknown function."""

from __future__ import annotations

from typing import Final

from adapters.offline import code, show
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import (
    Apply,
    Node,
    Rate,
    Relation,
    Sym,
    free,
    is_constant,
    rebuild,
    walk,
)

_EXTRA: Final = wordset(
    "differential equation ode initial value problem general solution solve "
    "particular first second order linear condition conditions with "
    "separable where given such subject satisfying ivp homogeneous y x t"
)


def read_ode(scan: Scan, _setting: Setting) -> Question | None:
    """`y' = 2y`, `solve dy/dx = x with y(0) = 1`, `y'' + y = 0`."""
    take_form(scan)
    relations = [
        node for node in scan.rest("R") if isinstance(node, Relation) and node.ops == ("=",)
    ]
    main = [r for r in relations if any(isinstance(p, Rate) for p in walk(r))]
    conditions = [r for r in relations if r not in main]
    scan.rest("S")
    if len(main) != 1 or scan.has("X") or not scan.done(_EXTRA):
        return None
    rates = [p for p in walk(main[0]) if isinstance(p, Rate)]
    name = rates[0].name
    by = next((rate.by for rate in rates if rate.by), "")
    others = set(free(main[0])) - {name}
    by = by or ("t" if "t" in others and "x" not in others else "x")
    if (
        any(rate.name != name or rate.by not in {"", by} for rate in rates)
        or others - {by} - _LETTERS
    ):
        return None
    put = _conditions(conditions, name, by)
    if put is None:
        return None
    letters = sorted({*others, by})
    left, right = (_as_function(side, name, by) for side in main[0].sides)
    lines = [
        code.symbols_line(letters),
        f'{name} = Function("{name}")',
        f"equation = Eq({_text(left, name, by)}, {_text(right, name, by)})",
        f"solution = dsolve(equation, {name}({by}){put})",
        'print("solution:", solution)',
        report(
            solutions=(
                "[str(expand(s.rhs)) for s in (solution if isinstance(solution, list) else "
                "[solution]) if hasattr(s, 'rhs')]"
            )
        ),
    ]
    shown = show.pretty(main[0])

    def explain(result: Result) -> Answer:
        found = [
            display(str(s).replace("C1", "C_1").replace("C2", "C_2").replace("C3", "C_3"))
            for s in result.list("solutions")
        ]
        if not found:
            return Answer(("No solution formula was found.",))
        notes = ("C₁, C₂ stand for any constants.",) if any("C" in text for text in found) else ()
        return Answer(
            tuple(
                f"{name}({by}) = {text.replace('c₁', 'C₁').replace('c₂', 'C₂')}" for text in found
            ),
            (),
            notes,
        )

    return Question(
        kind="ode",
        title=f"Solve {shown} for {name}({by})",
        code=code.program(*lines),
        explain=explain,
        subject=main[0],
    )


_LETTERS: Final = frozenset({"a", "b", "k", "r"})


def _as_function(node: Node, name: str, by: str) -> Node:
    if isinstance(node, Apply) and node.name == name and node.args == (Sym(by),):
        return Sym(name) if not node.primes else Rate(name, by, node.primes)
    return rebuild(node, lambda part: _as_function(part, name, by))


def _text(node: Node, name: str, by: str) -> str:
    """Code with `y` written as `y(x)` and its derivatives as `y(x).diff(x, n)`."""
    marks: dict[str, str] = {}

    def change(part: Node) -> Node:
        if isinstance(part, Rate):
            key = f"rate_{len(marks)}x"
            marks[key] = f"{name}({by}).diff({by}, {part.order})"
            return Sym(key)
        if isinstance(part, Sym) and part.name == name:
            key = f"rate_{len(marks)}x"
            marks[key] = f"{name}({by})"
            return Sym(key)
        return rebuild(part, change)

    text = code.exact(change(node))
    for key, value in marks.items():
        text = text.replace(key, value)
    return text


def _conditions(relations: list[Relation], name: str, by: str) -> str | None:
    parts: list[str] = []
    for relation in relations:
        left, right = relation.sides
        if (
            not isinstance(left, Apply)
            or left.name != name
            or not is_constant(right)
            or len(left.args) != 1
        ):
            return None
        place = code.expression(left.args[0])
        if left.primes == 0:
            parts.append(f"{name}({place}): {code.expression(right)}")
        else:
            parts.append(
                f"{name}({by}).diff({by}, {left.primes}).subs({by}, {place}): "
                f"{code.expression(right)}"
            )
    return f", ics={{{', '.join(parts)}}}" if parts else ""


READERS = (read_ode,)
