"""A text is cut where it ends anyway, and nothing of it is lost."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.search.chunking import Span, cut, windows
from core.engine.context import estimated_tokens
from core.engine.searching import Chunking

PIECES = st.sampled_from(
    [
        "word ",
        "Sentence. ",
        "line\n",
        "paragraph\n\n",
        "東京都に住む。",
        "x" * 90,
        "  ",
        "é",
        "🦆",
        "\t",
    ]
)
TEXTS = st.lists(PIECES, max_size=200).map("".join) | st.text(max_size=400)


@st.composite
def chunkings(draw: st.DrawFn) -> Chunking:
    most = draw(st.integers(3, 400))
    return Chunking(most, draw(st.integers(0, most // 2)))


def joined(text: str, spans: Sequence[Span]) -> str:
    """The passages without what each shares with the one before."""
    whole, reached = "", 0
    for start, end in spans:
        assert start <= reached < end
        whole += text[reached:end]
        reached = end
    return whole


@settings(max_examples=300, deadline=None)
@given(TEXTS, chunkings())
def test_passages_joined_without_overlaps_are_the_text(text: str, chunking: Chunking) -> None:
    spans = cut(text, chunking)
    assert joined(text, spans) == text
    for start, end in spans:
        assert estimated_tokens(text[start:end]) <= chunking.max_tokens
    for (start, end), (again, _) in itertools.pairwise(spans):
        assert start < again <= end
        if again < end:
            assert estimated_tokens(text[again:end]) <= chunking.overlap_tokens


@settings(max_examples=200, deadline=None)
@given(TEXTS, chunkings())
def test_windows_cover_the_text_once_and_every_passage_has_some(
    text: str, chunking: Chunking
) -> None:
    passages = cut(text, chunking)
    found, owned = windows(text, passages, chunking)
    assert joined(text, found) == text
    assert len(owned) == len(passages)
    for (first, last), (start, end) in zip(owned, passages, strict=True):
        assert 0 <= first < last <= len(found)
        for begin, finish in found[first:last]:
            assert begin < end
            assert finish > start
    if text:
        assert {number for first, last in owned for number in range(first, last)} == set(
            range(len(found))
        )


def passages(text: str, most: int, overlap: int = 0) -> list[str]:
    return [text[start:end] for start, end in cut(text, Chunking(most, overlap))]


def test_a_paragraph_is_not_torn() -> None:
    first, second = "One two three. " * 8 + "\n\n", "Four five six. " * 8
    assert passages(first + second, 60) == [first, second]


def test_without_paragraphs_a_sentence_is_whole() -> None:
    text = "This is a sentence with some words. " * 20
    assert all(passage.endswith("words. ") for passage in passages(text, 50))


def test_code_is_cut_at_line_ends() -> None:
    text = "".join(f"    total_{n} = compute(values[{n}], scale={n})\n" for n in range(60))
    assert all(passage.rstrip(" ").endswith("\n") for passage in passages(text, 100))


def test_the_next_passage_begins_with_a_sentence() -> None:
    text = "Every sentence begins with a capital letter. " * 60
    found = passages(text, 200, 100)
    assert len(found) > 3
    assert all(passage.startswith("Every") for passage in found)
    assert sum(map(len, found)) > 1.5 * len(text)


def test_a_word_without_end_is_cut_all_the_same() -> None:
    assert "".join(passages("x" * 10_000, 100)) == "x" * 10_000


@pytest.mark.parametrize("text", ["a" * 200_000, "\n" * 200_000, "é. " * 60_000, " \n" * 90_000])
def test_no_text_makes_many_more_passages_than_it_has_room_for(text: str) -> None:
    assert len(cut(text, Chunking(800, 400))) < 4 * estimated_tokens(text) / 400


def test_an_empty_text_has_no_passages() -> None:
    assert cut("", Chunking()) == []
