"""Primes and divisors: factorisation, tests, lists; even and odd."""

from __future__ import annotations

from typing import Final

from adapters.offline import code
from adapters.offline.lexicon import wordset
from adapters.offline.pieces import Piece
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.parity import parity, perfect_power
from adapters.offline.topics.prime_lists import next_prime, nth_prime, prime_list
from adapters.offline.topics.whole import LONE, one_integer
from adapters.offline.tree import Node, number

_PRIME_FACTORS: Final = (
    r"(?:prime factor(?:i[sz]ation|s)?|prime decomposition|factori[sz]ation "
    r"into primes|product of (?:its )?primes?(?: factors?)?|product of prime "
    r"factors|factors? into primes?|prime factori[sz]e|(?:its )?prime "
    r"divisors)(?: form| tree)?(?: of)?"
)


_FACTOR: Final = (
    r"(?:break|breaking|factor|factori[sz]e|factori[sz]ation|factored|"
    r"decompose|split)(?: number)?(?: of)?"
)


def read_primes(scan: Scan, _setting: Setting) -> Question | None:
    """`prime factors of 360`, `is 97 prime?`, `divisors of 28`, `primes below 50`, `10th prime`."""
    for reader in (
        _factorisation,
        _prime_test,
        _divisors,
        prime_list,
        next_prime,
        nth_prime,
        parity,
        perfect_power,
    ):
        question = reader(Scan(scan.parts))
        if question is not None:
            return question
    return None


def _factorisation(scan: Scan) -> Question | None:
    if not (scan.cue(_PRIME_FACTORS) or scan.cue(_FACTOR)):
        return None
    scan.cue(_FACTOR)
    if scan.has(r"pairs?"):
        return None
    value = one_integer(scan, LONE)
    if value is None or value < 2:
        return None
    lines = [
        f"factors = factorint({value})",
        'print("prime -> power:", factors)',
        report(factors="[[int(p), int(k)] for p, k in factors.items()]"),
    ]

    def explain(result: Result) -> Answer:
        pairs = [(int(p), int(k)) for p, k in result.list("factors")]
        digits = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
        text = " · ".join(f"{p}{str(k).translate(digits) if k > 1 else ''}" for p, k in pairs)
        steps: list[str] = []
        if value < 10**6:
            rest = value
            for p, k in pairs:
                for _ in range(k):
                    steps.append(f"{rest} ÷ {p} = {rest // p}")
                    rest //= p
        if len(pairs) == 1 and pairs[0][1] == 1:
            return Answer((f"{value} is a prime number, so it is its own factorisation.",))
        plain = " · ".join(str(p) for p, k in pairs for _ in range(k))
        lines = (
            (f"{value} = {text}",)
            if plain == text or len(plain) > 60
            else (f"{value} = {plain} = {text}",)
        )
        return Answer(lines, tuple(steps) if len(steps) <= 10 else ())

    return Question(
        kind="primes",
        title=f"Prime factors of {value}",
        code=code.program(*lines),
        explain=explain,
        subject=number(value),
        again=lambda node: _again(node, "prime factors"),
    )


def _again(node: Node, words: str) -> Question | None:
    parts = [*(Piece(word) for word in words.split()), Piece("of"), Piece("", node)]
    return read_primes(Scan(parts), Setting())


def _prime_test(scan: Scan) -> Question | None:
    if not scan.cue(
        r"(?:composite (?:number )?or prime|prime (?:number )?or (?:composite|"
        r"not)|prime|composite)(?: number)?(?: or not)?"
    ):
        return None
    value = one_integer(scan, wordset("number check whether if test or not determine composite it"))
    if value is None:
        return None
    lines = [
        f"prime = isprime({value})",
        'print("prime:", prime)',
        report(
            prime="bool(prime)",
            factors=f"[[int(p), int(k)] for p, k in factorint({abs(value)}).items()]",
        ),
    ]

    def explain(result: Result) -> Answer:
        if result.text("prime") == "True":
            return Answer(
                (f"{value} is a prime number.",),
                (f"No whole number from 2 to √{value} divides {value}.",),
            )
        if value < 2:
            return Answer((f"{value} is not a prime number: primes begin at 2.",))
        first = int(result.list("factors")[0][0])
        return Answer(
            (f"{value} is not a prime number.",), (f"{value} = {first} · {value // first}",)
        )

    return Question(
        kind="primes",
        title=f"Is {value} prime?",
        code=code.program(*lines),
        explain=explain,
        subject=number(value),
        again=lambda node: _again(node, "prime"),
    )


def _divisors(scan: Scan) -> Question | None:
    scan.cue(r"positive|all|list|proper")
    count = scan.cue(r"how many|number")
    if not scan.cue(r"factor pairs?|divisors?|factors?"):
        return None
    value = one_integer(scan, wordset("number positive all list integer whole does have"))
    if value is None or value < 1:
        return None
    lines = [
        f"found = divisors({value})",
        'print("divisors:", found)',
        report(found="[int(d) for d in found]"),
    ]

    def explain(result: Result) -> Answer:
        found = [str(item) for item in result.list("found")]
        shown = ", ".join(found[:60]) + (", …" if len(found) > 60 else "")
        return (
            Answer((f"{value} has {len(found)} divisors: {shown}",))
            if count
            else Answer((f"divisors of {value}: {shown}",))
        )

    return Question(
        kind="divisors",
        title=f"Divisors of {value}",
        code=code.program(*lines),
        explain=explain,
        subject=number(value),
        again=lambda node: _again(node, "divisors"),
    )


READERS = (read_primes,)
