"""What holds for every text, every limit and every way in which a text grows."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.chat.text.blocks import scan
from core.chat.text.split import MINIMUM_LIMIT, Measure, Part, StreamingSplitter, join, split
from tests.text.documents import DOCUMENTS, TIDY, UNTIMED

LIMITS = st.one_of(st.integers(MINIMUM_LIMIT, 200), st.integers(MINIMUM_LIMIT, 3000))


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped(text: str) -> int:
    return len(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


MEASURES: st.SearchStrategy[Measure] = st.sampled_from([len, utf16_units, escaped])


def open_fence(text: str) -> str | None:
    """The marker of the fence that `text` leaves open: a second, independent reading."""
    marker: str | None = None
    for line in text.split("\n"):
        bare = re.sub(r"^(?:[ ]{0,3}> ?)+", "", line).strip()
        bare = re.sub(r"^(?:(?:[-*+]|\d{1,9}[.)])\s+)(?=```|~~~)", "", bare)
        run = re.match(r"`{3,8}(?=[^`]*$)|~{3,8}(?!~)", bare)
        if marker is None and run:
            marker = run[0]
        elif marker is not None and bare == marker[0] * len(bare) and len(bare) >= len(marker):
            marker = None
    return marker


@UNTIMED
@given(DOCUMENTS, LIMITS, MEASURES)
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int, measure: Measure) -> None:
    parts = split(text, limit, measure=measure)
    assert join(parts) == text
    assert all(measure(part.text) <= limit for part in parts)
    assert all(part.body for part in parts)


@UNTIMED
@given(DOCUMENTS, LIMITS, st.integers(0, 40))
def test_overhead_is_left_free(text: str, limit: int, overhead: int) -> None:
    parts = split(text, limit + overhead, overhead=overhead)
    assert parts == split(text, limit)


@UNTIMED
@given(TIDY, LIMITS)
def test_every_part_closes_its_fences(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert open_fence(part.text) is None, part


def code_in(text: str) -> str:
    """All code of a text, without line ends, as a CommonMark parser reads it."""
    tokens = MarkdownIt("commonmark").parse(text)
    code = "".join(each.content for each in tokens if each.type in ("fence", "code_block"))
    return code.replace("\n", "")


@UNTIMED
@given(TIDY, st.integers(150, 1500))
def test_a_commonmark_parser_finds_the_same_code_in_the_parts(text: str, limit: int) -> None:
    assert "".join(code_in(part.text) for part in split(text, limit)) == code_in(text)


@UNTIMED
@given(DOCUMENTS, LIMITS)
def test_no_fence_is_left_open_by_our_own_reading(text: str, limit: int) -> None:
    for part in split(text, limit):
        *_, last = scan(part.text)
        assert last.after.fence is None or last.after.fence.is_math, part


@UNTIMED
@given(DOCUMENTS, LIMITS, MEASURES, st.lists(st.integers(1, 400), max_size=30))
def test_closed_parts_never_change_while_the_text_grows(
    text: str, limit: int, measure: Measure, steps: list[int]
) -> None:
    whole = split(text, limit, measure=measure)
    splitter = StreamingSplitter(limit, measure=measure)
    end = 0
    closed: tuple[Part, ...] = ()
    for step in [*steps, len(text)]:
        end = min(len(text), end + step)
        parts = splitter.update(text[:end])
        assert join(parts) == text[:end]
        assert splitter.closed[: len(closed)] == closed
        closed = splitter.closed
        assert len(parts) - len(closed) <= 1
        assert whole[: len(closed)] == closed
        assert parts == split(text[:end], limit, measure=measure)
    assert splitter.update(text) == whole


@settings(UNTIMED, max_examples=20)
@given(DOCUMENTS, LIMITS)
def test_one_character_at_a_time_gives_the_same_parts(text: str, limit: int) -> None:
    text = text[:600]
    splitter = StreamingSplitter(limit)
    for end in range(len(text)):
        splitter.update(text[:end])
    assert splitter.update(text) == split(text, limit)


@UNTIMED
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, LIMITS)
def test_what_is_not_settled_may_be_replaced(
    stable: str, first: str, second: str, limit: int
) -> None:
    splitter = StreamingSplitter(limit)
    shown = splitter.update(stable + first, settled=len(stable))
    assert join(shown) == stable + first
    assert all(len(part.text) <= limit for part in shown)
    assert splitter.update(stable + second) == split(stable + second, limit)
