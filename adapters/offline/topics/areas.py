"""The area that two curves enclose."""

from __future__ import annotations

from adapters.offline import code, show, values
from adapters.offline.form import Form
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import body
from adapters.offline.topics.common import report
from adapters.offline.topics.logs import natural_logs
from adapters.offline.tree import (
    Diff,
    Listing,
    Node,
    Relation,
    free,
    sub,
)


def enclosed_area(
    nodes: tuple[Node, ...], by: str | None, bounds: tuple[Node, Node] | None, form: Form
) -> list[Question] | None:
    """The area that two curves enclose."""
    first, second = (natural_logs(body(node)) for node in nodes)
    if any(isinstance(node, Relation | Listing | Diff) for node in (first, second)):
        return None
    names = set(free(first)) | set(free(second))
    if len(names) != 1:
        return None
    name = by or names.pop()
    letter = code.identifier(name)
    lines = [
        code.symbols_line([name], "real=True"),
        f"f = {code.exact(first)}",
        f"g = {code.exact(second)}",
    ]
    if bounds is None:
        lines += [
            f"crossings = sorted(solve(f - g, {letter}), key=lambda s: N(s))",
            'print("the curves meet at", crossings)',
            "edges = crossings",
        ]
    else:
        low, high = (code.exact(bound) for bound in bounds)
        lines += [
            (
                f"edges = sorted({{{low}, {high}}} | {{s for s in solve(f - g, {letter}) "
                f"if {low} < s < {high}}}, key=lambda s: N(s))"
            ),
        ]
    lines += [
        f"area = sum(abs(integrate(f - g, ({letter}, p, q))) for p, q in zip(edges, edges[1:]))",
        "area = simplify(area)",
        'print("area:", area)',
        report(area="str(area)", near="str(N(area, 30))", edges="[str(e) for e in edges]"),
    ]

    def explain(result: Result) -> Answer:
        edges = [str(edge) for edge in result.list("edges")]
        if len(edges) < 2:
            return Answer(("The curves do not enclose a region.",))
        steps = (
            f"The region reaches over {name} = {', '.join(map(display, edges))}.",
            f"Integrate the distance |{show.pretty(sub(first, second))}| between them.",
        )
        text = values.value_text(result.text("area"), result.text("near"), form)
        return Answer((f"Area {text}" if text.startswith("≈") else f"Area = {text}",), steps)

    return [
        Question(
            kind="integral",
            title=f"Area between {show.pretty(first)} and {show.pretty(second)}",
            code=code.program(*lines),
            explain=explain,
            subject=sub(first, second),
        )
    ]
