"""Counting choices: combinations and permutations."""

from __future__ import annotations

from typing import Final

from adapters.offline import show
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import Node, call

_CHOICES: Final[tuple[tuple[str, str], ...]] = (
    (
        r"combinations? (?:of )?N (?:\w+ )?(?:taken |choose |chosen |at |pick )*N(?: at time)?",
        "binomial",
    ),
    (
        r"permutations? (?:of )?N (?:\w+ )?(?:taken |choose |chosen |at |pick )*N(?: at time)?",
        "permutations",
    ),
    (
        (
            r"(?:number of )?(?:ways|combinations) (?:to|of|you can|can you|can i|"
            r"there are to|are there to)? ?(?:choose|choosing|pick|picking|select|"
            r"selecting) N (?:\w+ )?(?:from|out of|of|among) (?:set of |group of )?N"
        ),
        "binomial-r",
    ),
    (r"choose N from N", "binomial-r"),
    (
        (
            r"(?:number of )?(?:ways|permutations) (?:to|of|you can)? ?(?:arrange|"
            r"arranging|order|ordering) N (?:\w+ )?(?:from|out of) N"
        ),
        "permutations-r",
    ),
)


def read_choices(scan: Scan, _setting: Setting) -> Question | None:
    """`5 choose 2` is the parser's; here `combinations of 10 taken 3 at a time`."""
    scan.cue(
        r"how many|are there|there are|number of|without repetition|without "
        r"replacement|possible|distinct|different"
    )
    for pattern, name in _CHOICES:
        found = scan.take(pattern)
        if found:
            n, k = (found[1], found[0]) if name.endswith("-r") else (found[0], found[1])
            if not scan.done(
                {
                    "objects",
                    "items",
                    "elements",
                    "things",
                    "distinct",
                    "different",
                    "set",
                    "number",
                    "possible",
                    "ways",
                    "people",
                }
            ):
                return None
            return choice(name.removesuffix("-r"), n, k)
    found = scan.take(
        r"(?:permutations?|ways (?:to|of) (?:arrange|arranging|order|ordering)|"
        r"arrangements) (?:of )?N(?: (?:distinct |different )?(?:objects|items|"
        r"elements|things|letters|books|people))?"
    )
    if (
        found
        and scan.done({"distinct", "different", "objects", "items", "row", "line"})
        and not scan.has("X")
    ):
        return value_question(
            Value(
                title=f"Permutations of {show.pretty(found[0])} objects",
                expression=call("factorial", found[0]),
                before=("n objects can be put in n! orders.",),
            )
        )
    return None


def choice(name: str, n: Node, k: Node) -> Question:
    """Choices without (`binomial`) or with (`permutations`) regard to order."""
    if name == "binomial":
        formula, title = (
            "C(n, k) = n!/(k!·(n - k)!)",
            f"Ways to choose {show.pretty(k)} from {show.pretty(n)}",
        )
    else:
        formula, title = (
            "P(n, k) = n!/(n - k)!",
            f"Ordered choices of {show.pretty(k)} from {show.pretty(n)}",
        )
    return value_question(
        Value(title=title, expression=call(name, n, k), before=(formula,), show_working=False)
    )


READERS = (read_choices,)
