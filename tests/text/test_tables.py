"""Tables where nobody draws them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.text.grids import width
from core.chat.text.outgoing import outgoing
from core.chat.text.split import split
from core.chat.text.tables import WIDEST, laid_out
from tests.text.documents import HEADINGS, PARAGRAPHS, UNTIMED, lists, tables

DOCUMENTS = st.lists(st.one_of(tables(), HEADINGS, PARAGRAPHS, lists()), max_size=5).flatmap(
    lambda blocks: st.sampled_from(["\n", "\n\n"]).map(lambda gap: gap.join(blocks))
)


def shown(markdown: str) -> str:
    return laid_out(markdown, len(markdown))[0]


def letters(text: str) -> Counter[str]:
    return Counter(character for character in text if character.isalnum())


def test_a_small_table_stands_in_columns() -> None:
    table = "| Name | Age | *City* |\n|---|--:|:-:|\n| **Ada** | 36 | `Par` |\n| Bo | 4 | 東京 |"
    assert shown(f"Look:\n\n{table}\n\nDone.") == (
        "Look:\n\n```\n"
        "Name  Age  City\n"
        "────  ───  ────\n"
        "Ada    36  Par\n"
        "Bo      4  東京\n"
        "```\n\nDone."
    )


def test_cells_have_lines_and_bars() -> None:
    table = "| a | b |\n|---|---|\n| one<br>two | x \\| y |\n| 3 |\n| 4 | 5 | 6 |"
    assert shown(table) == "```\na    b\n───  ─────\none  x | y\ntwo\n3\n4    5 | 6\n```"


def test_a_wide_table_becomes_a_list() -> None:
    long = "what is far too long to stand beside anything else in one line of a chat"
    rows = f"| **A** | {long} | |\n| | x | [y](https://y.z) |"
    assert shown(f"| Tool | For | Note |\n|---|---|---|\n{rows}") == (
        f"Tool: **A**\n- For: {long}\n\n**Tool: 2**\n- For: x\n- Note: [y](https://y.z)"
    )


def test_two_columns_become_one_line_a_row() -> None:
    table = "Term | Meaning\n--- | ---\nx | [what](https://example.org) is looked for"
    assert shown(table) == "**Term: Meaning**\n- **x**: [what](https://example.org) is looked for"


def test_a_table_in_a_quotation_stays_there() -> None:
    assert shown("> | a |\n> |---|\n> | 1 |\n") == "> ```\n> a\n> ─\n> 1\n> ```\n"


def test_formulas_in_cells_are_readable() -> None:
    table = "| f | f' |\n|---|---|\n| $x^2$ | $2x$ |"
    assert "x²  2x" in outgoing(table, "discord", draws_tables=False).text
    assert outgoing(table, "discord").text.startswith("| f | f' |")


@pytest.mark.parametrize(
    "text", ["a | b", "```\n| a |\n|---|\n```", "| a |\n\n|---|", "x || y\n---", "|"]
)
def test_what_is_no_table_stays(text: str) -> None:
    assert shown(text) == text


def test_a_long_table_is_cut_between_blocks_that_all_have_their_header() -> None:
    rows = "\n".join(f"| {number} | {number**3} |" for number in range(400))
    parts = split(shown(f"| n | cube |\n|--:|--:|\n{rows}"), 1900)
    assert len(parts) > 2
    for part in parts:
        blocks = part.text.strip().removeprefix("```\n").removesuffix("\n```").split("```\n```")
        assert all(block.split()[:2] == ["n", "cube"] for block in blocks)


def test_a_table_that_grows_is_shown_when_it_is_whole() -> None:
    text = "So:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."
    seen = {text[:n]: laid_out(text[:n], n) for n in range(len(text) + 1)}
    out = {shown_[:settled] for shown_, settled in seen.values()}
    assert max((one for one in out if "```" not in one), key=len) == "So:\n\n"
    assert "So:\n\n```\na  b\n─  ─\n1  2\n```\n\nEnd." in out


@UNTIMED
@given(DOCUMENTS)
def test_nothing_is_lost_and_no_line_of_a_block_is_too_wide(text: str) -> None:
    out = shown(text)
    assert not letters(text) - letters(out)
    inside = False
    for line in out.split("\n"):
        if line.strip("> ") == "```":
            inside = not inside
        elif inside:
            assert width(line) <= WIDEST
    assert not inside


@UNTIMED
@given(DOCUMENTS, st.integers(0, 600))
def test_what_has_settled_never_changes(text: str, end: int) -> None:
    early, settled = laid_out(text[:end], len(text[:end]))
    assert settled <= len(early)
    assert shown(text).startswith(early[:settled])
