"""Limits, Taylor series, sums and products."""

from __future__ import annotations

from typing import Final

from adapters.offline import code, show, values
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    Const,
    Limit,
    Listing,
    Node,
    Relation,
    Sym,
    free,
)

_ARROW: Final = (
    r"(?:approaches|approach|approaching|tends to|tend to|tending to|goes to|"
    r"go to|going to|->|to|nears|gets close to|get close to|gets closer to|"
    r"heads to|=|is near)"
)
_LIMIT_EXTRA: Final = wordset(
    "limit limits lim function expression as evaluate using l hopital rule s value f at infinity"
)
_SIDES: Final = (
    (
        (
            r"from (?:right|above|positive side|right side|right hand side)|right "
            r"hand|right sided|right"
        ),
        "+",
    ),
    (r"from (?:left|below|negative side|left side|left hand side)|left hand|left sided|left", "-"),
)


def read_limit(scan: Scan, _setting: Setting) -> Question | None:
    """`limit of sin(x)/x as x approaches 0`, `lim x->∞ (1 + 1/x)^x`."""
    form = take_form(scan)
    signs = [part.node for part in scan.parts if isinstance(part.node, Limit)]
    named = scan.cue(r"limits?|lim") or bool(signs)
    side = ""
    for pattern, sign in _SIDES:
        if scan.cue(rf"(?:{pattern})(?: limit| side)?"):
            side = sign
    found = (
        scan.take(rf"(?:as|when|for|where|while|with|if)? ?S {_ARROW} (?:N|E) ?[+-]?")
        if not signs
        else None
    )
    behaves = scan.cue(
        r"approach|approaches|tend(?: to)?|tends(?: to)?|converges?(?: to)?|"
        r"happens to|happen to|go to|goes to"
    )
    if not named and not (found and behaves):
        return None
    nodes = scan.rest("X")
    if len(nodes) != 1 or not scan.done(_LIMIT_EXTRA):
        return None
    node = body(nodes[0])
    if isinstance(node, Limit):
        return limit(Limit(natural_logs(node.body), node.by, node.point, node.side or side), form)
    if found is None or not isinstance(found[0], Sym) or isinstance(node, Listing | Relation):
        return None
    if found[0].name not in free(node) and free(node):
        return None
    return limit(Limit(natural_logs(node), found[0].name, found[1], side), form)


def limit(node: Limit, form: Form) -> Question:
    """The limit, from both sides where none is named."""
    letter, point = code.identifier(node.by), code.expression(node.point)
    names = sorted({*free(node.body), node.by, *free(node.point)})
    infinite = node.point == Const("oo") or "oo" in point
    lines = [code.symbols_line(names), f"f = {code.exact(node.body)}"]
    if infinite or node.side:
        way = f', "{node.side}"' if node.side else ""
        lines += [f"answer = limit(f, {letter}, {point}{way})", "left = right = answer"]
    else:
        lines += [
            f'left = limit(f, {letter}, {point}, "-")',
            f'right = limit(f, {letter}, {point}, "+")',
            "answer = left",
        ]
    lines += [
        'print("from the left:", left, " from the right:", right)',
        report(
            left="str(left)",
            right="str(right)",
            answer="str(simplify(answer))",
            near="str(N(answer, 15))",
            direct=f"str(f.subs({letter}, {point}))" if not infinite else '""',
        ),
    ]
    shown = show.pretty(node)

    def explain(result: Result) -> Answer:
        steps: list[str] = []
        if "direct" in result:
            direct = result.text("direct")
            if direct in {"nan", "zoo", "oo", "-oo"} or "zoo" in direct:
                steps.append(
                    f"Putting in {node.by} = {show.pretty(node.point)} gives no value (such "
                    "as 0/0), so the limit is needed."
                )
            elif direct == result.text("answer"):
                steps.append(
                    f"The function is continuous there, so put in {node.by} = "
                    f"{show.pretty(node.point)}."
                )
        if result.text("left") != result.text("right"):
            steps.append(
                f"From the left: {result.show('left')}; from the right: {result.show('right')}."
            )
            return Answer((f"{shown} does not exist: the two sides differ.",), tuple(steps))
        answer = result.text("answer")
        if answer.startswith("AccumBounds"):
            return Answer((f"{shown} does not exist: the values keep swinging.",), tuple(steps))
        if answer in {"oo", "-oo"}:
            return Answer(
                (f"{shown} = {result.show('answer')}",), (*steps, "It grows beyond every bound.")
            )
        text = values.value_text(answer, result.text("near"), form)
        return Answer(
            (f"{shown} {text}" if text.startswith("≈") else f"{shown} = {text}",), tuple(steps)
        )

    def at(value: Node) -> Question:
        return limit(Limit(node.body, node.by, value, node.side), form)

    return Question(
        kind="limit",
        title=(
            f"Limit of {show.pretty(node.body)} for {node.by} → "
            f"{show.pretty(node.point)}{node.side}"
        ),
        code=code.program(*lines),
        explain=explain,
        subject=node.body,
        value=node,
        at=at,
        again=lambda other: (
            limit(Limit(other, node.by, node.point, node.side), form)
            if node.by in free(other)
            else None
        ),
    )


READERS = (read_limit,)
