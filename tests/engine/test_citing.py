"""What a text refers to: markers of passages, links to files; whole and while it grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assistants import Json
from core.engine.citing import Citing, Sources, annotated, marker, next_search
from tests.fakes.rounds import cut_at


def sources(**files: str) -> Sources:
    """Two searches: three passages of two files, one of a third; and files that code left."""
    made = Sources(files={"out.csv": "file-out", "my data.csv": "file-my", **files})
    made.add_search(
        0,
        [
            {"file_id": "file-a", "file_name": "a.md"},
            {"file_id": "file-b", "file_name": "b.md"},
            {"file_id": "file-a", "file_name": "a.md"},
        ],
    )
    made.add_search(1, [{"file_id": "file-c", "file_name": "【c】†.md"}])
    made.earlier["【7:7†old.md】"] = "file-old"
    return made


def found(text: str, known: Sources | None = None) -> list[tuple[str, str, str]]:
    """Kind, words and File of each annotation, whose places must be right."""
    annotations = annotated(text, known or sources())
    end = 0
    for one in annotations:
        assert text[one["start_index"] : one["end_index"]] == one["text"]
        assert one["start_index"] >= end, "annotations never overlap"
        end = one["end_index"]
    return [(one["type"], one["text"], one[one["type"]]["file_id"]) for one in annotations]


CITED = "file_citation"
LINKED = "file_path"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains【0:0†a.md】.", [(CITED, "【0:0†a.md】", "file-a")]),
        ("【0:1†a name made up】", [(CITED, "【0:1†a name made up】", "file-b")]),
        (
            "𝔸【0:0†a.md】【0:1†b.md】",
            [(CITED, "【0:0†a.md】", "file-a"), (CITED, "【0:1†b.md】", "file-b")],
        ),
        (f"so {marker(1, 0, '【c】†.md')}", [(CITED, "【1:0†_c__.md】", "file-c")]),
        ("as before【7:7†old.md】", [(CITED, "【7:7†old.md】", "file-old")]),
        ("wrong numbers【5:5†b.md】", [(CITED, "【5:5†b.md】", "file-b")]),
        ("【9:9†unknown.md】 is left alone", []),
        ("【重要】 is punctuation", []),
        ("【0:0†a.md is never closed", []),
        ("【0:0†a\n.md】", []),
        ("【【0:0†a.md】】", [(CITED, "【0:0†a.md】", "file-a")]),
        (
            "[it](sandbox:/mnt/data/out.csv).",
            [(LINKED, "sandbox:/mnt/data/out.csv", "file-out")],
        ),
        ("See sandbox:/mnt/data/out.csv.", [(LINKED, "sandbox:/mnt/data/out.csv", "file-out")]),
        ("sandbox:/mnt/data/out.csv.gz is another one", []),
        ("sandbox:/mnt/data/out.csv2 as well", []),
        ("sandbox:/mnt/data/", []),
        (
            "[a](sandbox:/mnt/data/my%20data.csv) [b](sandbox:/mnt/data/my data.csv)",
            [
                (LINKED, "sandbox:/mnt/data/my%20data.csv", "file-my"),
                (LINKED, "sandbox:/mnt/data/my data.csv", "file-my"),
            ],
        ),
        ("/mnt/data/out.csv without the scheme", []),
    ],
)
def test_what_a_text_refers_to(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(text) == expected


def test_the_longest_name_wins() -> None:
    known = sources(**{"out.csv.gz": "file-gz"})
    text = "sandbox:/mnt/data/out.csv.gz and sandbox:/mnt/data/out.csv"
    assert [file for _, _, file in found(text, known)] == ["file-gz", "file-out"]


def test_the_next_search_has_a_number_that_no_earlier_answer_has() -> None:
    assert next_search([]) == 0
    assert next_search(["【0:3†a】 and 【4:0†b】", "【2:9†c】"]) == 5


_PIECES = st.sampled_from(
    ["【0:0†a.md】", "【0:1†b.md】", "【9:9†x】", "【", "】", "†", "0:", "sandbox:/mnt/data/",
     "out.csv", "my%20data.csv", "sandbox:", ".", "gz", " ", "\n", "x", "𝔸", "漢"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map("".join), st.lists(st.integers(0, 120), max_size=8))
def test_however_a_text_comes_it_refers_to_the_same(text: str, places: list[int]) -> None:
    """And an annotation is told when its words are there, never before."""
    citing = Citing(sources())
    told: list[Json] = []
    seen = 0
    for piece in cut_at(text, places):
        seen += len(piece)
        fresh = citing.feed(piece)
        assert all(one["end_index"] <= seen for one in fresh)
        told += fresh
    told += citing.finish()
    assert told == citing.annotations == annotated(text, sources())
    assert [one["text"] for one in told] == [
        text[one["start_index"] : one["end_index"]] for one in told
    ]


def test_ordinary_text_is_not_kept_back() -> None:
    """Memory: what may be the beginning of something is short."""
    citing = Citing(sources())
    for _ in range(1000):
        citing.feed("【 words † and sandbox: words 】" * 10)
    assert citing.annotations == []
