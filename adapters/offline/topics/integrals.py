"""Integrals: antiderivatives, definite ones, areas under and between curves, mean values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from adapters.offline import code, show, values
from adapters.offline.explain import rules
from adapters.offline.form import PLAIN, Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.areas import enclosed_area
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    ZERO,
    Apply,
    Call,
    Integral,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    free,
    is_constant,
    walk,
)

_CUE: Final = (
    r"integrals?|integrate|integrated|integrating|integration|"
    r"antiderivatives?|anti derivatives?|antidifferentiate|primitive(?: "
    r"function)?|indefinite|definite|stammfunktion"
)
_AREA: Final = (
    r"(?:area|region) (?:of region )?(?:under|below|beneath|bounded by|"
    r"enclosed by|between|under(?:neath)?|of|that lies under)"
)
_EXTRA: Final = wordset(
    "function curve graph respect variable x t y f constant limits bounds "
    "interval region xaxis axis given let be c"
    " exact lower upper limit bound line lines expression by evaluated "
    "general d over area parts including plus substitution"
    " trig improper if when simplify against its dx dt dy du int"
)
_BOUNDS: Final = (
    (
        r"(?:(?:with limits|with bounds|limits|bounds|evaluated|on interval|for|"
        r"over interval|over|on|in|going|where|with) )?(?:(?:S|x values) "
        r")?(?:from |= )?(?:R|E) (?:to|until|till|up to|through|\.\.\.) (?:S = "
        r")?(?:R|E)"
    ),
    (
        r"(?:between|with limits|with bounds|limits|bounds) (?:limits |bounds |"
        r"lines |S = )?(?:R|E) (?:and|to|,) (?:S = )?(?:R|E)"
    ),
    r"(?:from )?N to N",
    r"(?:with )?lower (?:limit|bound) (?:of |= )?N ,? ?(?:and )?upper (?:limit|bound) (?:of |= )?N",
    r"(?:on|over|in|for|of)(?: (?:closed )?(?:interval|range|domain))? L",
    r"(?:interval) L",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """One integral that is asked for."""

    function: Node
    by: str
    low: Node | None = None
    high: Node | None = None
    area: bool = False
    mean: bool = False
    form: Form = PLAIN


def read_integral(scan: Scan, _setting: Setting) -> list[Question] | None:
    """`integrate x²`, `∫_0^1 x² dx`, `area under y = x² from 0 to 3`, `average value of …`."""
    form = take_form(scan)
    mean = scan.cue(r"(?:average|mean) value(?: of)?(?: function)?")
    area = scan.cue(_AREA)
    calculus = any(
        isinstance(body(part.node), Integral) for part in scan.parts if part.node is not None
    )
    if not (scan.cue(_CUE) or area or mean or calculus or scan.cue("int")):
        return None
    bounds = _bounds(scan)
    by = _by(scan)
    nodes = scan.rest("X")
    if area and bounds is None and len(nodes) == 1 and "xaxis" in {p.text for p in scan.parts}:
        nodes = (nodes[0], ZERO)
    if (
        not nodes
        or not scan.done(_EXTRA)
        or ((mean or area) and bounds is None and len(nodes) < 2 and not calculus)
    ):
        return None
    if area and len(nodes) == 2:
        return enclosed_area(nodes, by, bounds, form)
    if area and any(is_constant(node) for node in nodes):
        return None
    if scan.has("from|between") or (len(nodes) > 1 and any(map(is_constant, nodes))):
        return None
    wishes: list[Wish] = []
    for node in nodes:
        wish = _wish(node, by, bounds, form)
        if wish is None or (mean and wish.low is None):
            return None
        wishes.append(replace(wish, area=area, mean=mean))
    return [integral(wish) for wish in wishes]


def _bounds(scan: Scan) -> tuple[Node, Node] | None:
    for pattern in _BOUNDS:
        found = scan.take(pattern)
        if found is None:
            continue
        if isinstance(found[-1], Listing):
            items = found[-1].items
            if len(items) == 2 and all(map(is_constant, items)):
                return items[0], items[1]
            scan.spoil()
            return None
        low, high = (_bound(node) for node in found[-2:])
        if low is not None and high is not None:
            return low, high
        scan.spoil()
        return None
    return None


def _bound(node: Node) -> Node | None:
    """`0`, or the `0` of `x = 0`; a letter is fine, a relation of another kind is not."""
    if isinstance(node, Relation):
        if node.ops == ("=",) and isinstance(node.sides[0], Sym):
            return node.sides[1]
        return None
    return node


def _by(scan: Scan) -> str | None:
    found = scan.take(r"(?:with respect to|respect to|in terms of|wrt|over|for) (?:variable )?S")
    if found and isinstance(found[0], Sym):
        return found[0].name
    differential = scan.word(r"d[xytuvrsz]")
    return differential[1:] if differential else None


def _wish(node: Node, by: str | None, bounds: tuple[Node, Node] | None, form: Form) -> Wish | None:
    function = body(node)
    low, high = bounds or (None, None)
    if isinstance(function, Integral):
        if function.low is not None and bounds is not None:
            return None
        by = function.by
        low, high = (function.low, function.high) if function.low is not None else (low, high)
        function = function.body
    if isinstance(function, Relation | Listing | Rate | Apply):
        return None
    letter = by or variable(function)
    if letter is None:
        if not is_constant(function):
            return None
        letter = "x"
    return Wish(natural_logs(function), letter, low, high, form=form)


def integral(wish: Wish) -> Question:
    """The code and the explanation of one integral."""
    letter = code.identifier(wish.by)
    names = sorted(
        {
            *free(wish.function),
            wish.by,
            *(n for b in (wish.low, wish.high) if b is not None for n in free(b)),
        }
    )
    lines = [
        code.symbols_line(names),
        f"f = {code.exact(wish.function)}",
        f"antiderivative = integrate(f, {letter})",
    ]
    if any(isinstance(part, Call) for part in walk(wish.function)):
        lines.append(
            "antiderivative = min(antiderivative, simplify(antiderivative), "
            "key=lambda form: form.count_ops())"
        )

    entries = {
        "antiderivative": "str(antiderivative)",
        "failed": "bool(antiderivative.has(Integral))",
    }
    if wish.low is None or wish.high is None:
        lines += [
            'print("antiderivative:", antiderivative)',
            f"check = simplify(diff(antiderivative, {letter}) - f)",
            'print("derivative minus f:", check)',
        ]
        entries["check"] = "str(check)"
    else:
        low, high = code.expression(wish.low), code.expression(wish.high)
        inner = "Abs(f)" if wish.area else "f"
        lines += [
            f"value = simplify(integrate({inner}, ({letter}, {low}, {high})))",
            "if value.has(Integral):  # no formula: work it out by number",
            f"    value = Integral({inner}, ({letter}, {low}, {high})).evalf(15)",
        ]
        if wish.mean:
            lines.append(f"value = simplify(value/({high} - ({low})))")
        lines.append('print("value:", value)')
        entries |= {
            "value": "str(value)",
            "near": "str(N(value, 30))",
            "signed": f"str(simplify(integrate(f, ({letter}, {low}, {high}))))"
            if wish.area
            else "str(value)",
        }
    if wish.area:
        lines[0] = code.symbols_line(names, "real=True")
    lines.append(report(**entries))

    def again(node: Node) -> Question | None:
        if isinstance(node, Sym) and node.name in free(wish.function):
            return integral(replace(wish, by=node.name))
        bounds = (wish.low, wish.high) if wish.low is not None and wish.high is not None else None
        made = _wish(node, None, bounds, wish.form)
        return integral(made) if made is not None and not is_constant(node) else None

    return Question(
        kind="integral",
        title=_title(wish),
        code=code.program(*lines),
        explain=lambda result: _concluded(wish, result),
        subject=wish.function,
        value=Integral(wish.function, wish.by, wish.low, wish.high),
        again=again,
    )


def _title(wish: Wish) -> str:
    shown, letter = show.pretty(wish.function), show.pretty(Sym(wish.by))
    if wish.low is None or wish.high is None:
        return f"Integral of {shown} with respect to {letter}"
    bounds = f"from {show.pretty(wish.low)} to {show.pretty(wish.high)}"
    if wish.mean:
        return f"Average value of {shown}, {letter} {bounds}"
    if wish.area:
        return f"Area between {shown} and the axis, {letter} {bounds}"
    return f"Integral of {shown}, {letter} {bounds}"


def _concluded(wish: Wish, result: Result) -> Answer:
    steps = list(rules.integral(wish.function, wish.by))
    failed = result.text("failed") == "True"
    letter = show.pretty(Sym(wish.by))
    sign = show.pretty(Integral(wish.function, wish.by, wish.low, wish.high))
    if wish.low is None or wish.high is None:
        if failed:
            return Answer(("No antiderivative in known functions was found.",))
        if result.text("check") == "0":
            steps.append(
                f"Check: the derivative of {result.show('antiderivative')} is "
                f"{show.pretty(wish.function)} ✓"
            )
        constant = "C" if "C" not in free(wish.function) else "K"
        return Answer((f"{sign} = {result.show('antiderivative')} + {constant}",), tuple(steps))
    if not failed:
        steps.append(f"An antiderivative: F({letter}) = {result.show('antiderivative')}")
        if not wish.area and not wish.mean:
            steps.append(f"The value is F({show.pretty(wish.high)}) - F({show.pretty(wish.low)}).")
    value = result.text("value")
    if value in {"oo", "-oo", "zoo", "nan"}:
        return Answer(("The integral diverges: it has no finite value.",), tuple(steps))
    text = values.value_text(value, result.text("near"), wish.form)
    notes: list[str] = []
    if wish.area and result.text("signed") != value:
        notes.append(
            "Parts below the axis count as positive area; the plain integral is "
            f"{result.show('signed')}."
        )
    head = "Average value" if wish.mean else "Area" if wish.area else sign
    if wish.mean:
        steps.append("Divide the integral by the length of the interval.")
    joined = f"{head} {text}" if text.startswith("≈") else f"{head} = {text}"
    return Answer((joined,), tuple(steps), tuple(notes))


READERS = (read_integral,)
