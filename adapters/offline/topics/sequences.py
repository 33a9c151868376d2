"""Arithmetic and geometric sequences: terms, sums, the next terms, the rule."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from adapters.offline import closed, code
from adapters.offline.form import take_form
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.question import Answer, Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, report, value_question
from adapters.offline.tree import (
    Node,
    Sym,
    add,
    div,
    equation,
    integer,
    is_constant,
    mul,
    number,
    power,
    sub,
)

EXTRA: Final = wordset(
    "sequence series progression arithmetic geometric term terms first "
    "initial starting whose where given begins starts"
    " common difference ratio is of nth rule general formula explicit "
    "infinite pattern numbers number missing comes come after"
)


def read_sequence(scan: Scan, _setting: Setting) -> Question | None:
    """`10th term of 2, 5, 8, …`, `sum of the first 20 terms of …`, `next term of 3, 6, 12, …`."""
    take_form(scan)
    words = {part.text for part in scan.parts}
    if not words & {
        "term",
        "terms",
        "sequence",
        "progression",
        "series",
        "ap",
        "gp",
        "next",
        "pattern",
        "...",
    }:
        return None
    total = scan.cue(r"sum")
    following = scan.cue(r"(?:what (?:is|comes|are) )?next(?: N)?(?: terms?| numbers?)?")
    rule = scan.cue(r"(?:nth|general) term|formula|rule|explicit formula")
    index = _index(scan)
    given = _given(scan)
    scan.cue(r"\.\.\.")
    if given is None:
        return None
    kind, first, step = given
    if scan.has("X") or not scan.done(EXTRA):
        return None
    return question(kind, first, step, index, total=total, following=following, rule=rule)


def _index(scan: Scan) -> int | None:
    found = (
        scan.take(r"first N (?:terms?|numbers?)")
        or scan.take(r"N terms")
        or scan.take(r"term (?:number |n = )?N")
    )
    if found:
        return integer(found[0])
    for part in scan.parts:
        if part.text in ORDINALS and scan.cue(rf"{part.text} (?:term|number|element|member)"):
            return ORDINALS[part.text]
    return None


def _given(scan: Scan) -> tuple[str, Node, Node] | None:
    """The kind, the first term, and the difference or ratio."""
    geometric = scan.cue(r"geometric|gp")
    arithmetic = scan.cue(r"arithmetic|ap")
    first = scan.take(
        r"(?:first|initial|starting) (?:term|value)(?: a(?: 1)?)? (?:of |is |= )*N"
    ) or scan.take(r"(?:starting|starts|begins|beginning) (?:at|with|from) N")
    ratio = scan.take(r"(?:common )?ratio (?:of |is |= |r = )*N")
    difference = scan.take(r"(?:common )?difference (?:of |is |= |d = )*N")
    for index, part in enumerate(scan.parts):
        pair = equation(part.node) if part.node is not None else None
        if (
            pair
            and isinstance(pair[0], Sym)
            and is_constant(pair[1])
            and f"⟨R{index}⟩" in scan.text
        ):
            name = pair[0].name
            if name in {"a", "a_1", "a_0"}:
                first = (pair[1],)
            elif name == "r":
                ratio = (pair[1],)
            elif name == "d":
                difference = (pair[1],)
            else:
                continue
            scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
    if first and ratio and not arithmetic:
        return "geometric", first[0], ratio[0]
    if first and difference and not geometric:
        return "arithmetic", first[0], difference[0]
    if first or ratio or difference:
        return None
    return from_terms(scan.rest("N"), geometric=geometric, arithmetic=arithmetic)


def from_terms(
    nodes: tuple[Node, ...], *, geometric: bool, arithmetic: bool
) -> tuple[str, Node, Node] | None:
    """Kind, first term and step of a sequence; None when no rule fits all its terms."""
    if len(nodes) < 3:
        return None
    try:
        values = [closed.exact(node) for node in nodes]
    except (closed.NotRational, closed.Undefined):
        return None
    steps = {b - a for a, b in pairwise(values)}
    if len(steps) == 1 and not geometric:
        return "arithmetic", nodes[0], number(steps.pop())
    if 0 not in values and not arithmetic:
        ratios = {b / a for a, b in pairwise(values)}
        if len(ratios) == 1:
            # The next terms continue after the last one that is given.
            return "geometric", nodes[0], number(ratios.pop())
    return None


def question(
    kind: str,
    first: Node,
    step: Node,
    index: int | None,
    *,
    total: bool,
    following: bool,
    rule: bool,
) -> Question | None:
    """A term, a sum or the rule of a sequence."""
    n = Sym("n")
    arithmetic = kind == "arithmetic"
    name = "difference d" if arithmetic else "ratio r"
    facts = (
        f"The sequence is {kind}: first term {pretty(first)}, common {name} = {pretty(step)}.",
    )
    if index is not None and not following:
        if not 0 < index <= 10_000:
            return None
        count = number(index)
        before = number(index - 1)
        if total:
            if arithmetic:
                expression = mul(
                    div(count, number(2)), add(mul(number(2), first), mul(before, step))
                )
                text = "Sₙ = n/2·(2a + (n - 1)·d)"
            else:
                expression = div(
                    mul(first, sub(power(step, index), number(1))), sub(step, number(1))
                )
                text = "Sₙ = a·(rⁿ - 1)/(r - 1)"
            title = f"Sum of the first {index} terms"
        else:
            expression = (
                add(first, mul(before, step)) if arithmetic else mul(first, power(step, index - 1))
            )
            text = "aₙ = a + (n - 1)·d" if arithmetic else "aₙ = a·rⁿ⁻¹"
            title = f"Term {index}"
        closed.guard(expression)
        return value_question(
            Value(
                title=f"{title} of the {kind} sequence {pretty(first)}, …",
                expression=expression,
                name=title[0].lower() + title[1:],
                before=(*facts, text),
                show_working=False,
            )
        )
    if total:
        if arithmetic or abs(closed.exact(step)) >= 1:
            return None
        return value_question(
            Value(
                title="Sum of the infinite geometric series",
                expression=div(first, sub(number(1), step)),
                name="sum",
                before=(*facts, "S = a/(1 - r), because |r| < 1"),
                show_working=False,
            )
        )
    if rule:
        closed_form = (
            add(first, mul(sub(n, number(1)), step))
            if arithmetic
            else mul(first, power(step, sub(n, number(1))))
        )
        lines = [
            code.symbols_line(["n"]),
            f"term = {code.exact(closed_form)}",
            f"term = {'expand' if arithmetic else 'simplify'}(term)",
            'print("term n:", term)',
            report(term="str(term)"),
        ]
        shown = pretty(closed_form)
        return Question(
            kind="sequence",
            title=f"Rule of the {kind} sequence {pretty(first)}, …",
            code=code.program(*lines),
            explain=lambda result: Answer(
                (f"aₙ = {result.show('term') if arithmetic else shown}",), facts
            ),
            subject=closed_form,
        )
    return None


def read_next(scan: Scan, _setting: Setting) -> Question | None:
    """`what comes next: 2, 4, 8, 16, …`: only when a rule fits all the terms that are given."""
    if not scan.cue(r"next(?: N)?(?: terms?| numbers?)?(?: in| of)?|continue|missing number"):
        return None
    scan.cue(r"\.\.\.|sequence|pattern|series|progression|geometric|arithmetic")
    nodes = scan.rest("N")
    if scan.has("X") or not scan.done(EXTRA):
        return None
    given = from_terms(nodes, geometric=False, arithmetic=False)
    if given is None:
        return None
    kind, _first, step = given
    last = nodes[-1]
    expression = add(last, step) if kind == "arithmetic" else mul(last, step)
    word = "difference" if kind == "arithmetic" else "ratio"
    return value_question(
        Value(
            title=f"Next term of {', '.join(map(pretty, nodes))}, …",
            expression=expression,
            name="next term",
            before=(f"The sequence is {kind}: the common {word} is {pretty(step)}.",),
        )
    )


READERS = (read_next, read_sequence)
