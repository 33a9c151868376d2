"""Arithmetic in a sentence: values, remainders, comparisons, rounding, forms of a number."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Final

from adapters.offline import closed, code, show
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, Value, report, value_question
from adapters.offline.tree import (
    Binary,
    Call,
    Neg,
    Node,
    Num,
    Relation,
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
    "equal equals = total simplify solve much many number sum numerical "
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
    (r"raise E to(?: power(?: of)?)? E", "^"),
    (r"how much (?:bigger|greater|more|larger) is E than E", "-"),
    (r"how much (?:smaller|less) is E than E", "r-"),
)
_SINGLE: Final[tuple[tuple[str, int], ...]] = ((r"square E", 2), (r"cube E", 3))


def read_orders(scan: Scan, setting: Setting) -> Question | None:
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
    for pattern, exponent in _SINGLE:
        found = scan.take(pattern)
        if found:
            return power(found[0], exponent)
    halved = scan.take(r"(?:halve) E")
    return div(halved[0], Num(Fraction(2))) if halved else None


def read_remainder(scan: Scan, setting: Setting) -> Question | None:
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


def read_comparison(scan: Scan, setting: Setting) -> Question | None:
    """`which is bigger, 3/4 or 2/3?`, `is 0.3 greater than 1/3?`, `is 2 + 2 = 5?`"""
    most = scan.word(
        (
            r"(?:which|what)(?: one| number| fraction)?(?: is| of)?(?: \w+)? "
            r"(?:bigger|larger|greater|biggest|largest|greatest|smaller|smallest|"
            r"lesser|less|lower)"
        )
    )
    nodes = scan.rest("N")
    if (
        most
        and len(nodes) >= 2
        and scan.done(
            {"or", "number", "fraction", "one", "numbers", "fractions", "than", "two", "between"}
        )
    ):
        return _which(nodes, smallest=any(w in most for w in ("small", "less", "lower")))
    if most or nodes:
        return None
    relations = scan.rest("R")
    if len(relations) != 1 or not scan.done(
        {"true", "false", "or", "correct", "whether", "if", "statement", "inequality"}
    ):
        return None
    relation = relations[0]
    if not isinstance(relation, Relation) or not all(is_constant(side) for side in relation.sides):
        return None
    return truth(relation)


def _which(nodes: tuple[Node, ...], *, smallest: bool) -> Question:
    word, function = ("smallest", "min") if smallest else ("largest", "max")
    lines = [
        f"numbers = [{', '.join(code.exact(node) for node in nodes)}]",
        f"index = numbers.index({function}(numbers, key=N))",
        f'print("the {word} one is", numbers[index])',
        report(index="index", decimals="[str(N(item, 12)) for item in numbers]"),
    ]

    def conclude(index: int, decimals: list[str]) -> Answer:
        from adapters.offline.question import decimal

        steps = tuple(
            f"{show.pretty(node)} = {decimal(text)}"
            for node, text in zip(nodes, decimals, strict=True)
        )
        return Answer((f"{show.pretty(nodes[index])} is the {word}.",), steps)

    def explain(result: Result) -> Answer:
        return conclude(int(result.text("index")), [str(item) for item in result.list("decimals")])

    def by_hand() -> Answer | None:
        try:
            near = [closed.approximate(node) for node in nodes]
        except (closed.NotRational, closed.Undefined):
            return None
        best = (min if smallest else max)(near)
        return conclude(near.index(best), [str(item) for item in near])

    title = f"Which is the {word}: {', '.join(map(show.pretty, nodes))}"
    return Question(
        kind="compare", title=title, code=code.program(*lines), explain=explain, closed=by_hand
    )


def truth(relation: Relation) -> Question:
    parts = [
        f"simplify({code.expression(a)} - ({code.expression(b)})) {'==' if op == '=' else op} 0"
        for op, a, b in zip(relation.ops, relation.sides, relation.sides[1:], strict=False)
    ]
    lines = [
        f"holds = bool({' and '.join(parts)})",
        'print("holds:", holds)',
        report(
            holds="holds",
            sides=f"[str(N(side, 12)) for side in ({', '.join(map(code.exact, relation.sides))})]",
        ),
    ]

    def conclude(holds: bool, sides: list[str]) -> Answer:
        from adapters.offline.question import decimal

        steps = tuple(
            f"{show.pretty(node)} = {decimal(text)}"
            for node, text in zip(relation.sides, sides, strict=True)
            if not isinstance(node, Num)
        )
        verdict = "true" if holds else "false"
        return Answer((f"{show.pretty(relation)} is {verdict}.",), steps)

    def explain(result: Result) -> Answer:
        return conclude(result.text("holds") == "True", [str(s) for s in result.list("sides")])

    def by_hand() -> Answer | None:
        try:
            near = [closed.exact(side) for side in relation.sides]
        except (closed.NotRational, closed.Undefined):
            return None
        holds = all(
            _holds(op, a, b) for op, a, b in zip(relation.ops, near, near[1:], strict=False)
        )
        return conclude(holds, [str(float(item)) for item in near])

    return Question(
        kind="compare",
        title=f"Is {show.pretty(relation)} true?",
        code=code.program(*lines),
        explain=explain,
        closed=by_hand,
    )


def _holds(op: str, a: Fraction, b: Fraction) -> bool:
    table = {"=": a == b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "!=": a != b}
    return table[op]


def read_value(scan: Scan, setting: Setting) -> list[Question] | None:
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
        if isinstance(part, Call) and part.name in {"sin", "cos", "tan", "sec", "csc", "cot"}:
            inner = part.args[0]
            if (
                not any(isinstance(p, Call) and p.name == "deg" for p in walk(inner))
                and isinstance(inner, Num)
                and inner.value >= 10
            ):
                notes.append(
                    (
                        "The angle is in radians. For degrees, ask for "
                        f"{part.name}({show.pretty(inner)}°)."
                    )
                )
        if isinstance(part, Call) and part.name == "log" and len(part.args) == 1:
            notes.append("log without a base is read as the logarithm to base 10.")
        if isinstance(part, Binary) and part.op in "+-" and _is_percent(part.right):
            return _percent_change(part, form) if part is node else _plain(node, form, notes)
    return _plain(node, form, notes)


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


def read_ratio(scan: Scan, setting: Setting) -> Question | None:
    """`simplify the ratio 18:24`."""
    if not scan.cue(r"ratios?"):
        return None
    found = scan.take(r"N : N(?: : N)?") or scan.take(r"N to N")
    whole = [closed.exact(node) for node in found or () if isinstance(node, Num)]
    if found is None or len(whole) != len(found) or scan.has("X"):
        return None
    if not scan.done({"simplify", "simplest", "form", "reduce", "lowest", "terms"}):
        return None
    scale = math.lcm(*(value.denominator for value in whole))
    integers = [int(value * scale) for value in whole]
    divisor = math.gcd(*integers) or 1
    text = ":".join(str(value // divisor) for value in integers)
    written = ":".join(map(show.pretty, found))
    lines = [
        f"divisor = igcd({', '.join(map(str, integers))})",
        f"parts = [value//divisor for value in ({', '.join(map(str, integers))})]",
        'print("ratio:", parts)',
        report(parts="[str(part) for part in parts]", divisor="str(divisor)"),
    ]
    answer = Answer(
        (f"{written} = {text}",), (f"Divide both parts by {divisor}.",) if scale == 1 else ()
    )
    return Question(
        kind="ratio",
        title=f"Simplify the ratio {written}",
        code=code.program(*lines),
        explain=lambda _: answer,
        closed=lambda: answer,
    )


READERS = (read_ratio, read_orders, read_remainder, read_comparison, read_value)

_ = (Sym, flat)
