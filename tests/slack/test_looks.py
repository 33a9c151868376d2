"""How a message of ours reads: what Slack draws is left to it, what it does not is text."""

from __future__ import annotations

from adapters.slack.render import MOST_COLUMNS, MOST_ROWS, blocks, message
from core.chat.doing import Doing
from core.chat.messages import Post
from tests.fakes.slack.looks import check_blocks, small_print, words

SMALL = "| a | b |\n|---|---|\n| 1 | 2 |"


def shown(text: str) -> str:
    """What the blocks of a post say; Slack takes them."""
    made = message(Post(part_id="r.0.0", text=text))
    check_blocks(made)
    return words(made)


def test_a_table_is_drawn_by_slack() -> None:
    assert shown(f"Here:\n\n{SMALL}\n\nDone.") == f"Here:\n\n{SMALL}\n\nDone."


def test_of_several_tables_slack_draws_the_first_and_the_others_are_text() -> None:
    said = shown(f"One:\n\n{SMALL}\n\nTwo:\n\n{SMALL}\n\nDone.")
    assert said.startswith(f"One:\n\n{SMALL}\n\nTwo:\n\n```\na  b\n─  ─\n1  2\n```")
    assert said.endswith("\n\nDone.")


def test_tables_that_are_too_large_for_slack_are_text() -> None:
    rows = "".join(f"\n| {number} | x |" for number in range(MOST_ROWS))
    high = f"| n | m |\n|---|---|{rows}"
    assert "|---|" not in shown(high)
    assert f"{MOST_ROWS - 1}  x" in shown(high)
    assert shown(high.rsplit("\n", 1)[0]).startswith("| n | m |")
    wide = "|".join("abcdefghijklmnopqrstu")
    assert len("abcdefghijklmnopqrstu") == MOST_COLUMNS + 1
    assert "|--" not in shown(f"{wide}\n{'|'.join(['--'] * (MOST_COLUMNS + 1))}\n{wide}")


def test_a_table_that_would_be_too_long_as_text_stays_as_it_was_written() -> None:
    rows = "\n|x|y|" * 1_400
    text = f"|a|{'b' * 40}|\n|-|-:|{rows}"
    assert shown(text) == text


def test_a_table_within_code_is_code() -> None:
    text = f"{SMALL}\n\n```\n{SMALL}\n```"
    assert shown(text) == text


def test_what_was_done_stands_small_above_the_text() -> None:
    ran = Doing("c", "code_interpreter", state="done")
    found = blocks(Post(part_id="r", text="It is 4.", doing=(ran,)))
    assert [block["type"] for block in found] == ["context", "markdown"]
    assert small_print({"blocks": found}) == "Ran code"
    assert message(Post(part_id="r", text="", doing=(ran,)))["text"] == "Ran code"
