"""What all rules share: the setting of a sentence, and questions that end in one value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.offline import closed, code, show, values, working
from adapters.offline.form import PLAIN, Form
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.tree import Binary, Node, Sym, free, has_decimal, walk


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sentence stands in: its plain text, and the functions that were defined before it."""

    text: str = ""
    functions: Mapping[str, tuple[str, Node]] = field(default_factory=dict[str, tuple[str, Node]])


Reader = Callable[[Scan, Setting], Question | Sequence[Question] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A question that ends in one number: a formula, and what to say about it."""

    title: str
    expression: Node
    name: str = ""
    unit: str = ""
    before: tuple[str, ...] = ()
    """Steps before the arithmetic: the formula, the numbers put in."""
    notes: tuple[str, ...] = ()
    form: Form = PLAIN
    kind: str = "value"
    decimals: bool = False
    show_working: bool = True


def report(**entries: str) -> str:
    """The closing line of a piece of code: its values as one line of JSON."""
    body = ", ".join(f'"{name}": {text}' for name, text in entries.items())
    return f"print(json.dumps({{{body}}}))"


def texts(name: str) -> str:
    """Code for a list of printed values."""
    return f"[str(item) for item in {name}]"


def value_question(value: Value) -> Question:
    """Code, explanation and closed answer of a `Value`."""
    node = value.expression
    decimals = value.decimals or has_decimal(node)
    degrees = value.form.degrees
    shown = f"deg({code.exact(node)})" if degrees else code.exact(node)
    plain = _is_rational(node)
    lines = [
        code.symbols_line(code.letters(node)),
        f"answer = {shown if plain else f'simplify({shown})'}",
        f'print("{value.name or "answer"} =", answer)',
        report(answer="str(answer)", decimal="str(N(answer, 30))"),
    ]
    steps = (*value.before, *(working.steps(node) if value.show_working and not degrees else ()))

    def conclude(exact: str, approx: str) -> Answer:
        text = values.value_text(exact, approx, value.form, decimals=decimals)
        if exact in {"zoo", "nan", "oo", "-oo"}:
            return _undefined(node, steps)
        unit = (
            "°"
            if degrees
            else value.unit
            if value.unit == "%"
            else f" {value.unit}"
            if value.unit
            else ""
        )
        head = f"{value.name or show.pretty(node)} "
        text = text.removeprefix(f"{show.pretty(node)} ") if " ≈ " in text else text
        sign = "" if text.startswith("≈") else "= "
        return Answer((f"{head}{sign}{text}{unit}",), steps, value.notes)

    def explain(result: Result) -> Answer:
        return conclude(result.text("answer"), result.text("decimal"))

    def by_hand() -> Answer | None:
        try:
            exact = closed.exact(node)
            return conclude(str(exact), str(float(exact)))
        except closed.NotRational:
            pass
        except closed.Undefined:
            return _undefined(node, steps)
        try:
            near = closed.approximate(node)
        except (closed.NotRational, closed.Undefined):
            return None
        near = math.degrees(near) if degrees else near
        snapped = round(near, 12) + 0.0
        return conclude(
            f"{snapped:.12g}" if snapped == int(snapped) else show.pretty(node), f"{snapped!r}"
        )

    return Question(
        kind=value.kind,
        title=value.title,
        code=code.program(*lines),
        explain=explain,
        closed=None if degrees and plain else by_hand,
        subject=node,
        value=node,
    )


def _undefined(node: Node, steps: tuple[str, ...]) -> Answer:
    divides = any(isinstance(part, Binary) and part.op in {"/", "mod"} for part in walk(node))
    why = "it divides by zero" if divides else "it is not defined there"
    return Answer((f"This has no value: {why}.",), steps)


def _is_rational(node: Node) -> bool:
    try:
        closed.exact(node)
    except (closed.NotRational, closed.Undefined):
        return False
    return True


def variable(node: Node, preferred: str = "x") -> str | None:
    """The variable a question is about: the only one, or the usual letter among several."""
    names = free(node)
    if len(names) == 1:
        return names[0]
    for name in (preferred, "x", "t"):
        if name in names:
            return name
    return None


def symbol_name(node: Node) -> str | None:
    """The name, if the tree is one variable."""
    return node.name if isinstance(node, Sym) else None
