"""Implicit differentiation: `dy/dx` of an equation between x and y."""

from __future__ import annotations

from typing import Final

from adapters.offline import code, show
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Rate, Relation, equation, free

_EXTRA: Final = wordset(
    "implicit implicitly differentiation derivative differentiate equation curve circle by using"
    " relation dy dx with respect x where if for when"
)


def read_implicit(scan: Scan, _setting: Setting) -> Question | None:
    """`dy/dx for x² + y² = 25`, `use implicit differentiation on …`."""
    take_form(scan)
    cue = scan.cue(
        r"implicit(?:ly)? (?:differentiation|differentiate|derivative)|implicitly|implicit"
    )
    cue = scan.cue(r"derivatives?|differentiate|differentiation") or cue
    scan.take(r"with respect to S")
    rates = [node for node in scan.rest("C") if isinstance(node, Rate)]
    nodes = scan.rest("X")
    if not (cue or rates) or len(nodes) != 1 or not scan.done(_EXTRA):
        return None
    relation = nodes[0]
    pair = equation(relation)
    if pair is None or body(relation) is not relation or free(relation) != ("x", "y"):
        return None
    if any((rate.name, rate.by, rate.order) != ("y", "x", 1) for rate in rates):
        return None
    left, right = pair
    lines = [
        code.symbols_line(["x", "y"]),
        f"equation = {code.exact(left)} - ({code.exact(right)})",
        "slope = simplify(idiff(equation, y, x))",
        'print("dy/dx =", slope)',
        report(slope="str(slope)", across="str(diff(equation, x))", along="str(diff(equation, y))"),
    ]

    def explain(result: Result) -> Answer:
        steps = (
            "Differentiate both sides with respect to x; y depends on x, so each y brings a dy/dx.",
            f"That gives {result.show('across')} + ({result.show('along')})·dy/dx = 0.",
            "Solve for dy/dx.",
        )
        return Answer((f"dy/dx = {result.show('slope')}",), steps)

    return Question(
        kind="implicit",
        title=f"dy/dx for {show.pretty(Relation(pair, ('=',)))}",
        code=code.program(*lines),
        explain=explain,
        subject=relation,
    )


READERS = (read_implicit,)
