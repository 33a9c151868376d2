"""Even and odd numbers, perfect squares and cubes."""

from __future__ import annotations

from adapters.offline import code
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import report
from adapters.offline.topics.whole import one_integer
from adapters.offline.tree import number


def parity(scan: Scan) -> Question | None:
    """`is 15 odd or even?`"""
    if not scan.cue(r"(?:even or odd|odd or even|even|odd)(?: number)?"):
        return None
    value = one_integer(scan, wordset("number check whether if or not"))
    if value is None:
        return None
    word = "even" if value % 2 == 0 else "odd"
    lines = [
        f"remainder = {value} % 2",
        'print("remainder:", remainder)',
        report(remainder="remainder"),
    ]
    answer = Answer((f"{value} is {word}.",), (f"Divided by 2 it leaves {value % 2}.",))
    return Question(
        kind="parity",
        title=f"Is {value} even or odd?",
        code=code.program(*lines),
        explain=lambda _: answer,
        closed=lambda: answer,
        subject=number(value),
    )


def perfect_power(scan: Scan) -> Question | None:
    """`is 144 a perfect square?`"""
    found = scan.word(r"perfect (?:square|cube)s?|square numbers?|cube numbers?")
    if found is None:
        return None
    value = one_integer(scan, wordset("number check whether if or not"))
    if value is None or value < 0:
        return None
    index, word, root = (
        (3, "cube", "cube root") if "cube" in found else (2, "square", "square root")
    )
    lines = [
        f"base, exact = integer_nthroot({value}, {index})",
        'print("root:", base, " exact:", exact)',
        report(base="int(base)", exact="bool(exact)"),
    ]

    def explain(result: Result) -> Answer:
        base = int(result.text("base"))
        if result.text("exact") == "True":
            power = "²" if index == 2 else "³"
            return Answer((f"{value} is a perfect {word}: {base}{power} = {value}.",))
        return Answer(
            (f"{value} is not a perfect {word}.",),
            (f"The {root} lies between {base} and {base + 1}.",),
        )

    return Question(
        kind="primes",
        title=f"Is {value} a perfect {word}?",
        code=code.program(*lines),
        explain=explain,
        subject=number(value),
    )
