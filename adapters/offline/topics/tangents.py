"""Tangent and normal lines."""

from __future__ import annotations

from adapters.offline import code, show
from adapters.offline.form import Form
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.derivatives import EXTRA, take_point
from adapters.offline.topics.differentiating import made_wish
from adapters.offline.tree import (
    free,
)


def read_tangent(scan: Scan, _setting: Setting) -> Question | None:
    """`equation of the tangent line to y = x² at x = 1`."""
    normal = scan.cue(r"normal(?: line)?")
    tangent = scan.cue(r"tangent(?: line)?s?|line tangent")
    if not (normal or tangent) or scan.has(r"slope|gradient"):
        return None
    scan.cue(r"equation of|equation for|equation")
    point = take_point(scan)
    nodes = scan.rest("X")
    if len(nodes) != 1 or point is None or not scan.done(EXTRA):
        return None
    wish = made_wish(nodes[0], None, 1, point, Form())
    if wish is None or len(wish.point) != 1 or len(free(wish.function)) != 1:
        return None
    letter, place = code.identifier(wish.by), wish.point[0][1]
    which = "normal" if normal else "tangent"
    slope = "-1/slope" if normal else "slope"
    lines = [
        code.symbols_line([wish.by]),
        f"f = {code.exact(wish.function)}",
        f"a = {code.exact(place)}",
        f"height = f.subs({letter}, a)",
        f"slope = diff(f, {letter}).subs({letter}, a)",
        f"line = expand(simplify({slope})*({letter} - a) + height)",
        f'print("{which} line: y =", line)',
        report(
            line="str(line)",
            slope="str(simplify(slope))",
            height="str(simplify(height))",
            derivative=f"str(diff(f, {letter}))",
        ),
    ]

    def explain(result: Result) -> Answer:
        at = show.pretty(place)
        steps = [
            f"The point on the curve: f({at}) = {result.show('height')}",
            f"The derivative: f'({wish.by}) = {result.show('derivative')}",
            f"The slope there: f'({at}) = {result.show('slope')}",
        ]
        if normal:
            steps.append("The normal is perpendicular: its slope is -1 divided by that.")
        return Answer((f"y = {result.show('line')}",), tuple(steps))

    return Question(
        kind="tangent",
        title=(
            f"{which.capitalize()} line to y = {show.pretty(wish.function)} at "
            f"{wish.by} = {show.pretty(place)}"
        ),
        code=code.program(*lines),
        explain=explain,
        subject=wish.function,
    )


READERS = (read_tangent,)
