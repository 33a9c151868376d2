"""What a rule makes of a sentence: code to run, and how to explain what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from adapters.offline import parser, show
from adapters.offline.tree import ONE, Binary, Const, Neg, Node, Num, rebuild, walk


@dataclass(frozen=True, slots=True)
class Answer:
    """Steps to read, and the closing lines that state the result."""

    result: tuple[str, ...]
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Result:
    """The values that the code printed as its last line of JSON."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "", [])

    def text(self, name: str) -> str:
        """One value as SymPy printed it."""
        return str(self._values[name])

    def list(self, name: str) -> list[Any]:
        """A list of values."""
        value = self._values.get(name)
        return cast("list[Any]", value) if isinstance(value, list) else []

    def show(self, name: str) -> str:
        """One value as people write it."""
        return display(self.text(name))


Explain = Callable[[Result], Answer]
Closed = Callable[[], "Answer | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question that was understood.

    `subject` is what `it` would mean in a later message, `value` what `that` (its result) would,
    and `again` asks the same of another expression.
    """

    kind: str
    title: str
    code: str
    explain: Explain
    closed: Closed | None = None
    subject: Node | None = None
    value: Node | None = None
    again: Callable[[Node], Question | None] | None = None
    at: Callable[[Node], Question | None] | None = None
    notes: tuple[str, ...] = field(default=())


def from_sympy(text: str) -> Node | None:
    """The tree of a value as SymPy prints it (`log` is natural there), if our grammar has it."""
    if len(text) > 4000:
        return None
    spelled = re.sub(r"\blog\(", "ln(", text)
    spelled = re.sub(r"\bE\b", "e", spelled)
    spelled = re.sub(r"\bI\b", "i", spelled)
    spelled = re.sub(r"\bAbs\(", "abs(", spelled)
    return parser.parse(spelled.replace("**", "^"))


def display(text: str) -> str:
    """A value as SymPy prints it -> Unicode mathematics; what is not known stays as it is."""
    node = from_sympy(text)
    return show.pretty(tidy(node)) if node is not None else text.replace("**", "^")


def tidy(node: Node) -> Node:
    """`-1 + e` as `e - 1`, `x⁻²` as `1/x²`: the order and the shape that people write."""
    node = rebuild(node, tidy)
    match node:
        case Binary("+", Neg(first), second) if not isinstance(second, Neg) and not _imaginary(
            second
        ):
            return Binary("-", second, first)
        case Binary("^", base, Neg(Num(value))) if value.denominator == 1:
            below = base if value == 1 else Binary("^", base, Num(value))
            return Binary("/", ONE, below)
        case Binary("*", left, Binary("/", top, below)) if top == ONE:
            return Binary("/", left, below)
        case _:
            return node


def _imaginary(node: Node) -> bool:
    return any(part == Const("i") for part in walk(node))


def decimal(text: str, places: int | None = None) -> str:
    """A long decimal, cut to what one reads: about six digits, or as many places as asked."""
    try:
        value = float(text)
    except ValueError:
        return text
    if value != value or value in (float("inf"), float("-inf")):
        return text
    if places is not None:
        return f"{value:.{places}f}"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if abs(value) >= 1e15 or abs(value) < 1e-6:
        return f"{value:.6g}"
    short = f"{value:.6f}" if abs(value) >= 1 else f"{value:.6g}"
    return short.rstrip("0").rstrip(".") if "." in short else short


def results(output: str) -> Result | None:
    """The last JSON object in what a tool call gave back; the engine may have wrapped it."""
    found: Result | None = None
    for text in _texts(output):
        for line in map(str.strip, text.splitlines()):
            if line.startswith("{"):
                try:
                    value: Any = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(value, dict) and "logs" not in value and "outputs" not in value:
                    found = Result(cast("dict[str, Any]", value))
    return found


def _texts(output: str) -> Iterator[str]:
    """The output itself and every text inside it, should it be JSON."""
    yield output
    if output[:1] not in '[{"':
        return
    try:
        value: Any = json.loads(output)
    except (ValueError, RecursionError):
        return
    stack: list[Any] = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            yield top
        elif isinstance(top, list):
            stack.extend(cast("list[Any]", top))
        elif isinstance(top, dict):
            stack.extend(cast("dict[str, Any]", top).values())
