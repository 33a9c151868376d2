"""Quadratic functions: vertex, axis, discriminant."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import code, show
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.polynomial import degree, polynomial, tree
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.tree import Node, Relation, free, sub

_CUES: Final = (
    (r"vertex(?: form)?|vertices|turning point", "vertex"),
    (r"axis of symmetry|symmetry axis|line of symmetry|axis symmetry", "axis"),
    (r"discriminant", "discriminant"),
)
_EXTRA: Final = wordset(
    "parabola function quadratic equation curve graph expression coordinates "
    "y f x polynomial point give its"
)


def read_quadratic(scan: Scan, _setting: Setting) -> list[Question] | None:
    """`vertex of y = x² - 4x + 1`, `discriminant of x² + x + 1`."""
    take_form(scan)
    wanted = [name for cue, name in _CUES if scan.cue(cue)]
    nodes = scan.rest("X")
    if not wanted or len(nodes) != 1 or not scan.done(_EXTRA):
        return None
    node = body(nodes[0])
    if isinstance(node, Relation):
        if node.ops != ("=",):
            return None
        node = sub(*node.sides)
    name = variable(node)
    if name is None or len(free(node)) != 1:
        return None
    poly = polynomial(node, name)
    if poly is None or degree(poly) != 2:
        return None
    return [_question(kind, poly, name, node) for kind in wanted]


def _question(kind: str, poly: dict[int, Fraction], name: str, node: Node) -> Question:
    letter = code.identifier(name)
    lines = [
        code.symbols_line([name]),
        f"f = {code.exact(node)}",
        f"a, b, c = [Poly(f, {letter}).coeff_monomial({letter}**k) for k in (2, 1, 0)]",
        "h = -b/(2*a)",
        f"k = f.subs({letter}, h)",
        "d = b**2 - 4*a*c",
        'print("vertex:", (h, k), " discriminant:", d)',
        report(h="str(h)", k="str(k)", d="str(d)", a="str(a)", b="str(b)", c="str(c)"),
    ]

    def explain(result: Result) -> Answer:
        h, k, d = result.show("h"), result.show("k"), result.show("d")
        first = f"a = {result.show('a')}, b = {result.show('b')}, c = {result.show('c')}"
        if kind == "discriminant":
            value = Fraction(result.text("d"))
            many = (
                "two real roots"
                if value > 0
                else "one double root"
                if value == 0
                else "no real root, two complex ones"
            )
            return Answer(
                (f"discriminant = {d}", f"so there {'is' if value == 0 else 'are'} {many}"),
                (first, "b² - 4ac"),
            )
        steps = (first, f"The axis is {name} = -b/(2a) = {h}.")
        if kind == "axis":
            return Answer((f"{name} = {h}",), steps)
        kind_text = "lowest" if Fraction(result.text("a")) > 0 else "highest"
        return Answer(
            (f"vertex ({h}, {k})",),
            (*steps, f"Put it in: f({h}) = {k}. It is the {kind_text} point."),
        )

    titles = {"vertex": "Vertex", "axis": "Axis of symmetry", "discriminant": "Discriminant"}
    return Question(
        kind=kind,
        title=f"{titles[kind]} of {show.pretty(tree(poly, name))}",
        code=code.program(*lines),
        explain=explain,
        subject=node,
    )


READERS = (read_quadratic,)
