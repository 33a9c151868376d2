"""A model's thinking never reaches people, and nothing else is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.think import ThinkFilter
from tests.fakes.rounds import cut_at


def shown(*pieces: str) -> str:
    think = ThinkFilter()
    return "".join(think.feed(piece) for piece in pieces) + think.end()


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Four.", "Four."),
        ("<think>2+2</think>\n\nFour.", "Four."),
        ("\n<think>\nhm\n</think>Four.", "Four."),
        ("<thinking>a</thinking><think>b</think> Four.", "Four."),
        ("<think></think>Four.", "Four."),
        ("<think>never ends", ""),
        ("Write `<think>a</think>` so.", "Write `<think>a</think>` so."),
        ("<thin ice", "<thin ice"),
        ("<th", "<th"),
        ("<think></think><", "<"),
        ("  ", "  "),
        ("  indented", "  indented"),
        ("", ""),
    ],
)
def test_only_leading_thoughts_are_dropped(text: str, visible: str) -> None:
    assert shown(text) == visible
    assert shown(*text) == visible


def test_text_is_shown_as_soon_as_it_cannot_be_a_tag() -> None:
    think = ThinkFilter()
    assert think.feed("<") == ""
    assert think.feed("b") == "<b"
    assert think.feed(">bold") == ">bold"


_BLOCK = re.compile(r"\s*<(think|thinking)>.*?</\1>", re.DOTALL)


def _reference(text: str) -> str:
    rest = text
    while match := _BLOCK.match(rest):
        rest = rest[match.end() :]
    if re.match(r"\s*<(think|thinking)>", rest):
        return ""
    return rest if rest == text else rest.lstrip()


@given(
    st.lists(
        st.sampled_from(
            ["<think>", "</think>", "<thinking>", "</thinking>", "<", "</", "a", " ", "\n", "th"]
        )
    ).map("".join),
    st.lists(st.integers(0, 60)),
)
def test_cutting_changes_nothing(text: str, cuts: list[int]) -> None:
    assert shown(*cut_at(text, cuts)) == _reference(text)
