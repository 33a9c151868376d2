"""Plots of curves, of implicit equations, of points."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import arrays, code, show
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, decimal
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.figures import implicit_plot, point_plot
from adapters.offline.tree import (
    PI,
    ZERO,
    Apply,
    Call,
    Diff,
    Integral,
    Listing,
    Neg,
    Node,
    Num,
    Relation,
    Sym,
    call,
    equation,
    free,
    is_constant,
    mul,
    number,
    walk,
)

_CUE: Final = (
    r"plot|plots|plotting|plotted|graph|graphs|graphing|graphed|draw|drawing|"
    r"drawn|sketch|sketching|chart|visuali[sz]e|diagram|picture|"
    r"visuali[sz]ation|looks? like|show curve|see curve"
)
_EXTRA: Final = wordset(
    "plot graph curve curves function functions line lines parabola both "
    "same axes axis together one y x f coordinate plane"
    " system set grid figure over range domain interval window values "
    "against xaxis yaxis versus vs let trig create generate"
    " produce make circle ellipse hyperbola cartesian looks image behaviour "
    "behavior between shape linear quadratic cubic"
    " equation points point nice separate where all each when using "
    "matplotlib on single labelled colours"
)
_RANGE: Final = (
    r"(?:from )?N to N",
    (
        r"(?:(?:for|with|on|over|in|where|when|using|as|and) )?(?:(?:x|S|values|"
        r"xvalues|x values|xaxis|x axis|domain|range|interval|window) )*(?:of |is "
        r"|goes |going |going |ranging |in |= |running |runs |varying |varies "
        r")*(?:from|between|range) (?:S = )?(?:R|E) (?:to|and|until|through|up "
        r"to) (?:S = )?(?:R|E)"
    ),
    (
        r"(?:(?:for|with|on|over|in|where) )?(?:S )?(?:in |on |over "
        r")?(?:(?:interval|domain|range|window|xrange) )?(?:of )?L"
    ),
    r"(?:for|with|in|on|over|where|range|domain) (?:S = )?(?:N|R) (?:to|\.\.\.|until) N",
    r"(?:where|for|with|when|if|on|over|domain)? ?R",
)


def read_plot(scan: Scan, _setting: Setting) -> Question | None:
    """`plot y = x² from -3 to 3`, `graph sin x and cos x`, `sketch x² + y² = 9`."""
    take_form(scan)
    if not scan.cue(_CUE):
        return None
    scan.cue(
        r"(?:and |with )?(?:label|labels|labelled|labeled|title|legend)(?: on)?(?: axes| axis)?"
    )
    marks = scan.cue(
        r"(?:with|showing|and mark|marking|including|and show|indicating) (?:its |their |all )*"
        r"(?:roots|zeros|zeroes|xintercepts|intercepts|x intercepts)"
    )
    slope = scan.cue(r"(?:and|with|together with|along with) (?:its |their )?(?:first )?derivative")
    named = scan.word(r"(?:sin|cos|tan|exp|ln|sqrt) (?:wave|curve|function|graph|waves)")
    points = _points(scan)
    window = None if points else _window(scan)
    nodes = scan.rest("X")
    if named:
        nodes = (*nodes, call(named.split()[0], Sym("x")))
    if not nodes or not scan.done(_EXTRA):
        return None
    if points:
        return point_plot(nodes)
    curves: list[Node] = []
    implicit: list[Relation] = []
    for node in nodes:
        inner = _sides_as_curves(body(node))
        if isinstance(inner, tuple):
            curves.extend(inner)
        elif isinstance(inner, Relation):
            implicit.append(inner)
        else:
            curves.append(inner)
    if implicit and curves:
        implicit += [Relation((Sym("y"), curve), ("=",)) for curve in curves]
    if implicit:
        return implicit_plot(implicit, window)
    return plot(tuple(curves), window, roots=marks, slope=slope)


def _sides_as_curves(node: Node) -> Node | tuple[Node, ...]:
    """An equation in x alone is shown by its sides; `x = 3` is a line of its own."""
    pair = equation(node)
    if pair is None or len(free(node)) != 1 or isinstance(pair[0], Sym):
        return node
    return (pair[0],) if pair[1] == ZERO else pair


def _points(scan: Scan) -> bool:
    lists = [part.node for part in scan.parts if isinstance(part.node, Listing)]
    others = [part for part in scan.parts if part.node is not None and part.letter != "L"]
    plain = all(len(node.items) == 2 and all(map(is_constant, node.items)) for node in lists)
    return bool(lists) and not others and plain


def _window(scan: Scan) -> tuple[Node, Node] | None:
    for pattern in _RANGE[:4]:
        found = scan.take(pattern)
        if found is None:
            continue
        pair: tuple[Node, ...] = found[-2:]
        if isinstance(found[-1], Listing):
            pair = found[-1].items
        bounds = tuple(node.sides[1] if isinstance(node, Relation) else node for node in pair)
        if len(bounds) == 2 and all(map(is_constant, bounds)):
            return bounds[0], bounds[1]
        scan.spoil()
        return None
    for index, part in enumerate(scan.parts):
        node = part.node
        if isinstance(node, Relation) and len(node.ops) == 2 and f"⟨R{index}⟩" in scan.text:
            low, middle, high = node.sides
            if isinstance(middle, Sym) and is_constant(low) and is_constant(high):
                scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
                return (low, high) if node.ops[0][0] == "<" else (high, low)
    return None


def plot(
    curves: tuple[Node, ...],
    window: tuple[Node, Node] | None,
    *,
    roots: bool = False,
    slope: bool = False,
) -> Question | None:
    """Curves `y = f(x)` over one window."""
    names = sorted({name for curve in curves for name in free(curve)})
    if len(names) > 1 or len(curves) > 6:
        return None
    if any(
        isinstance(p, Apply | Diff | Integral | Relation | Listing) for c in curves for p in walk(c)
    ):
        return None
    name = names[0] if names else "x"
    low, high = window or _usual_window(curves)
    letter = code.identifier(name)
    try:
        drawn = [arrays.expression(curve) for curve in curves]
        edges = [arrays.expression(edge) for edge in (low, high)]
    except code.Unwritable:
        return None
    lines = [
        "import json",
        "import matplotlib.pyplot as plt",
        "import numpy as np",
        "",
        f"{letter} = np.linspace({edges[0]}, {edges[1]}, 1201)",
        "low, high = [], []",
        'with np.errstate(all="ignore"):',
    ]
    for index, (curve, text) in enumerate(zip(curves, drawn, strict=True), start=1):
        label = show.pretty(curve).replace("\\", "").replace('"', "")
        lines += [
            f"    y{index} = np.where(np.isfinite({text}), {text}, np.nan) + 0*{letter}",
            (
                f"    y{index}[np.abs(y{index}) > 50*(1 + "
                f"np.nanmedian(np.abs(y{index})))] = np.nan  # leave gaps at poles"
            ),
            f'    plt.plot({letter}, y{index}, label="y = {label}")',
            f"    low.append(float(np.nanmin(y{index})))",
            f"    high.append(float(np.nanmax(y{index})))",
        ]
        if slope:
            lines += [
                f'    plt.plot({letter}, np.gradient(y{index}, {letter}), "--", label="derivative")'
            ]
        if roots:
            lines += [
                f"    turns = np.flatnonzero(np.diff(np.sign(y{index})) != 0)",
                f'    plt.plot({letter}[turns], 0*{letter}[turns], "o", label="roots")',
            ]
    lines += [
        'plt.axhline(0, color="gray", linewidth=0.8)',
        'plt.axvline(0, color="gray", linewidth=0.8)',
        "plt.grid(True, alpha=0.3)",
        f'plt.xlabel("{letter}")',
        "plt.legend()",
        "plt.show()",
        report(low="low", high="high"),
    ]
    shown = " and ".join(f"y = {show.pretty(curve)}" for curve in curves)
    bounds = f"for {show.pretty(Sym(name))} from {show.pretty(low)} to {show.pretty(high)}"

    def explain(result: Result) -> Answer:
        notes = () if window else ("No range was given, so I chose one.",)
        steps: list[str] = []
        for curve, least, most in zip(curves, result.list("low"), result.list("high"), strict=True):
            steps.append(
                f"y = {show.pretty(curve)}: on this range from about "
                f"{decimal(f'{least:.4g}')} to about {decimal(f'{most:.4g}')}."
            )
        return Answer((f"The plot of {shown} {bounds} is drawn.",), tuple(steps), notes)

    return Question(
        kind="plot",
        title=f"Plot {shown} {bounds}",
        code="\n".join(lines) + "\n",
        explain=explain,
        subject=next(iter(curves)),
        again=lambda node: plot((body(node),), window) if not is_constant(node) else None,
    )


def _usual_window(curves: tuple[Node, ...]) -> tuple[Node, Node]:
    calls = {part.name for curve in curves for part in walk(curve) if isinstance(part, Call)}
    if calls & {"sin", "cos", "tan", "sec", "csc", "cot"}:
        turn = mul(Num(Fraction(2)), PI)
        return Neg(turn), turn
    if calls & {"ln", "log", "sqrt"}:
        return Neg(number(1)), number(10)
    return Neg(number(5)), number(5)


READERS = (read_plot,)
