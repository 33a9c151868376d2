"""Numbers in other bases: binary, octal, hexadecimal."""

from __future__ import annotations

import re
from typing import Final

from adapters.offline import code
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import number

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


def read_base(_scan: Scan, setting: Setting) -> Question | None:
    """`convert 13 to binary`, `1011 in binary to decimal`, `ff hex to decimal`, `0x1f`."""
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


READERS = (read_base,)
