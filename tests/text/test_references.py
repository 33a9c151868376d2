"""References of an answer as people read them, whole and while the answer grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.text.references import named


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[the sum](sandbox:/mnt/data/sum.csv).", "the sum (sum.csv)."),
        ("[sum.csv](sandbox:/mnt/data/sum.csv)", "sum.csv"),
        ("[](sandbox:/mnt/data/sum.csv)", "(sum.csv)"),
        ("[it](sandbox:/mnt/data/my%20sum.csv)", "it (my sum.csv)"),
        ("[it](sandbox:/mnt/data/my sum.csv)", "it (my sum.csv)"),
        ("See sandbox:/mnt/data/sum.csv.", "See sum.csv."),
        ("(sandbox:/mnt/data/sum.csv)", "(sum.csv)"),
        ("Nine days【0:1†may.md】, it says.", "Nine days [1], it says.\n\nSources: [1] may.md"),
        ("Nine days 【0:1†may.md】", "Nine days [1]\n\nSources: [1] may.md"),
        (
            "May【0:1†may.md】, June【0:2†j.md】, May again【1:0†may.md】【1:1†】.",
            "May [1], June [2], May again [1] [3].\n\nSources: [1] may.md · [2] j.md · [3] a file",
        ),
        ("【重要】 [a link](https://a.org)", "【重要】 [a link](https://a.org)"),
        ("- [ ] to do", "- [ ] to do"),
        ("/mnt/data/sum.csv", "/mnt/data/sum.csv"),
    ],
)  # fmt: skip
def test_references_by_name(written: str, shown: str) -> None:
    assert named(written, final=True) == shown


_PIECES = st.sampled_from(
    ["[", "]", "(", ")", "sandbox:/mnt/data/", "sum.csv", "sand", "box:", "/mnt", "【", "0:1†",
     "】", "may.md", " ", "\n", "word", ".", "[it](sandbox:/mnt/data/a.csv)", "【2:3†b.md】"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_what_was_shown_of_a_growing_text_stays(text: str) -> None:
    whole = named(text, final=True)
    for end in range(len(text) + 1):
        assert whole.startswith(named(text[:end], final=False)), text[:end]


def test_plain_text_is_shown_at_once() -> None:
    text = "It rains. Nothing here [refers] to a file"
    assert named(text, final=False) == text
