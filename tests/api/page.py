"""What docs/assistants-api.md says of operations, and whether a test shows what it is named for.

A row names tests of three kinds. One of `success` gets an answer of the operation, one of `errors`
a refusal, and one of `cursors` pages of the list in both directions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from adapters.http.app import PREFIXES

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "assistants-api.md"
KINDS = ("success", "errors", "cursors")

_ROW = re.compile(r"^\| `(\w+) (/\S*)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_PREFIX = re.compile("|".join(re.escape(prefix) for prefix in PREFIXES))


@dataclass(frozen=True)
class Asked:
    """A request of a test, and the status of its answer."""

    method: str
    path: str
    query: str
    status: int


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    method: str
    path: str
    state: str
    shown_by: str

    @property
    def supported(self) -> bool:
        return self.state.startswith("supported")

    @property
    def tests(self) -> dict[str, list[tuple[str, str]]]:
        """Module and function of the tests, by what they show."""
        parts = (part.strip().partition(" ") for part in self.shown_by.split(";"))
        return {kind: [_test(name) for name in names.split(", ")] for kind, _, names in parts}


@cache
def rows() -> tuple[Row, ...]:
    """The table of operations."""
    found = _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return tuple(Row(*one.groups()) for one in found)


@cache
def claims() -> dict[tuple[str, str], list[tuple[str, Row]]]:
    """What each test is named for."""
    found: dict[tuple[str, str], list[tuple[str, Row]]] = {}
    for row in rows():
        for kind, tests in row.tests.items():
            for test in tests:
                found.setdefault(test, []).append((kind, row))
    return found


def not_shown(module: str, function: str, asked: Iterable[Asked]) -> list[str]:
    """What the page says that this test shows, and its requests do not."""
    claimed = claims().get((module, function), [])
    if not claimed:
        return []
    by_operation: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        by_operation.setdefault((one.method, _template(one)), []).append(one)
    return [
        f"{kind} of {row.method} {row.path}"
        for kind, row in claimed
        if not _shows(kind, by_operation.get((row.method, row.path), []))
    ]


def _shows(kind: str, asked: list[Asked]) -> bool:
    if kind == "errors":
        return any(400 <= one.status < 500 for one in asked)
    good = [one for one in asked if one.status == 200]
    if kind == "success":
        return bool(good)
    queries = [parse_qs(one.query) for one in good]
    return {"after", "before"} <= {name for query in queries for name in query}


def _test(name: str) -> tuple[str, str]:
    module, _, function = name.partition("::")
    return f"test_{module}", f"test_{function}"


def _template(one: Asked) -> str:
    prefix = _PREFIX.match(one.path)
    path = one.path[prefix.end() :] if prefix else one.path
    fits = (template for template, pattern in _patterns() if pattern.fullmatch(path))
    return next(fits, path)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Literal paths first: `/threads/runs` is no Thread."""
    paths = sorted({row.path for row in rows()}, key=lambda path: path.count("{"))
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in paths]
