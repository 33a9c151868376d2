"""Comparisons of numbers, true and false, ratios."""

from __future__ import annotations

import math
from fractions import Fraction

from adapters.offline import closed, code, show
from adapters.offline.question import Answer, Question, Result, decimal
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import (
    Node,
    Num,
    Relation,
    is_constant,
)


def read_comparison(scan: Scan, _setting: Setting) -> Question | None:
    """`which is bigger, 3/4 or 2/3?`, `is 0.3 greater than 1/3?`, `is 2 + 2 = 5?`"""
    most = scan.word(
        r"(?:which|what)(?: one| number| fraction)?(?: is| of)?(?: \w+)? "
        r"(?:bigger|larger|greater|biggest|largest|greatest|smaller|smallest|"
        r"lesser|less|lower)"
    )
    compared = scan.cue(r"compare")
    claimed = (
        scan.take(r"N is (?:equal to )?N") if scan.has("right|correct|true|wrong|false") else None
    )
    if claimed:
        fine = scan.done({"true", "false", "wrong", "correct", "right", "or"})
        return truth(Relation(claimed, ("=",))) if fine and not scan.has("X") else None
    nodes = scan.rest("N")
    if compared and len(nodes) >= 2 and scan.done({"numbers", "fractions", "or"}):
        return _which(nodes, smallest=False)
    if (
        most
        and len(nodes) >= 2
        and scan.done(
            {"or", "number", "fraction", "one", "numbers", "fractions", "than", "two", "between"}
        )
    ):
        return _which(nodes, smallest=any(w in most for w in ("small", "less", "lower")))
    if most or nodes:
        return None
    relations = scan.rest("R")
    if len(relations) != 1 or not scan.done(
        {"true", "false", "or", "correct", "whether", "if", "statement", "inequality"}
    ):
        return None
    relation = relations[0]
    if not isinstance(relation, Relation) or not all(is_constant(side) for side in relation.sides):
        return None
    return truth(relation)


def _which(nodes: tuple[Node, ...], *, smallest: bool) -> Question:
    word, function = ("smallest", "min") if smallest else ("largest", "max")
    lines = [
        code.symbols_line(code.letters(*nodes)),
        f"numbers = [{', '.join(code.exact(node) for node in nodes)}]",
        f"index = numbers.index({function}(numbers, key=N))",
        f'print("the {word} one is", numbers[index])',
        report(index="index", decimals="[str(N(item, 12)) for item in numbers]"),
    ]

    def conclude(index: int, decimals: list[str]) -> Answer:
        steps = tuple(
            f"{show.pretty(node)} = {decimal(text)}"
            for node, text in zip(nodes, decimals, strict=True)
        )
        return Answer((f"{show.pretty(nodes[index])} is the {word}.",), steps)

    def explain(result: Result) -> Answer:
        return conclude(int(result.text("index")), [str(item) for item in result.list("decimals")])

    def by_hand() -> Answer | None:
        try:
            near = [closed.approximate(node) for node in nodes]
        except (closed.NotRational, closed.Undefined):
            return None
        best = (min if smallest else max)(near)
        return conclude(near.index(best), [str(item) for item in near])

    title = f"Which is the {word}: {', '.join(map(show.pretty, nodes))}"
    return Question(
        kind="compare", title=title, code=code.program(*lines), explain=explain, closed=by_hand
    )


def truth(relation: Relation) -> Question:
    """Whether a relation between numbers holds."""
    parts = [
        f"simplify({code.expression(a)} - ({code.expression(b)})) {'==' if op == '=' else op} 0"
        for op, a, b in zip(relation.ops, relation.sides, relation.sides[1:], strict=False)
    ]
    lines = [
        code.symbols_line(code.letters(*relation.sides)),
        f"holds = bool({' and '.join(parts)})",
        'print("holds:", holds)',
        report(
            holds="holds",
            sides=f"[str(N(side, 12)) for side in ({', '.join(map(code.exact, relation.sides))})]",
        ),
    ]

    def conclude(holds: bool, sides: list[str]) -> Answer:
        steps = tuple(
            f"{show.pretty(node)} = {decimal(text)}"
            for node, text in zip(relation.sides, sides, strict=True)
            if not isinstance(node, Num)
        )
        verdict = "true" if holds else "false"
        return Answer((f"{show.pretty(relation)} is {verdict}.",), steps)

    def explain(result: Result) -> Answer:
        return conclude(result.text("holds") == "True", [str(s) for s in result.list("sides")])

    def by_hand() -> Answer | None:
        try:
            near = [closed.exact(side) for side in relation.sides]
        except (closed.NotRational, closed.Undefined):
            return None
        holds = all(
            _holds(op, a, b) for op, a, b in zip(relation.ops, near, near[1:], strict=False)
        )
        return conclude(holds, [str(float(item)) for item in near])

    return Question(
        kind="compare",
        title=f"Is {show.pretty(relation)} true?",
        code=code.program(*lines),
        explain=explain,
        closed=by_hand,
    )


def _holds(op: str, a: Fraction, b: Fraction) -> bool:
    table = {"=": a == b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "!=": a != b}
    return table[op]


def read_ratio(scan: Scan, _setting: Setting) -> Question | None:
    """`simplify the ratio 18:24`."""
    if not scan.cue(r"ratios?"):
        return None
    found = scan.take(r"N : N(?: : N)?") or scan.take(r"N to N")
    whole = [closed.exact(node) for node in found or () if isinstance(node, Num)]
    if found is None or len(whole) != len(found) or scan.has("X"):
        return None
    if not scan.done({"simplify", "simplest", "form", "reduce", "lowest", "terms"}):
        return None
    scale = math.lcm(*(value.denominator for value in whole))
    integers = [int(value * scale) for value in whole]
    divisor = math.gcd(*integers) or 1
    text = ":".join(str(value // divisor) for value in integers)
    written = ":".join(map(show.pretty, found))
    lines = [
        f"divisor = igcd({', '.join(map(str, integers))})",
        f"parts = [value//divisor for value in ({', '.join(map(str, integers))})]",
        'print("ratio:", parts)',
        report(parts="[str(part) for part in parts]", divisor="str(divisor)"),
    ]
    answer = Answer(
        (f"{written} = {text}",), (f"Divide both parts by {divisor}.",) if scale == 1 else ()
    )
    return Question(
        kind="ratio",
        title=f"Simplify the ratio {written}",
        code=code.program(*lines),
        explain=lambda _: answer,
        closed=lambda: answer,
    )


READERS = (
    read_ratio,
    read_comparison,
)
