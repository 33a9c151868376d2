"""Every phrasing of the tables is understood, computed, and answered with the right result.

The tables were each written before they were first tried; docs/decisions/0006 has the rates.
"""

from __future__ import annotations

import asyncio

import pytest

from adapters.offline import MARK
from tests.offline.conftest import answers_to
from tests.offline.phrasings_fifth import CASES as FIFTH
from tests.offline.phrasings_first import CASES as FIRST
from tests.offline.phrasings_fourth import CASES as FOURTH
from tests.offline.phrasings_second import CASES as SECOND
from tests.offline.phrasings_seventh import CASES as SEVENTH
from tests.offline.phrasings_sixth import CASES as SIXTH
from tests.offline.phrasings_third import CASES as THIRD

Case = tuple[str, ...]
TABLES = {
    "first": FIRST,
    "second": SECOND,
    "third": THIRD,
    "fourth": FOURTH,
    "fifth": FIFTH,
    "sixth": SIXTH,
    "seventh": SEVENTH,
}


_known: dict[str, dict[str, str]] = {}


def _answers(table: str) -> dict[str, str]:
    """The answers to one table, worked out in one subprocess when first asked for."""
    if table not in _known:
        _known[table] = asyncio.run(answers_to([case[0] for case in TABLES[table]]))
    return _known[table]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("table", "case"),
    [
        pytest.param(table, case, id=f"{table}: {case[0][:60]}")
        for table, cases in TABLES.items()
        for case in cases
    ],
)
def test_a_phrasing_gets_the_right_result(table: str, case: Case) -> None:
    text = _answers(table)[case[0]]
    title, _, body = text.partition("\n\n")
    assert title.startswith("**"), f"refused: {text}"
    missing = [expected for expected in case[1:] if expected not in body]
    assert not missing, f"{missing} not in: {text}"
    assert text.endswith(MARK)


def test_there_are_enough_phrasings() -> None:
    texts = {case[0] for cases in TABLES.values() for case in cases}
    assert len(texts) >= 900
