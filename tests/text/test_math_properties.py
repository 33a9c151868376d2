"""What holds for every text with or without mathematics in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.chat.text import symbols
from core.chat.text.latex import parse
from core.chat.text.math import readable
from core.chat.text.mentions import Platform
from core.chat.text.outgoing import outgoing
from core.chat.text.split import StreamingSplitter, join, split
from tests.text.documents import DOCUMENTS, MATHEMATICS, UNTIMED

LEAVES = st.one_of(
    st.sampled_from("abcxyzknmXYZ0123456789"),
    st.sampled_from(["+", "-", "=", "<", ",", ", ", " ", r"\,", "12", "3.5", "'", r"\{", r"\}"]),
    st.sampled_from([*symbols.ORDINARY, *symbols.RELATIONS, *symbols.BINARY]).map(
        lambda name: f"\\{name} "
    ),
)


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map("".join),
        pairs.map(lambda it: f"\\frac{{{it[0]}}}{{{it[1]}}}"),
        pairs.map(lambda it: f"{{{it[0]}}}^{{{it[1]}}}"),
        pairs.map(lambda it: f"{{{it[0]}}}_{{{it[1]}}}"),
        pairs.map(lambda it: f"\\begin{{bmatrix}}{it[0]} & {it[1]} \\\\ {it[1]}\\end{{bmatrix}}"),
        inner.map(lambda it: f"\\sqrt[3]{{{it}}}"),
        inner.map(lambda it: f"\\left({it}\\right]"),
        inner.map(lambda it: f"\\mathbb{{{it}}}"),
        inner.map(lambda it: f"\\vec{{{it}}}"),
        inner.map(lambda it: f"\\text{{say {it.translate(_NO_MARKS)}}}"),
        inner.map(lambda it: f"\\unknown{{{it}}}"),
    )


_NO_MARKS = str.maketrans("", "", "\\{}$'")
FORMULAS = st.recursive(LEAVES, _composed, max_leaves=12)
FRAGMENTS = st.lists(
    st.sampled_from(
        ["$", "$$", "\\(", "\\)", "\\[", "\\]", "{", "}", "^", "_", "&", "\\\\", "\\frac", "\\left",
         "\\right", "\\begin{cases}", "\\end{cases}", "\\sqrt", "[", "]", "\\text", "x", "1", " ",
         "\n", "\n\n", "`", "```\n", "|", "> ", "- ", "\\", "\\@", "@everyone", "<!here>", "word "]
    ),
    max_size=30,
).map("".join)  # fmt: skip
TEXTS = st.one_of(FRAGMENTS, st.tuples(FRAGMENTS, DOCUMENTS, FRAGMENTS).map("".join))
PLATFORMS: st.SearchStrategy[Platform] = st.sampled_from(["slack", "discord", "generic"])


def characters(text: str) -> Counter[str]:
    """Letters and digits, whatever alphabet or height they are set in."""
    plain = unicodedata.normalize("NFKC", text).replace("⁄", "/")
    return Counter(each for each in plain if each.isascii() and each.isalnum())


def written(latex: str) -> Counter[str]:
    """Letters and digits of a formula that are not part of a macro's name."""
    latex = re.sub(r"\\[A-Za-z]+", " ", latex).replace("{bmatrix}", "").replace("[3]", "")
    return characters(latex)


@UNTIMED
@given(FORMULAS)
def test_no_letter_or_digit_of_a_formula_is_lost(latex: str) -> None:
    shown = readable(f"\\({latex}\\)").text
    assert not written(latex) - characters(shown)


@UNTIMED
@given(FORMULAS)
def test_a_formula_that_is_not_understood_stays_as_written(latex: str) -> None:
    shown = readable(f"$$\\unknown {latex}$$")
    if latex.strip():
        assert parse(f"\\unknown {latex}") is None
        assert " ".join(f"\\unknown {latex}".split()) in shown.text
        assert len(shown.images) == 1


@UNTIMED
@given(TEXTS)
def test_no_text_raises_and_one_without_marks_stays(text: str) -> None:
    readable(text)
    plain = text.replace("$", "").replace("\\", "")
    assert readable(plain).text == plain
    assert readable(plain).images == ()


@UNTIMED
@given(TEXTS, st.integers(0, 400))
def test_what_has_settled_never_changes(text: str, end: int) -> None:
    early = readable(text[:end])
    assert early.settled <= len(early.text)
    assert readable(text).text.startswith(early.text[: early.settled])


GROWING = st.lists(st.one_of(MATHEMATICS, FRAGMENTS, st.just("word ")), max_size=4).map("\n".join)


@UNTIMED
@given(GROWING, PLATFORMS)
def test_what_has_settled_never_changes_wherever_the_text_stops(
    text: str, platform: Platform
) -> None:
    text = text[:160]
    whole = outgoing(text, platform).text
    for end in range(len(text)):
        early = outgoing(text[:end], platform)
        assert whole.startswith(early.text[: early.settled]), end


@UNTIMED
@given(TEXTS, PLATFORMS, st.integers(64, 300), st.lists(st.integers(1, 60), max_size=20))
def test_an_answer_that_grows_keeps_the_parts_that_are_out(
    text: str, platform: Platform, limit: int, steps: list[int]
) -> None:
    splitter = StreamingSplitter(limit)
    end = 0
    for step in steps:
        end += step
        now = outgoing(text[:end], platform)
        shown = splitter.update(now.text, now.settled)
        assert join(shown) == now.text
    whole = outgoing(text, platform).text
    assert splitter.update(whole) == split(whole, limit)
