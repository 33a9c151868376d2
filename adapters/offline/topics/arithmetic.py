"""Arithmetic in a sentence: values, remainders, comparisons, rounding, forms of a number."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from adapters.offline import closed, show
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import TRIG, wordset
from adapters.offline.question import Question, decimal
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import (
    Binary,
    Call,
    Neg,
    Node,
    Num,
    Sym,
    add,
    div,
    is_constant,
    mul,
    power,
    sub,
    walk,
)

_HARMLESS: Final = wordset(
    "product equal equals = total simplify solve much many number sum numerical "
    "arithmetic calculation"
    " evaluate simplified comes when added all together raise operations order"
)
_ORDERS: Final[tuple[tuple[str, str], ...]] = (
    (r"add E (?:to|and|with|plus) E", "+"),
    (r"sum up E and E", "+"),
    (r"subtract E from E", "r-"),
    (r"(?:take|deduct|remove) (?:away )?E (?:away )?from E", "r-"),
    (r"subtract E and E|E subtract E", "-"),
    (r"multiply E (?:by|and|with|times) E", "*"),
    (r"(?:divide|split) E (?:by|with|over) E", "/"),
    (r"divide E into E", "r/"),
    (r"how many times does E go into E", "r/"),
    (r"how many E s? are in E", "r/"),
    (r"quotient (?:when|of|if) E is divided by E", "/"),
    (r"raise E to(?: power(?: of)?)? E", "^"),
    (r"how much (?:bigger|greater|more|larger) is E than E", "-"),
    (r"how much (?:smaller|less) is E than E", "r-"),
)
_SINGLE: Final[tuple[tuple[str, int], ...]] = ((r"square E", 2), (r"cube E", 3))


def read_orders(scan: Scan, _setting: Setting) -> Question | None:
    """`divide 12 by 4`, `subtract 5 from 12`, `add 2, 3 and 4`."""
    form = take_form(scan)
    node = _ordered(scan)
    if node is None or not is_constant(node) or not scan.done(_HARMLESS | {"if", "when"}):
        return None
    return evaluate(node, form)


def _ordered(scan: Scan) -> Node | None:
    many = scan.take(r"(?:add|sum|total|multiply)(?: (?:up|together|of))*(?= E (?:,|and|\+))")
    if many is not None:
        nodes = scan.rest("E")
        product = "multiply" in " ".join(part.text for part in scan.parts)
        if len(nodes) < 2:
            return None
        out = nodes[0]
        for node in nodes[1:]:
            out = mul(out, node) if product else add(out, node)
        return out
    for pattern, op in _ORDERS:
        found = scan.take(pattern)
        if found:
            left, right = (found[1], found[0]) if op[0] == "r" else (found[0], found[1])
            return Binary(op[-1], left, right)
    sevens = scan.take(r"how many A (?:are |there |go |fit |do we have )*(?:in|into) N")
    if sevens and isinstance(sevens[0], Binary) and sevens[0].right == Sym("s"):
        return Binary("/", sevens[1], sevens[0].left)
    for pattern, exponent in _SINGLE:
        found = scan.take(pattern)
        if found:
            return power(found[0], exponent)
    halved = scan.take(r"(?:halve) E")
    return div(halved[0], Num(Fraction(2))) if halved else None


def read_remainder(scan: Scan, _setting: Setting) -> Question | None:
    """`remainder when 17 is divided by 5`."""
    if not scan.cue(r"remainders?|remains|left over|leftover|modulo|mod"):
        return None
    both = scan.cue(r"quotient")
    found = scan.take(r"N (?:is )?(?:divided )?(?:by|and) N")
    if found is None:
        single = scan.rest("N")
        if (
            len(single) != 1
            or not isinstance(single[0], Binary)
            or single[0].op not in {"/", "mod"}
        ):
            return None
        found = (single[0].left, single[0].right)
    if not scan.done(
        {"divided", "divide", "dividing", "division", "when", "if", "after", "you", "left"}
    ):
        return None
    left, right = found
    node = Binary("mod", left, right)
    try:
        a, b = closed.exact(left), closed.exact(right)
        quotient = a // b
    except (closed.NotRational, closed.TooLarge, closed.Undefined, ZeroDivisionError):
        return None
    step = f"{show.pretty(left)} = {quotient}·{show.pretty(right)} + {a - quotient * b}"
    name = f"quotient {quotient}, remainder" if both else "remainder"
    title = f"Remainder of {show.pretty(left)} divided by {show.pretty(right)}"
    return value_question(
        Value(title=title, expression=node, name=name, before=(step,), show_working=False)
    )


def read_value(scan: Scan, _setting: Setting) -> list[Question] | None:
    """Any expression without a variable, alone or several with commas between."""
    form = take_form(scan)
    asked = scan.cue(r"reduce|simplify|convert|write|express|round|turn|change|rewrite")
    nodes = scan.rest("N")
    if (
        scan.has("X")
        or not nodes
        or not scan.done(_HARMLESS | {"number", "fraction", "decimal", "off"})
    ):
        return None
    if any(_is_bare(node) for node in nodes) and not form.given:
        return None
    if any(_is_bare(node) for node in nodes) and len(nodes) > 1:
        return None
    fraction = form.fraction or (asked and not form.given and not form.rounds)
    wish = replace(form, fraction=fraction)
    return [evaluate(node, wish) for node in nodes]


def _is_bare(node: Node) -> bool:
    """A number alone asks nothing."""
    inner = node.arg if isinstance(node, Neg) else node
    return isinstance(inner, Num) or (isinstance(inner, Call) and inner.name in {"percent", "deg"})


def evaluate(node: Node, form: Form) -> Question:
    """The value of a constant expression."""
    notes: list[str] = []
    for part in walk(node):
        if isinstance(part, Call):
            notes += _readings(part)
        if isinstance(part, Binary) and part.op in "+-" and _is_percent(part.right):
            return _percent_change(part, form) if part is node else _plain(node, form, notes)
    return _plain(node, form, notes)


def _readings(part: Call) -> list[str]:
    """How an ambiguous function was read, and what the other reading would give."""
    inner = part.args[0]
    if part.name in TRIG and isinstance(inner, Num) and inner.value >= 10:
        degrees = Call(part.name, (Call("deg", (inner,)),))
        try:
            value = decimal(repr(round(closed.approximate(degrees), 12)))
        except (closed.NotRational, closed.TooLarge, closed.Undefined, ZeroDivisionError):
            return ["The angle is read in radians."]
        return [f"The angle is read in radians; in degrees, {show.pretty(degrees)} = {value}."]
    if part.name == "log" and len(part.args) == 1:
        return ["log without a base is read as the logarithm to base 10."]
    return []


def _plain(node: Node, form: Form, notes: list[str]) -> Question:
    shown = show.pretty(node)
    return value_question(
        Value(
            title=f"Work out {shown}",
            expression=node,
            form=form,
            notes=tuple(dict.fromkeys(notes)),
            kind="evaluate",
        )
    )


def _is_percent(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "percent"


def _percent_change(node: Binary, form: Form) -> Question:
    """`200 + 10%`: as every pocket calculator reads it, ten percent of the 200."""
    if _is_percent(node.left):
        return _plain(node, form, [])
    change = mul(node.right, node.left)
    total = add(node.left, change) if node.op == "+" else sub(node.left, change)
    verb = "added to" if node.op == "+" else "taken off"
    return value_question(
        Value(
            title=f"{show.pretty(node.right)} {verb} {show.pretty(node.left)}",
            expression=total,
            name=show.pretty(node),
            form=form,
            before=(f"The percentage is taken of {show.pretty(node.left)}.",),
            kind="evaluate",
        )
    )


ORDERS = (read_orders,)
READERS = (read_remainder, read_value)
