"""The code of one derivative, and the explanation of what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from adapters.offline import code, show, values
from adapters.offline.explain import rules
from adapters.offline.form import PLAIN, Form
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import body
from adapters.offline.topics.common import report, variable
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    Apply,
    Binary,
    Call,
    Diff,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    free,
    has_decimal,
    is_constant,
    walk,
)

_UNDEFINED: Final = frozenset({Sym("f"), Sym("g"), Sym("h"), Sym("y")})
"""Names of functions that nobody defined."""


HIGHEST: Final = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """One derivative that is asked for."""

    function: Node
    by: str
    order: int = 1
    point: tuple[tuple[str, Node], ...] = ()
    form: Form = PLAIN
    name: str = ""


def made_wish(
    node: Node, by: str | None, order: int, point: tuple[tuple[str, Node], ...] | None, form: Form
) -> Wish | None:
    """One derivative of what a slot matched; None when it is no function of that letter."""
    if isinstance(node, Binary) and node.op == "@" and isinstance(node.right, Relation):
        inner, place = node.left, node.right.sides[1]
        if not isinstance(inner, Diff):
            return None
        at = () if place == Sym(inner.by) else ((inner.by, place),)
        return Wish(inner.body, inner.by, inner.order, at, form, "f")
    name = ""
    if isinstance(node, Relation) and body(node) is not node:
        left = node.sides[0]
        name = left.name if isinstance(left, Apply | Sym | Rate) else ""
    function = body(node)
    if isinstance(function, Relation):
        return None
    while isinstance(function, Diff):
        by, order, function = function.by, function.order + (order - 1), function.body
    if isinstance(function, Listing | Rate | Apply) or function in _UNDEFINED:
        return None
    letter = by or variable(function)
    if letter is None:
        if not is_constant(function):
            return None
        letter = "x"
    places = _places(point, letter)
    if places is None or order > HIGHEST:
        return None
    return Wish(natural_logs(function), letter, order, places, form, name)


def _places(
    point: tuple[tuple[str, Node], ...] | None, letter: str
) -> tuple[tuple[str, Node], ...] | None:
    if not point:
        return ()
    out: list[tuple[str, Node]] = []
    for name, value in point:
        if isinstance(value, Listing) and len(value.items) != 2:
            return None
        place = value.items[0] if isinstance(value, Listing) else value
        if not is_constant(place):
            return None
        out.append((name or letter, place))
    return tuple(out)


def derivative(wish: Wish) -> Question:
    """The code and the explanation of one derivative."""
    letter = code.identifier(wish.by)
    names = sorted({*free(wish.function), wish.by, *(name for name, _ in wish.point)})
    times = f", {wish.order}" if wish.order > 1 else ""
    real = any(isinstance(p, Call) and p.name in {"abs", "sign"} for p in walk(wish.function))
    lines = [
        code.symbols_line(names, "real=True" if real else ""),
        f"f = {code.exact(wish.function)}",
        f"raw = diff(f, {letter}{times})",
        "slope = simplify(raw)",
        'print("derivative:", slope)',
    ]
    entries = {
        "derivative": "str(slope)",
        "terms": f"[[str(term), str(diff(term, {letter}))] for term in Add.make_args(f)]",
        "raw": "str(raw)",
    }
    if wish.point:
        put = ", ".join(
            f"{code.identifier(name)}: {code.expression(value)}" for name, value in wish.point
        )
        lines += [f"value = simplify(slope.subs({{{put}}}))", 'print("value there:", value)']
        entries |= {"value": "str(value)", "near": "str(N(value, 30))"}
    lines.append(report(**entries))

    def explain(result: Result) -> Answer:
        return _concluded(wish, result)

    place = ", ".join(f"{name} = {show.pretty(value)}" for name, value in wish.point)
    ordinal = "" if wish.order == 1 else f"{_ordinal(wish.order)} "
    title = (
        f"{ordinal}derivative of {show.pretty(wish.function)} with respect to "
        f"{show.pretty(Sym(wish.by))}"
    )
    title = title[0].upper() + title[1:] + (f", at {place}" if place else "")
    result_tree = Diff(wish.function, wish.by, wish.order)

    def again(node: Node) -> Question | None:
        if isinstance(node, Sym) and node.name in free(wish.function):
            return derivative(replace(wish, by=node.name, point=()))
        made = made_wish(node, None, wish.order, None, wish.form)
        return derivative(made) if made is not None and not is_constant(node) else None

    return Question(
        kind="derivative",
        title=title,
        code=code.program(*lines),
        explain=explain,
        subject=wish.function,
        value=result_tree,
        again=again,
        at=lambda node: (
            derivative(replace(wish, point=((wish.by, node),))) if is_constant(node) else None
        ),
    )


def _notation(wish: Wish) -> str:
    if len(free(wish.function)) > 1:
        mark = (
            ""
            if wish.order == 1
            else str(wish.order).translate(str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹"))
        )
        return f"∂{mark}f/∂{show.pretty(Sym(wish.by))}{mark}"
    if wish.name and wish.name not in {"f", "g", "h"}:
        mark = (
            ""
            if wish.order == 1
            else str(wish.order).translate(str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹"))
        )
        return f"d{mark}{wish.name}/d{wish.by}{mark}"
    primes = "'" * wish.order if wish.order <= 3 else f"^({wish.order})"
    return f"{wish.name or 'f'}{primes}({show.pretty(Sym(wish.by))})"


def _ordinal(value: int) -> str:
    names = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}
    return names.get(value, f"{value}th")


def _concluded(wish: Wish, result: Result) -> Answer:
    steps = list(rules.derivative(wish.function, wish.by))
    terms = result.list("terms")
    if wish.order == 1 and 1 < len(terms) <= 6:
        steps.append(
            "Term by term: "
            + "; ".join(f"({display(str(a))})' = {display(str(b))}" for a, b in terms)
        )
    elif wish.order > 1:
        steps.append(f"Differentiate {wish.order} times in a row.")
    mark = _notation(wish)
    raw, slope = result.show("raw"), result.show("derivative")
    both = raw != slope and len(raw) + len(slope) < 90
    lines = [f"{mark} = {raw} = {slope}" if both else f"{mark} = {slope}"]
    if "value" in result:
        text = values.value_text(
            result.text("value"),
            result.text("near"),
            wish.form,
            decimals=has_decimal(wish.point[0][1]),
        )
        place = ", ".join(f"{name} = {show.pretty(value)}" for name, value in wish.point)
        head = (
            mark.replace(f"({wish.by})", f"({show.pretty(wish.point[0][1])})")
            if f"({wish.by})" in mark
            else f"{mark} at {place}"
        )
        sign = "" if text.startswith("≈") else "= "
        steps.append(f"Put in {place}.")
        lines.append(f"{head} {sign}{text}")
    return Answer(tuple(lines), tuple(steps))
