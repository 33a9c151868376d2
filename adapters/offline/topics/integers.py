"""Whole numbers: primes, factors, divisors, common divisors and multiples, choices, bases."""

from __future__ import annotations

from typing import Final

from adapters.offline import code, show
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, Value, report, value_question
from adapters.offline.tree import (
    Apply,
    Binary,
    Call,
    Listing,
    Node,
    Rate,
    Relation,
    free,
    integer,
    walk,
)

_MANY: Final[tuple[tuple[str, str, str], ...]] = (
    (
        (
            r"(?:greatest|highest|largest|biggest) common (?:divisors?|factors?|"
            r"denominator)|gcd|hcf|gcf"
        ),
        "gcd",
        "greatest common divisor",
    ),
    (
        r"(?:least|lowest|smallest) common (?:multiples?|denominators?)|lcm|lcd",
        "lcm",
        "least common multiple",
    ),
)
_EXTRA: Final = wordset(
    "numbers number integers integer whole between two three natural pair "
    "values a positive both fractions denominators"
)


def read_common(scan: Scan, _setting: Setting) -> Question | list[Question] | None:
    """`gcd of 12 and 18`, `least common multiple of 4, 6 and 10`."""
    below = scan.has(r"(?:(?:least|lowest|smallest) )?common denominator|lcd")
    scan.cue(r"common denominators?(?: of)?") if below and not scan.has(
        r"(?:least|lowest|smallest) common"
    ) else None
    wanted = [(name, label) for cue, name, label in _MANY if scan.cue(cue)]
    if below:
        wanted = wanted or [("lcm", "least common denominator")]
        nodes = flat(scan.rest("X"))
        if not scan.done(_EXTRA) or not all(
            isinstance(n, Binary) and n.op == "/" and integer(n.right) for n in nodes
        ):
            return None
        nodes = tuple(node.right for node in nodes if isinstance(node, Binary))
        whole = [abs(integer(node) or 1) for node in nodes]
        return _common("lcm", "least common denominator", nodes, whole) if len(nodes) > 1 else None
    nodes = flat(scan.rest("X"))
    if not wanted or not scan.done(_EXTRA):
        return None
    if len(nodes) == 1 and isinstance(nodes[0], Call) and nodes[0].name in {"gcd", "lcm"}:
        nodes = nodes[0].args
    if len(nodes) == 2 and any(map(free, nodes)) and len(wanted) == 1:
        return _of_polynomials(wanted[0][0], wanted[0][1], nodes)
    whole = [integer(node) for node in nodes]
    if len(nodes) < 2 or any(value is None for value in whole):
        return None
    return [
        _common(name, label, nodes, [abs(v) for v in whole if v is not None])
        for name, label in wanted
    ]


def _of_polynomials(name: str, label: str, nodes: tuple[Node, ...]) -> Question | None:
    """The same of two polynomials, by SymPy."""
    if any(isinstance(part, Apply | Rate | Listing | Relation) for n in nodes for part in walk(n)):
        return None
    names = sorted({name for node in nodes for name in free(node)})
    lines = [
        code.symbols_line(names),
        f"answer = {name}({', '.join(map(code.exact, nodes))})",
        f'print("{label}:", answer)',
        report(answer="str(answer)"),
    ]
    return Question(
        kind="common",
        title=f"{label[0].upper()}{label[1:]} of {' and '.join(map(show.pretty, nodes))}",
        code=code.program(*lines),
        explain=lambda result: Answer((f"{label} = {result.show('answer')}",)),
    )


def _common(name: str, label: str, nodes: tuple[Node, ...], whole: list[int]) -> Question:
    lists = tuple(f"{value} = {factors_text(value)}" for value in whole if 1 < value < 10**12)
    rule = (
        "Take each prime with its lowest power."
        if name == "gcd"
        else "Take each prime with its highest power."
    )
    shown = ", ".join(map(show.pretty, nodes))
    return value_question(
        Value(
            title=f"{label[0].upper()}{label[1:]} of {shown}",
            expression=Call(name, nodes),
            name=label,
            before=(*lists, rule) if lists else (),
            show_working=False,
        )
    )


def factors_text(value: int) -> str:
    """`2²·3`, by trial division; for numbers that a person would factor by hand."""
    parts: list[str] = []
    divisor, rest = 2, value
    while divisor * divisor <= rest and divisor < 10**6:
        count = 0
        while rest % divisor == 0:
            rest, count = rest // divisor, count + 1
        if count:
            power = (
                str(count).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if count > 1 else ""
            )
            parts.append(f"{divisor}{power}")
        divisor += 1
    if rest > 1 or not parts:
        parts.append(str(rest))
    return "·".join(parts)


READERS = (read_common,)
