"""Sums that are written with dots or named by their kind: `1 + 2 + … + 100`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from adapters.offline import closed
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.topics.sequences import EXTRA, from_terms, question
from adapters.offline.tree import (
    Binary,
    Const,
    Node,
    add,
    div,
    integer,
    mul,
    number,
    power,
)


def read_dots(scan: Scan, _setting: Setting) -> Question | None:
    """`1 + 2 + 3 + ... + 100`, `2 + 4 + 8 + … + 1024`."""
    endless = scan.cue(r"infinite(?: series)?|infinitely many terms")
    unbounded = scan.take(r"to N")
    if unbounded is not None:
        if unbounded[0] != Const("oo"):
            return None
        endless = True
    scan.cue(r"geometric|series|progression|arithmetic")
    if endless:
        found = scan.take(r"N \+ \.\.\.")
        if found is None or scan.has("X"):
            return None
        return _endless(found[0]) if scan.done(EXTRA | {"sum", "infinity"}) else None
    found = scan.take(r"N \+ \.\.\. \+? ?N")
    scan.cue(r"sum|add|add up|total")
    if (
        found is None
        or scan.has("X")
        or not scan.done(EXTRA | {"numbers", "up", "integers", "all"})
    ):
        return None
    terms = _terms(found[0])
    try:
        values = [closed.exact(term) for term in terms]
        last = closed.exact(found[1])
    except (closed.NotRational, closed.Undefined):
        return None
    return _dotted(values, last)


def _terms(node: Node) -> list[Node]:
    """`1 + 2 + 3` -> its terms."""
    terms: list[Node] = []
    while isinstance(node, Binary) and node.op == "+":
        terms.insert(0, node.right)
        node = node.left
    return [node, *terms]


def _endless(node: Node) -> Question | None:
    given = from_terms(tuple(_terms(node)), geometric=True, arithmetic=False)
    return question(*given, None, total=True, following=False, rule=False) if given else None


def _dotted(values: list[Fraction], last: Fraction) -> Question | None:
    nodes: tuple[Node, ...] = tuple(map(number, values))
    if len(values) == 2:
        given: tuple[str, Node, Node] | None = (
            "arithmetic",
            nodes[0],
            number(values[1] - values[0]),
        )
    else:
        given = from_terms(nodes, geometric=False, arithmetic=False)
    if given is None:
        return None
    kind, first, step = given
    width = closed.exact(step)
    count, term = 1, values[0]
    while term != last and count < 5_000:
        term = term + width if kind == "arithmetic" else term * width
        count += 1
    if term != last:
        return None
    return question(kind, first, step, count, total=True, following=False, rule=False)


_FIRST: Final[dict[str, tuple[str, Callable[[Node], Node]]]] = {
    r"(?:positive |natural |whole |counting )*(?:integers|numbers|naturals)": (
        "n(n + 1)/2",
        lambda n: div(mul(n, add(n, number(1))), number(2)),
    ),
    r"(?:positive )?odd (?:numbers|integers|positive integers|natural numbers)": (
        "n²",
        lambda n: power(n, 2),
    ),
    r"(?:positive )?even (?:numbers|integers|positive integers|natural numbers)": (
        "n(n + 1)",
        lambda n: mul(n, add(n, number(1))),
    ),
    r"(?:perfect |positive )?(?:squares|square numbers)": (
        "n(n + 1)(2n + 1)/6",
        lambda n: div(mul(mul(n, add(n, number(1))), add(mul(number(2), n), number(1))), number(6)),
    ),
    r"(?:perfect |positive )?(?:cubes|cube numbers)": (
        "(n(n + 1)/2)²",
        lambda n: power(div(mul(n, add(n, number(1))), number(2)), 2),
    ),
}


def _powers_of(scan: Scan, text: str) -> tuple[Node, ...] | None:
    """`the squares of the first 10 positive integers`."""
    word = {"n(n + 1)(2n + 1)/6": "squares", "(n(n + 1)/2)²": "cubes"}.get(text)
    if word is None:
        return None
    numbers = r"(?:positive |natural |whole )*(?:integers|numbers)"
    return scan.take(rf"{word} of (?:first )?N (?:first )?{numbers}")


def read_first(scan: Scan, _setting: Setting) -> Question | None:
    """`sum of the first 50 odd numbers`, `sum of the integers from 1 to 100`."""
    if not scan.cue(r"sum|add|add up|total"):
        return None
    powers = scan.has(r"(?:squares|cubes) of")
    for pattern, (text, make) in _FIRST.items():
        plain = rf"(?:all )?(?:first )?N (?:first )?{pattern}"
        found = _powers_of(scan, text) if powers else scan.take(plain)
        words = " ".join(part.text for part in scan.parts)
        if found is not None and "first" not in words:
            return None
        if found is None:
            both = scan.take(rf"(?:all )?{pattern} (?:from|between) N (?:to|and) N") or scan.take(
                rf"(?:from )?N to N (?:all )?{pattern}"
            )
            if both is None or both[0] != number(1) or text != "n(n + 1)/2":
                continue
            found = both[1:]
        n = integer(found[0])
        if (
            n is None
            or not 0 < n < 10**9
            or scan.has("X")
            or not scan.done({"all", "first", "inclusive"})
        ):
            return None
        return value_question(
            Value(
                title=f"Sum of the first {n} of them",
                expression=make(number(n)),
                name="sum",
                before=(f"The formula is {text}.",),
            )
        )
    return None


READERS = (
    read_dots,
    read_first,
)
