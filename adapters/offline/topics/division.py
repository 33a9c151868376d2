"""Division of polynomials, with a remainder."""

from __future__ import annotations

from adapters.offline import code, show
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import (
    Binary,
    free,
)


def read_division(scan: Scan, _setting: Setting) -> Question | None:
    """`divide x³ - 1 by x - 1`, `remainder of x³ + 2 divided by x - 2`."""
    scan.cue(r"(?:polynomial |using |use |by |with )*(?:long |synthetic )?division|polynomial")
    remainder = scan.cue(r"remainder")
    scan.cue(r"quotient(?: and)?")
    found = scan.take(
        r"(?:divide|divided|dividing|when|of|split) ?(?:of )?A (?:is )?(?:divided )?by A"
    )
    if found is None:
        nodes = scan.rest("A")
        if (
            len(nodes) != 1
            or not remainder
            or not isinstance(nodes[0], Binary)
            or nodes[0].op != "/"
        ):
            return None
        found = (nodes[0].left, nodes[0].right)
    if not scan.done(
        {"when", "divided", "divide", "long", "synthetic", "polynomial", "and"}
    ) or scan.has("X"):
        return None
    left, right = found
    names = sorted({*free(left), *free(right)})
    if len(names) != 1:
        return None
    letter = code.identifier(names[0])
    lines = [
        code.symbols_line(names),
        f"quotient, remainder = div({code.exact(left)}, {code.exact(right)}, {letter})",
        'print("quotient:", quotient, " remainder:", remainder)',
        report(quotient="str(quotient)", remainder="str(remainder)"),
    ]

    def explain(result: Result) -> Answer:
        steps = (
            (
                "Divide the leading terms, multiply back, subtract, and repeat until the "
                f"rest has a lower degree than {show.pretty(right)}."
            ),
        )
        line = f"quotient {result.show('quotient')}, remainder {result.show('remainder')}"
        return Answer((line,), steps)

    return Question(
        kind="division",
        title=f"Divide {show.pretty(left)} by {show.pretty(right)}",
        code=code.program(*lines),
        explain=explain,
        subject=left,
    )


READERS = (read_division,)
