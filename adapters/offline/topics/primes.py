"""Primes and divisors: factorisation, tests, lists; even and odd."""

from __future__ import annotations

from typing import Final

from adapters.offline import code
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.pieces import Piece
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Node, integer, number

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
        _prime_list,
        _next_prime,
        _nth_prime,
        _parity,
        _perfect_power,
    ):
        question = reader(Scan(scan.parts))
        if question is not None:
            return question
    return None


_LONE: Final = wordset(
    "number integer whole primes prime into express write as product its "
    "form list all tree using decomposition down completely up"
)


def _one_integer(scan: Scan, extra: frozenset[str]) -> int | None:
    nodes = scan.rest("X")
    if len(nodes) != 1 or not scan.done(extra):
        return None
    value = integer(nodes[0])
    return value if value is not None and value.bit_length() < 200 else None


def _factorisation(scan: Scan) -> Question | None:
    if not (scan.cue(_PRIME_FACTORS) or scan.cue(_FACTOR)):
        return None
    scan.cue(_FACTOR)
    if scan.has(r"pairs?"):
        return None
    value = _one_integer(scan, _LONE)
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
    value = _one_integer(
        scan, wordset("number check whether if test or not determine composite it")
    )
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
    value = _one_integer(scan, wordset("number positive all list integer whole does have"))
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


def _prime_list(scan: Scan) -> Question | None:
    count = scan.cue(r"how many|count|number of")
    found = scan.take(
        r"prime(?: number)?s? (?:numbers )?(?:that are |which are |are |there "
        r")*(?:between|from|in range|in) N (?:and|to) N"
    )
    low, high = (integer(found[0]), integer(found[1])) if found else (2, None)
    first = None
    if found is None:
        found = scan.take(
            r"prime(?: number)?s? (?:numbers )?(?:that are |which are |are |there "
            r")*(?:less than|below|under|up to|smaller than|until|to) N"
        )
        if found:
            high = integer(found[0])
            strict = not scan.has("never") and any(
                w in " ".join(p.text for p in scan.parts)
                for w in ("less than", "below", "under", "smaller")
            )
            high = high - 1 if strict and high is not None else high
        else:
            found = scan.take(r"(?:first )?N (?:first )?prime(?: number)?s?")
            first = integer(found[0]) if found else None
    if found is None or not scan.done(
        {"all", "list", "are", "there", "numbers", "inclusive", "first"}
    ):
        return None
    if first is not None:
        if not 0 < first <= 500:
            return None
        source, title = f"[prime(k) for k in range(1, {first} + 1)]", f"The first {first} primes"
    elif (
        low is not None
        and high is not None
        and -10 < low < 10**9
        and high < 10**9
        and high - low <= 100_000
    ):
        source, title = f"list(primerange({low}, {high} + 1))", f"Primes from {low} to {high}"
    else:
        return None
    lines = [
        f"found = {source}",
        'print(len(found), "primes:", found[:100])',
        report(found="[int(p) for p in found[:100]]", count="len(found)"),
    ]

    def explain(result: Result) -> Answer:
        found = ", ".join(str(item) for item in result.list("found"))
        total = int(result.text("count"))
        more = ", …" if total > 100 else ""
        if count:
            return Answer((f"There are {total} of them: {found}{more}",))
        return Answer(
            (f"{found}{more}" if total else "There are none.",), (f"There are {total} of them.",)
        )

    return Question(kind="primes", title=title, code=code.program(*lines), explain=explain)


def _nth_prime(scan: Scan) -> Question | None:
    for word, value in ORDINALS.items():
        if f" {word} " in scan.text and scan.cue(rf"{word} prime(?: number)?"):
            if not scan.done({"number"}) or scan.has("X"):
                return None
            lines = [
                f"answer = prime({value})",
                'print("prime:", answer)',
                report(answer="int(answer)"),
            ]
            return Question(
                kind="primes",
                title=f"Prime number {value} in the list 2, 3, 5, …",
                code=code.program(*lines),
                explain=lambda result: Answer((f"It is {result.text('answer')}.",)),
            )
    return None


def _next_prime(scan: Scan) -> Question | None:
    below = r"(?:before|below|less than|smaller than|under)"
    above = r"(?:after|above|greater than|larger than|bigger than|over)"
    back = scan.cue(rf"(?:previous|last|largest|greatest|biggest) prime(?: number)? {below}")
    ahead = scan.cue(rf"(?:next|first|smallest) prime(?: number)? {above}")
    if back == ahead:
        return None
    value = _one_integer(scan, _LONE)
    if value is None or value < 3 - ahead * 3:
        return None
    call, side = ("prevprime", "before") if back else ("nextprime", "after")
    lines = [f"answer = {call}({value})", 'print("prime:", answer)', report(answer="int(answer)")]
    return Question(
        kind="primes",
        title=f"The prime {side} {value}",
        code=code.program(*lines),
        explain=lambda result: Answer((f"It is {result.text('answer')}.",)),
        subject=number(value),
    )


def _parity(scan: Scan) -> Question | None:
    if not scan.cue(r"(?:even or odd|odd or even|even|odd)(?: number)?"):
        return None
    value = _one_integer(scan, wordset("number check whether if or not"))
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


def _perfect_power(scan: Scan) -> Question | None:
    found = scan.word(r"perfect (?:square|cube)s?|square numbers?|cube numbers?")
    if found is None:
        return None
    value = _one_integer(scan, wordset("number check whether if or not"))
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


READERS = (read_primes,)
