"""Whole numbers: primes, factors, divisors, common divisors and multiples, choices, bases."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline import code, show
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import ORDINALS, wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, Value, report, value_question
from adapters.offline.tree import Binary, Call, Neg, Node, Num, call, integer, number

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
    (
        "numbers number integers integer whole between two three natural pair "
        "values a positive both fractions denominators"
    )
)


def read_common(scan: Scan, setting: Setting) -> Question | list[Question] | None:
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
    whole = [integer(node) for node in nodes]
    if len(nodes) < 2 or any(value is None for value in whole):
        return None
    made = [
        _common(name, label, nodes, [abs(v) for v in whole if v is not None])
        for name, label in wanted
    ]
    return made


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


def read_primes(scan: Scan, setting: Setting) -> Question | None:
    """`prime factors of 360`, `is 97 prime?`, `divisors of 28`, `primes below 50`, `10th prime`."""
    for reader in (_factorisation, _prime_test, _divisors, _prime_list, _nth_prime, _parity):
        question = reader(Scan(scan.parts))
        if question is not None:
            return question
    return None


_LONE: Final = wordset(
    (
        "number integer whole primes prime into express write as product its "
        "form list all tree using decomposition down completely up"
    )
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
    from adapters.offline.pieces import Piece

    parts = [*(Piece(word) for word in words.split()), Piece("of"), Piece("", node)]
    return read_primes(Scan(parts), Setting())


def _prime_test(scan: Scan) -> Question | None:
    if not scan.cue(
        (
            r"(?:composite (?:number )?or prime|prime (?:number )?or (?:composite|"
            r"not)|prime|composite)(?: number)?(?: or not)?"
        )
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
    if not scan.cue(r"divisors?|factors?|factor pairs"):
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
        (
            r"prime(?: number)?s? (?:numbers )?(?:that are |which are |are |there "
            r")*(?:between|from|in range|in) N (?:and|to) N"
        )
    )
    low, high = (integer(found[0]), integer(found[1])) if found else (2, None)
    first = None
    if found is None:
        found = scan.take(
            (
                r"prime(?: number)?s? (?:numbers )?(?:that are |which are |are |there "
                r")*(?:less than|below|under|up to|smaller than|until|to) N"
            )
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


def read_choices(scan: Scan, setting: Setting) -> Question | None:
    """`5 choose 2` is the parser's; here `combinations of 10 taken 3 at a time`."""
    scan.cue(
        (
            r"how many|are there|there are|number of|without repetition|without "
            r"replacement|possible|distinct|different"
        )
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
        (
            r"(?:permutations?|ways (?:to|of) (?:arrange|arranging|order|ordering)|"
            r"arrangements) (?:of )?N(?: (?:distinct |different )?(?:objects|items|"
            r"elements|things|letters|books|people))?"
        )
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


_BASES: Final = {
    "binary": 2,
    "hexadecimal": 16,
    "hex": 16,
    "octal": 8,
    "decimal": 10,
    "ternary": 3,
    "denary": 10,
}
_BASE_WORD: Final = (
    r"(binary|hexadecimal|hex|octal|decimal|ternary|denary|base\s*(\d+|two|eight|ten|sixteen))"
)


def read_base(scan: Scan, setting: Setting) -> Question | None:
    """`convert 13 to binary`, `1011 in binary to decimal`, `ff hex to decimal`, `0x1f`."""
    import re

    text = " ".join(
        setting.text.lower().replace("?", " ").replace(".", " ").replace(",", " ").split()
    )
    text = re.sub(
        (
            r"\b(?:please|number|the|a|an|convert|what is|change|write|express|value "
            r"of|how do you|how do i|of|turn|equivalent|notation|form|system|can you|"
            r"could you|me|give|find|into|representation|hi|hello|i need|transform|"
            r"compute|calculate|you|thanks?)\b"
        ),
        lambda m: " to " if m[0] == "into" else " ",
        text,
    )
    text = " ".join(text.split())
    digits = r"(?P<d>(?:0x|0b|0o)?[0-9a-f]+)"
    base_from = rf"(?:(?:in|from|base|\() ?)?(?P<f>{_BASE_WORD[1:-1]})?\)?"
    match = (
        re.fullmatch(
            rf"(?:from )?{digits} ?{base_from} ?(?:to|in|as|is) ?(?P<t>{_BASE_WORD[1:-1]})", text
        )
        or re.fullmatch(
            (
                rf"(?:from )?(?P<f>{_BASE_WORD[1:-1]}) ?{digits} ?(?:to|in|as) "
                rf"?(?P<t>{_BASE_WORD[1:-1]})"
            ),
            text,
        )
        or re.fullmatch(
            rf"{digits} (?:from )(?P<f>{_BASE_WORD[1:-1]}) (?:to) (?P<t>{_BASE_WORD[1:-1]})", text
        )
    )
    if match is None:
        return None
    source, target, written = _base(match["f"]), _base(match["t"]), match["d"]
    prefix = {"0x": 16, "0b": 2, "0o": 8}.get(written[:2])
    if prefix and len(written) > 2:
        source, written = prefix, written[2:]
    source = source or 10
    if target is None or len(written) > 60:
        return None
    try:
        value = int(written, source)
    except ValueError:
        return None
    return base_question(written.upper(), source, target, value)


def _base(word: str | None) -> int | None:
    if not word:
        return None
    if word in _BASES:
        return _BASES[word]
    tail = word.removeprefix("base").strip()
    named = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}
    value = named.get(tail) or (int(tail) if tail.isdigit() else 0)
    return value if 2 <= value <= 36 else None


def base_question(written: str, source: int, target: int, value: int) -> Question:
    """The same number in another base."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    out, rest = "", value
    while rest:
        rest, digit = divmod(rest, target)
        out = digits[digit] + out
    out = out or "0"
    lines = [
        f'value = int("{written}", {source})',
        f'digits = "{digits[:target]}"',
        'text, rest = "", value',
        "while rest:",
        f"    rest, digit = divmod(rest, {target})",
        "    text = digits[digit] + text",
        'print("value:", value, " written:", text or "0")',
        report(text='text or "0"', value="str(value)"),
    ]
    steps: list[str] = []
    if source != 10:
        powers = [
            f"{digits.index(d)}·{source}^{len(written) - 1 - i}"
            for i, d in enumerate(written)
            if d != "0"
        ]
        if len(powers) <= 12:
            steps.append(f"{' + '.join(powers) or '0'} = {value}")
    if target != 10:
        steps.append(
            f"Divide by {target} again and again; the remainders, read backwards, are the digits."
        )

    def explain(result: Result) -> Answer:
        return Answer(
            (f"{written} (base {source}) = {result.text('text')} (base {target})",), tuple(steps)
        )

    return Question(
        kind="base",
        title=f"{written} from base {source} to base {target}",
        code=code.program(*lines),
        explain=explain,
        closed=lambda: Answer(
            (f"{written} (base {source}) = {out} (base {target})",), tuple(steps)
        ),
        subject=number(value),
        value=number(value),
    )


READERS = (read_base, read_common, read_primes, read_choices)

_ = (Fraction, Form, take_form, Neg, Num)
