"""What the code printed, put below a reply that does not contain it; pure.

A small model's words are not to be trusted with numbers that it has just been told, so people see
the output itself. Where the words agree with it, showing it again would only be noise.
"""

from __future__ import annotations

import re

MOST_LINES = 20
MOST_CHARACTERS = 1_200

_NUMBER = re.compile(r"(?<![\w.])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_ONLY_NUMBERS = re.compile(r"[\s\d.,;:eE+\-−()\[\]{}]+")


def output_block(output: str, reply: str) -> str:
    """A fenced block with the output, to be put behind the reply; empty if the reply has it."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    if not lines or all(_says(reply, line.strip()) for line in lines):
        return ""
    text = "\n".join(lines[:MOST_LINES])
    cut = text[:MOST_CHARACTERS].rstrip()
    if cut != "\n".join(lines):
        cut += "\n…"
    fence = "```"
    while fence in cut:
        fence += "`"
    return f"\n\n{fence}text\n{cut}\n{fence}"


def _says(reply: str, line: str) -> bool:
    """Whether the reply has this line, or, of a line of numbers, each of them (maybe rounded)."""
    if _ONLY_NUMBERS.fullmatch(line) and (printed := _NUMBER.findall(line)):
        said = [_plain(text) for text in _NUMBER.findall(reply)]
        return all(any(_same(_plain(number), text) for text in said) for number in printed)
    words = r"\s+".join(re.escape(word) for word in line.split())
    return re.search(rf"(?<![\w.]){words}(?!\w|\.\d)", reply) is not None


def _plain(number: str) -> str:
    return number.replace(",", "").replace("−", "-")


def _same(printed: str, said: str) -> bool:
    """Whether `said` is `printed`, or `printed` rounded to no fewer than three digits."""
    if float(printed) == float(said):
        return True
    decimals = len(said.partition(".")[2])
    digits = len(said.replace(".", "").lstrip("-0"))
    if "e" in (printed + said).lower() or decimals == 0 or digits < 3:
        return False
    return round(float(printed), decimals) == float(said)
