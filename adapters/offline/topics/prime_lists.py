"""Lists of primes: below a bound, the first ones, the next one."""

from __future__ import annotations

from adapters.offline import code
from adapters.offline.lexicon import ORDINALS
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import report
from adapters.offline.topics.whole import LONE, one_integer
from adapters.offline.tree import integer, number


def prime_list(scan: Scan) -> Question | None:
    """`primes between 10 and 30`, `the first 5 primes`."""
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


def nth_prime(scan: Scan) -> Question | None:
    """`10th prime`."""
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


def next_prime(scan: Scan) -> Question | None:
    """`the next prime after 100`."""
    below = r"(?:before|below|less than|smaller than|under)"
    above = r"(?:after|above|greater than|larger than|bigger than|over)"
    back = scan.cue(rf"(?:previous|last|largest|greatest|biggest) prime(?: number)? {below}")
    ahead = scan.cue(rf"(?:next|first|smallest) prime(?: number)? {above}")
    if back == ahead:
        return None
    value = one_integer(scan, LONE)
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
