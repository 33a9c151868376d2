"""Inequalities: one, a chain of them, or two joined by `and` or `or`."""

from __future__ import annotations

from typing import Any, Final

from adapters.offline import code, show
from adapters.offline.explain import linear
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, decimal, display
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Node, Relation, Sym, free

_EXTRA: Final = wordset(
    "solve inequality inequalities inequation inequations solving solution "
    "set interval notation values value"
    " which where range linear quadratic rational compound double real "
    "number numbers x y satisfy satisfies for"
    " all any true hold holds such system or when if over variable unknown absolute"
)


def read_inequality(scan: Scan, _setting: Setting) -> Question | None:
    """`solve 2x + 3 < 7`, `x² > 4`, `-3 < 2x + 1 ≤ 5`, `x > 1 or x < -2`."""
    take_form(scan)
    scan.cue(
        r"(?:give|write|express|state|in|using|with) (?:answer |it |solution "
        r")*(?:in |using )?(?:interval|set builder|inequality) notation"
    )
    joined_or = scan.has(r"R ,? ?or R")
    relations = scan.rest("R")
    others = scan.rest("E")
    if not relations or any(not isinstance(node, Sym) for node in others) or not scan.done(_EXTRA):
        return None
    pairs: list[Relation] = []
    for node in relations:
        if not isinstance(node, Relation) or any(op == "=" for op in node.ops):
            return None
        for op, low, high in zip(node.ops, node.sides, node.sides[1:], strict=False):
            pairs.append(Relation((low, high), (op,)))
    names = sorted({name for pair in pairs for name in free(pair)})
    targets = {node.name for node in others if isinstance(node, Sym)}
    if len(names) != 1 or targets - set(names):
        return None
    return inequality(tuple(relations), pairs, names[0], joined_or=joined_or)


def inequality(
    relations: tuple[Node, ...], pairs: list[Relation], name: str, *, joined_or: bool
) -> Question:
    """The set of solutions, as bounds and in interval notation."""
    letter = code.identifier(name)
    sets = [f"solveset({code.expression(pair)}, {letter}, S.Reals)" for pair in pairs]
    joined = (
        f"{'Union' if joined_or else 'Intersection'}({', '.join(sets)})"
        if len(sets) > 1
        else sets[0]
    )
    lines = [
        code.symbols_line([name], "real=True"),
        f"solution = {joined}",
        'print("solution set:", solution)',
        "parts = solution.args if isinstance(solution, Union) else [solution]",
        "pieces = []",
        "for part in parts:",
        "    if isinstance(part, Interval):",
        (
            "        pieces.append([str(part.start), str(part.end), "
            "bool(part.left_open), bool(part.right_open), str(N(part.start, 8)), "
            "str(N(part.end, 8))])"
        ),
        "    elif isinstance(part, FiniteSet):",
        (
            "        pieces.extend([str(p), str(p), False, False, str(N(p, 8)), "
            "str(N(p, 8))] for p in part)"
        ),
        report(pieces="pieces", empty="bool(solution.is_empty)", text="str(solution)"),
    ]
    word = " or " if joined_or else " and "
    shown = word.join(map(show.pretty, relations))

    def explain(result: Result) -> Answer:
        steps: tuple[str, ...] = ()
        if len(pairs) == 1:
            left, right = pairs[0].sides
            steps = linear.steps(left, right, pairs[0].ops[0], name)
        if result.text("empty") == "True":
            return Answer(("There is no real solution.",), steps)
        pieces: list[Any] = result.list("pieces")
        if not pieces:
            return Answer((f"Solution set: {display(result.text('text'))}",), steps)
        pieces.sort(key=lambda piece: float(str(piece[4]).replace("oo", "inf")))
        if not steps:
            steps = (
                "Find where both sides are equal, then test the stretches between those points.",
            )
        bounds = " or ".join(bounds_text(piece, show.pretty(Sym(name))) for piece in pieces)
        intervals = " ∪ ".join(map(interval_text, pieces))
        return Answer((bounds, f"In interval notation: {intervals}"), steps)

    return Question(
        kind="inequality",
        title=f"Solve {shown} for {show.pretty(Sym(name))}",
        code=code.program(*lines),
        explain=explain,
        subject=relations[0],
        again=lambda node: (
            inequality(
                (node,),
                [
                    Relation((a, b), (op,))
                    for op, a, b in zip(node.ops, node.sides, node.sides[1:], strict=False)
                ],
                free(node)[0],
                joined_or=False,
            )
            if isinstance(node, Relation) and len(free(node)) == 1 and "=" not in node.ops
            else None
        ),
    )


def _near(exact: str, approx: str) -> str:
    shown = display(exact)
    plain = exact.lstrip("-").isdigit()
    return shown if plain or "oo" in exact else f"{shown} (≈ {decimal(approx)})"


def bounds_text(piece: Any, letter: str) -> str:
    """`-2 < x ≤ 5`, of one stretch of a solution set."""
    low, high, left_open, right_open, low_near, high_near = piece
    if low == high:
        return f"{letter} = {_near(low, low_near)}"
    if low == "-oo" and high == "oo":
        return f"every real {letter}"
    if low == "-oo":
        return f"{letter} {'<' if right_open else '≤'} {_near(high, high_near)}"
    if high == "oo":
        return f"{letter} {'>' if left_open else '≥'} {_near(low, low_near)}"
    first = f"{_near(low, low_near)} {'<' if left_open else '≤'} {letter}"
    return f"{first} {'<' if right_open else '≤'} {_near(high, high_near)}"


def interval_text(piece: Any) -> str:
    """`(-2, 5]`, of the same."""
    low, high, left_open, right_open, *_ = piece
    if low == high:
        return f"{{{display(low)}}}"
    return f"{'(' if left_open else '['}{display(low)}, {display(high)}{')' if right_open else ']'}"


READERS = (read_inequality,)
