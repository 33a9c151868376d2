"""Text made to be slow costs no more than its length: work is counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from core.chat.text.outgoing import outgoing
from core.chat.text.speakers import attribute, attribution
from core.chat.text.split import join, split

SIZE = 200_000
UNITS = [
    "`", "$", "|", "|\n", "\n", "[", "` ", "** ", "\\", "> ", "- ", "<", "```\n", "`a``b", "$a $",
    "$x$ ", "$$x$$\n", "\\(", "\\[ ", "$\\foo$ ", "[a](", "\\$", "> $$\n", "@here ", "x", "\u0301",
    " ", "- x\n", "|a|\n|-|\n", "|a|\n|-|\n|x|\n\n",
]  # fmt: skip
NESTED = ["$" + "{" * SIZE + "$", "$" + "\\sqrt{" * 30_000 + "$", "$x" + "^{x" * 60_000 + "$"]


def calls(work: Callable[[], object]) -> int:
    """How many functions, ours and built in, `work` calls."""
    count = 0

    def seen(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("unit", UNITS)
def test_splitting_measures_each_character_a_bounded_number_of_times(unit: str) -> None:
    text = unit * (SIZE // len(unit))
    measured = 0

    def measure(part: str) -> int:
        nonlocal measured
        measured += len(part)
        return len(part)

    assert join(split(text, 2000, measure=measure)) == text
    assert measured < 60 * SIZE


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_with_the_length_only(unit: str) -> None:
    def work(size: int) -> int:
        text = unit * (size // len(unit))
        return calls(lambda: (outgoing(text, "generic", draws_tables=False), split(text, 2000)))

    assert work(SIZE // 8) < 2.5 * work(SIZE // 16) + 2000


@pytest.mark.parametrize("text", NESTED, ids=["braces", "roots", "scripts"])
def test_a_formula_without_end_is_left_alone(text: str) -> None:
    assert calls(lambda: outgoing(text, "generic")) < SIZE
    assert text.strip("$") in outgoing(text, "generic").text


def test_a_long_message_of_line_ends_keeps_its_speaker() -> None:
    text = "\r\n" * (SIZE // 2)
    read = attribution(attribute("Ada", text))
    assert read is not None
    assert read.text == text
