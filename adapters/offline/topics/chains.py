"""Arithmetic told step by step: `start with 10, multiply by 3, subtract 5`."""

from __future__ import annotations

import re
from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.topics.arithmetic import evaluate
from adapters.offline.topics.common import Setting
from adapters.offline.tree import TWO, Binary, Node, call, is_constant, power

_N: Final = r"⟨N(\d+)⟩"
_JOIN: Final = r"(?: (?:,|;|\.|and|then|next|finally|after that))*"
_STARTS: Final[tuple[tuple[str, str], ...]] = (
    (rf"add {_N} (?:to|and|with) {_N}", "+"),
    (rf"subtract {_N} from {_N}", "r-"),
    (rf"(?:take|deduct) {_N} from {_N}", "r-"),
    (rf"multiply {_N} (?:by|and|with) {_N}", "*"),
    (rf"divide {_N} by {_N}", "/"),
    (rf"(?:start|begin|starting|beginning) (?:with|at|from) {_N}", ""),
    (rf"take {_N}", ""),
    (_N, ""),
)
_NEXT: Final[tuple[tuple[str, str], ...]] = (
    (rf"(?:add|plus|increase it by) {_N}(?: to (?:it|that|result|answer))?", "+"),
    (rf"(?:subtract|minus|take away|take off|deduct) {_N}(?: from (?:it|that|result))?", "-"),
    (rf"(?:multiply|times|multiplied)(?: (?:it|that|result|answer))?(?: by)? {_N}", "*"),
    (rf"(?:divide|divided)(?: (?:it|that|result|answer))? by {_N}", "/"),
    (r"(?:square|squared)(?: (?:it|that|result))?", "^2"),
    (r"(?:take|find|extract) (?:its )?square root(?: of (?:it|that|result))?", "sqrt"),
    (r"(?:double|doubled)(?: (?:it|that|result))?", "*2"),
    (r"(?:halve|halved)(?: (?:it|that|result))?", "/2"),
)
_EXTRA: Final = wordset("if when number total equal result you final")


def read_chain(scan: Scan, _setting: Setting) -> Question | None:
    """One value, then at least one further operation on what came of it."""
    form = take_form(scan)
    for pattern, op in _STARTS:
        match = re.search(rf"(?<= ){pattern}(?= )", scan.text)
        if match is None:
            continue
        nodes = [scan.node(index) for index in match.groups()]
        node = nodes[0] if not op else _joined(op, nodes[0], nodes[1])
        end, count = match.end(), 0
        while (step := _step(scan, end)) is not None:
            sign, operand, end = step
            node = _joined(sign, node, operand)
            count += 1
        if count:
            scan.text = f"{scan.text[: match.start()]}¦{scan.text[end:]}"
            if scan.has("X") or not scan.done(_EXTRA) or not is_constant(node):
                return None
            return evaluate(node, form)
    return None


def continued(scan: Scan, value: Node) -> Node | None:
    """`divide by 6`, `square it`: the operation on an earlier value, if that is all there is."""
    scan.text = f" {scan.text.strip()} "
    for pattern, op in _NEXT:
        match = re.search(rf"(?<= ){pattern}(?= )", scan.text)
        if match is None:
            continue
        operand = scan.node(match[1]) if match.groups() else None
        scan.text = f"{scan.text[: match.start()]}¦{scan.text[match.end() :]}"
        if scan.has("X") or not scan.done(_EXTRA | {"then", "that", "it", "answer"}):
            return None
        return _joined(op, value, operand)
    return None


def _step(scan: Scan, start: int) -> tuple[str, Node | None, int] | None:
    for pattern, op in _NEXT:
        match = re.compile(rf"{_JOIN} {pattern}(?= )").match(scan.text, start)
        if match:
            operand = scan.node(match[1]) if match.groups() else None
            return op, operand, match.end()
    return None


def _joined(op: str, left: Node, right: Node | None) -> Node:
    if op == "^2":
        return power(left, 2)
    if op == "sqrt":
        return call("sqrt", left)
    if op.startswith("r") and right is not None:
        return Binary(op[1:], right, left)
    return Binary(op[0], left, right if right is not None else TWO)


READERS = (read_chain,)
