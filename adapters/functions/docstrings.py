"""What a docstring says for a model: pure. Sections are those of Google's style guide."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?):\s*")
_ARGUMENT = re.compile(r"\*{0,2}(?P<name>\w+)(?:\s*\([^)]*\))?:\s*(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Docstring:
    """What a function does, and what its arguments mean."""

    description: str
    arguments: dict[str, str] = field(default_factory=dict[str, str])


def read_docstring(text: str | None) -> Docstring:
    """Everything before the first section, and the section of the arguments."""
    description: list[str] = []
    rows: list[str] = []
    section = ""
    for line in inspect.cleandoc(text or "").splitlines():
        found = _SECTION.fullmatch(line)
        if found:
            section = found[1]
        elif not section:
            description.append(line)
        elif section in ("Args", "Arguments", "Parameters"):
            rows.append(line)
    return Docstring("\n".join(description).strip(), _arguments(rows))


def _arguments(rows: list[str]) -> dict[str, str]:
    """Each name with its text; lines that are indented deeper than the first go on."""
    found: dict[str, str] = {}
    name, depth = "", -1
    for row in rows:
        indent = len(row) - len(row.lstrip())
        match = _ARGUMENT.fullmatch(row.strip())
        if match and (depth < 0 or indent <= depth):
            name, depth = match["name"], indent
            found[name] = match["text"].strip()
        elif name and row.strip():
            found[name] = f"{found[name]} {row.strip()}".strip()
    return found
