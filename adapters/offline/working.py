"""The working of plain arithmetic: one operation after another, in the order of operations."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import closed, show
from adapters.offline.tree import (
    ZERO,
    Binary,
    Call,
    Neg,
    Node,
    Num,
    children,
    has_decimal,
    number,
    rebuild,
)

_MOST: Final = 8


def steps(node: Node) -> tuple[str, ...]:
    """`4·2 = 8, which leaves 3 + 8`: one operation a line; empty where there is little to say."""
    decimals = has_decimal(node)
    lines: list[str] = []
    current = node
    while len(lines) <= _MOST:
        reduced = _reduce(current, decimals)
        if reduced is None:
            break
        current, text = reduced
        rest = "" if _is_value(current) else f", which leaves {show.pretty(current)}"
        lines.append(text + rest)
    return tuple(lines) if len(lines) <= _MOST else ()


def _is_value(node: Node) -> bool:
    """A number, signed or a simplified fraction."""
    if isinstance(node, Neg):
        return _is_value(node.arg) and not isinstance(node.arg, Neg)
    if isinstance(node, Binary) and node.op == "/":
        pair = (node.left, node.right)
        if all(isinstance(part, Num) and part.value.denominator == 1 for part in pair):
            return node.right != ZERO and number(closed.exact(node)) == node
    return isinstance(node, Num)


def _reduce(node: Node, decimals: bool) -> tuple[Node, str] | None:
    """Replace the first part that is one operation on values by its value."""
    for part in children(node):
        if _is_value(part):
            continue
        inner = _reduce(part, decimals)
        if inner is None:
            return None
        changed, text = inner
        done = [False]

        def change(
            child: Node, part: Node = part, changed: Node = changed, done: list[bool] = done
        ) -> Node:
            if not done[0] and child is part:
                done[0] = True
                return changed
            return child

        return rebuild(node, change), text
    if _is_value(node) or not isinstance(node, Binary | Call | Neg):
        return None
    try:
        value = closed.exact(node)
    except (closed.NotRational, closed.TooLarge, closed.Undefined):
        return None
    made = number(value, decimal=decimals and _ends(value))
    if len(str(value)) > 40:
        return None
    return made, f"{show.pretty(node)} = {show.pretty(made)}"


def _ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
