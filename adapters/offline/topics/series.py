"""Taylor series, and sums and products with a running index."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import code, show, values
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.notation import bound_index
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    Binary,
    Const,
    Listing,
    Node,
    Num,
    Relation,
    Series,
    Sym,
    free,
    integer,
    is_constant,
)

_TAYLOR: Final = (
    r"(?:taylor|maclaurin|mclaurin|power)(?: series| polynomial| expansion| "
    r"approximation)*|series(?: expansion)?|expand (?=.*series)"
)


_TAYLOR_EXTRA: Final = wordset(
    "series expansion order degree terms term function about around centered "
    "centred at up expand first nonzero non zero approximation polynomial f "
    "in a point powers power"
)


def read_series(scan: Scan, _setting: Setting) -> Question | None:
    """`Taylor series of e^x at 0 to order 5`."""
    maclaurin = scan.has("maclaurin|mclaurin")
    if not scan.cue(_TAYLOR):
        return None
    order = 5
    found = scan.take(
        r"(?:up to|to|of|with|through|until)? ?(?:order|degree) (?:of )?N"
    ) or scan.take(r"(?:up to )?(?:first )?N (?:non ?zero )?(?:terms|order|degree)")
    ordinal = None
    if found is None:
        for word, value in ORDINALS.items():
            if (
                value <= 20
                and f" {word} " in scan.text
                and scan.cue(rf"(?:up to|to|of|through)? ?{word}(?: order| degree| power)?")
            ):
                ordinal = value
                break
    highest = scan.take(r"(?:up to|to|through|including) (?:order |term |terms )?A")
    if highest and isinstance(highest[0], Binary) and highest[0].op == "^":
        ordinal = integer(highest[0].right)
    wanted = (integer(found[0]) if found else ordinal) or order
    point: Node = Num(Fraction(0))
    place = scan.take(
        r"(?:at|about|around|centered at|centred at|centered around|near|with "
        r"center|in) (?:point )?(?:R|N)"
    )
    scan.cue(r"(?:at|about|around) (?:origin)")
    if place is not None:
        inner = place[0].sides[1] if isinstance(place[0], Relation) else place[0]
        if maclaurin and inner != point:
            return None
        point = inner
    nodes = scan.rest("X")
    if (
        len(nodes) != 1
        or not scan.done(_TAYLOR_EXTRA)
        or not 0 < wanted <= 20
        or not is_constant(point)
    ):
        return None
    function = natural_logs(body(nodes[0]))
    name = variable(function)
    if name is None or isinstance(function, Relation | Listing | Series):
        return None
    letter = code.identifier(name)
    lines = [
        code.symbols_line(free(function)),
        f"f = {code.exact(function)}",
        f"a = {code.exact(point)}",
        (
            f"coefficients = [simplify(diff(f, {letter}, k).subs({letter}, "
            f"a)/factorial(k)) for k in range({wanted + 1})]"
        ),
        f"terms = [c*({letter} - a)**k for k, c in enumerate(coefficients) if c != 0]",
        'print("terms:", terms)',
        report(terms="[str(t) for t in terms]"),
    ]

    def explain(result: Result) -> Answer:
        terms = [display(str(term)) for term in result.list("terms")]
        if any("zoo" in str(t) or "nan" in str(t) for t in result.list("terms")):
            return Answer((f"The function has no such series at {show.pretty(point)}.",))
        text = " + ".join(terms).replace("+ -", "- ") or "0"
        steps = ("The coefficient of the k-th power is f⁽ᵏ⁾(a)/k!.",)
        return Answer((f"{show.pretty(function)} ≈ {text} + …",), steps)

    return Question(
        kind="series",
        title=(
            f"Taylor series of {show.pretty(function)} at {name} = "
            f"{show.pretty(point)}, up to order {wanted}"
        ),
        code=code.program(*lines),
        explain=explain,
        subject=function,
    )


_SUM_EXTRA: Final = wordset(
    "sum summation series sigma finite infinite total value product evaluate "
    "where terms term add up expression"
)


def read_sum(scan: Scan, _setting: Setting) -> Question | None:
    """`sum of k² from k = 1 to 10`, `∑_{n=0}^∞ 1/2^n`."""
    form = take_form(scan)
    signs = [part.node for part in scan.parts if isinstance(part.node, Series)]
    product = scan.cue(r"product")
    if not scan.cue(r"sum|summation|sigma|add up") and not signs and not product:
        return None
    if signs:
        if len(scan.rest("X")) != 1 or not scan.done(_SUM_EXTRA):
            return None
        return series_sum(signs[0], form)
    found = scan.take(
        r"(?:from|for|as|with|where|over|when) (?:R|R|S from E|S going from E|S = "
        r"E) (?:to|until|up to|through|till) E"
    )
    if found is None:
        found = scan.take(r"(?:for|from) S (?:from|between|in) E (?:to|and) E")
    nodes = scan.rest("E")
    if found is None or len(nodes) != 1 or not scan.done(_SUM_EXTRA):
        return None
    if isinstance(found[0], Relation):
        pair = found[0].sides
        index, low, high = pair[0], pair[1], found[1]
    else:
        index, low, high = found
    name = "i" if index == Const("i") else index.name if isinstance(index, Sym) else ""
    inner = bound_index(nodes[0], name)
    if not name or (free(inner) and name not in free(inner)):
        return None
    return series_sum(Series(inner, name, low, high, product), form)


def series_sum(node: Series, form: Form) -> Question:
    """A finite sum by its value, an infinite one by its limit, a general one by a formula."""
    names = sorted({*free(node.body), node.by, *free(node.low), *free(node.high)})
    kind = "Product" if node.product else "Sum"
    low, high = integer(node.low), integer(node.high)
    few = low is not None and high is not None and 0 <= high - low <= 12
    bounds = (
        f"({code.identifier(node.by)}, {code.expression(node.low)}, {code.expression(node.high)})"
    )
    lines = [
        code.symbols_line(names, "integer=True" if free(node) else ""),
        f"term = {code.exact(node.body)}",
        f"answer = simplify({kind}(term, {bounds}).doit())",
        f'print("{kind.lower()}:", answer)',
        report(
            answer="str(factor(answer))" if free(node) else "str(answer)",
            near="str(N(answer, 15))",
            terms=(
                f"[str(term.subs({code.identifier(node.by)}, k)) for k in range({low}, {high} + 1)]"
            )
            if few
            else "[]",
        ),
    ]
    shown = show.pretty(node)

    def explain(result: Result) -> Answer:
        steps: list[str] = []
        terms = [display(str(term)) for term in result.list("terms")]
        if terms:
            sign = " · " if node.product else " + "
            steps.append(
                f"The terms: {sign.join(t if not t.startswith('-') else f'({t})' for t in terms)}"
            )
        answer = result.text("answer")
        if answer in {"oo", "-oo", "zoo", "nan"}:
            return Answer((f"{shown} diverges.",), tuple(steps))
        if answer.startswith(("Sum", "Product")):
            return Answer(
                (f"No closed form was found; by number it is ≈ {result.text('near')}.",),
                tuple(steps),
            )
        text = values.value_text(answer, result.text("near"), form)
        return Answer((f"{shown} = {text}",), tuple(steps))

    return Question(
        kind="sum",
        title=(
            f"{'Product' if node.product else 'Sum'} of {show.pretty(node.body)} for "
            f"{node.by} = {show.pretty(node.low)} to {show.pretty(node.high)}"
        ),
        code=code.program(*lines),
        explain=explain,
        subject=node.body,
        value=node,
    )


READERS = (
    read_series,
    read_sum,
)
