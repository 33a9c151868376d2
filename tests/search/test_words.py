"""Words of questions and texts meet, in every script; rankings become one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.search.fusion import DEPTH, fused, nearness
from adapters.search.library import LibraryFile
from adapters.search.pooled import reordered, shares
from adapters.search.prepared import Contents
from adapters.search.terms import expression, indexed, terms
from core.engine.searching import Shelf


@pytest.fixture
def library(tmp_path: Path) -> LibraryFile:
    return LibraryFile(tmp_path / "library.db")


def put(library: LibraryFile, *texts: str) -> None:
    library.add(
        [
            (Shelf(f"file-{n}", f"blob-{n}"), Contents(text, [(0, len(text))], [(0, 0)]))
            for n, text in enumerate(texts)
        ]
    )


def ask(library: LibraryFile, question: str) -> list[str]:
    found = library.by_words(expression(terms(question)), None, 50)
    rows = library.rows([number for number, _ in found])
    return [rows[number].text for number, _ in found]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("She was running along the river.", "who runs?"),
        ("Das Café öffnet früh.", "cafe offnet"),
        ("東京都の人口は千四百万人です。", "人口"),
        ("東京都の人口は千四百万人です。", "東京の人口は？"),
        ("我们在北京大学学习中文。", "北京"),
        ("ประเทศไทยมีเมืองหลวงชื่อกรุงเทพ", "เมืองหลวง"),
        ("서울은 대한민국의 수도입니다.", "대한민국 수도"),
        ("हिन्दी भारत की भाषा है।", "हिन्दी भाषा"),
        ("Москва — столица России.", "столица"),
        ("call foo_bar(2) to begin", "what does foo_bar do"),
        ("Version 3.11 is needed.", "version 3.11"),
        ("x = 東京 + 1", "東京"),
    ],
)
def test_a_question_finds_its_text(library: LibraryFile, text: str, question: str) -> None:
    put(library, "Nothing to do with it.", text, "全然別の話。", "Совсем другое.")
    assert ask(library, question)[0] == text


def test_two_characters_are_a_word_where_words_have_no_spaces(library: LibraryFile) -> None:
    put(library, "北京大学", "大学北京", "北海道")
    assert set(ask(library, "北京")) == {"北京大学", "大学北京"}


def test_stop_words_do_not_count_unless_there_is_nothing_else() -> None:
    assert terms("What is the capital of France?") == ["capital", "france"]
    assert terms("What is it?") == ["what", "is", "it"]
    assert terms("?!") == []


def test_a_very_long_question_keeps_its_longest_words() -> None:
    words = [f"w{number:0{number % 7 + 3}}" for number in range(500)]
    kept = terms(" ".join(words))
    assert len(kept) < 100
    assert min(map(len, kept)) >= sorted(map(len, words))[len(words) // 2]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> LibraryFile:
    library = LibraryFile(tmp_path_factory.mktemp("shared") / "library.db")
    put(library, "Some text.", "東京都", "NEAR AND OR NOT")
    return library


@settings(deadline=None)
@given(question=st.text(max_size=200))
def test_whatever_is_asked_is_no_syntax(shared: LibraryFile, question: str) -> None:
    words = terms(question)
    if words:
        assert len(shared.by_words(expression(words), None, 50)) <= 3
    assert indexed(question).replace(" ", "").startswith(question[:1].strip())


def test_what_is_removed_is_not_found(library: LibraryFile) -> None:
    put(library, "heron and 東京", "heron")
    _, gone = library.difference([Shelf("file-1", "blob-1")])
    library.remove(gone)
    assert ask(library, "heron") == ["heron"]
    assert ask(library, "東京") == []
    assert library.containing(expression(["heron"])) == 1


# ------------------------------------------------------------------------- rankings


def falling(items: Iterable[str]) -> list[tuple[str, float]]:
    """Items from 1 down, each worth a tenth less."""
    return [(item, 1.0 - place / 10) for place, item in enumerate(items)]


def test_first_everywhere_is_one() -> None:
    assert fused([(1.0, falling("abc")), (0.5, falling("acb"))])[0] == ("a", 1.0)


def test_what_both_have_is_better_than_what_one_has() -> None:
    found = dict(fused([(1.0, falling("ab")), (1.0, falling("cb"))]))
    assert found["a"] == found["c"] == 0.5
    assert found["b"] == pytest.approx(0.9)


def test_only_the_ratio_of_weights_counts() -> None:
    rankings = [falling("abc"), falling("cab")]
    once = fused(zip([1.0, 3.0], rankings, strict=True))
    assert once == [(i, pytest.approx(s)) for i, s in fused(zip([2.0, 6.0], rankings, strict=True))]
    assert fused([(0.0, falling("abc")), (1.0, falling("cab"))]) == falling("cab")


def test_the_best_of_poor_matches_by_words_is_no_match_for_what_is_meant() -> None:
    poor = [("words", 0.3)]
    assert fused([(1.0, poor), (1.0, falling("m"))])[0][0] == "m"
    assert fused([(1.0, poor)]) == [("words", pytest.approx(0.3))]


@given(st.lists(st.tuples(st.floats(0.01, 9), st.permutations("abcdef")), min_size=1, max_size=5))
def test_scores_fall_from_1_to_0(rankings: list[tuple[float, list[str]]]) -> None:
    scores = [score for _, score in fused((weight, falling(items)) for weight, items in rankings)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_how_near_something_is_depends_on_what_else_there_is() -> None:
    """Embedders differ: cosines of one lie between 0.7 and 0.9, those of another around 0."""
    far = [(f"far {number}", 0.7) for number in range(DEPTH - 2)]
    near = nearness([("near", 0.9), ("half", 0.8), *far])
    assert near[:2] == [("near", 1.0), ("half", pytest.approx(0.5))]
    assert all(0 < value < 0.05 for _, value in near[2:])
    few = nearness([("near", 0.6), ("as near", 0.57), ("not at all", -0.01)])
    assert [round(value, 2) for _, value in few] == [1.0, 0.95, 0.01]
    assert nearness([("a", 0.6), ("b", 0.3)]) == [("a", 1.0), ("b", 0.5)], "0 is far"
    assert nearness([("a", -0.1)]) == [("a", 0.01)]
    assert nearness([(str(number), 0.5) for number in range(60)])[-1] == ("49", 1.0), "all alike"
    assert nearness([]) == []


def test_a_share_says_how_much_of_the_question_a_passage_has(library: LibraryFile) -> None:
    put(library, "heron and badger", "heron and nothing", *["some other text"] * 30)
    words = ["heron", "badger"]
    rarity = {word: library.containing(expression([word])) for word in words}
    found = library.by_words(expression(words), None, 50)
    (_, whole), (_, half) = shares(found, rarity, library.count())
    assert whole == 1.0
    assert 0.3 < half < 0.6
    rarity["unheard-of"] = 0
    (_, less), _ = shares(found, rarity, library.count())
    assert 0.4 < less < 0.8


def test_libraries_of_different_sizes_have_one_scale() -> None:
    texts = {"long": "the heron and the weather of today", "short": "heron heron migration"}
    found = reordered(texts, {"heron": 50, "migration": 1}, 100)
    assert [key for key, _ in found] == ["short", "long"]
    assert found[0][1] == 1.0
    assert 0 < found[1][1] < 0.3
    stems = {"a": "weather", "b": "migrating"}
    assert reordered(stems, {"weather": 60, "migration": 2}, 100)[0][0] == "b"
