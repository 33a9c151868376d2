"""Markdown as models write it, and as nobody should, for property tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No property here is about time, and a busy machine must not fail one."""

WORDS = st.sampled_from(
    [
        *["the", "a", "sort", "of", "divide", "conquer", "recursion", "n+1", "O(n)", "naïve"],
        *[
            "漢字かな交じり文",
            "👩\u200d👩\u200d👧",
            "🇩🇪🇫🇷",
            "e\u0301t\u00e9",
            "**strong**",
            "**a b**",
        ],
        *["`code span`", "[a link](https://example.org/x_(y))", "$x^2 + 1$", "\\(a_i\\)", "<@U1>"],
        *["~~gone~~", "|", "||", "\\$5", "$5", "*it*", "https://example.org/a/long/one?with=query"],
    ]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=25).map(lambda words: " ".join(words) + ". ")
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=4).map("".join)
QUOTES = PARAGRAPHS.map(lambda text: "> " + text)
HEADINGS = st.tuples(st.integers(1, 4), SENTENCES).map(lambda it: "#" * it[0] + " " + it[1][:60])
CODE_LINES = st.sampled_from(
    ["x = 1", "", "    return {'a': [1, 2]}", "# comment", "> not a quote", "- no item", "1 | 2"]
)


@st.composite
def fences(draw: st.DrawFn, *, closed: bool | None = None) -> str:
    marker = draw(st.sampled_from(["```", "````", "~~~"]))
    info = draw(st.sampled_from(["", "python", "c++", "js title=x"]))
    indent = draw(st.sampled_from(["", "", "   ", "> "]))
    lines = draw(st.lists(CODE_LINES, max_size=25))
    is_closed = draw(st.booleans()) if closed is None else closed
    rows = [marker + info, *lines, *([marker] if is_closed else [])]
    return "\n".join(indent + row for row in rows)


@st.composite
def tables(draw: st.DrawFn) -> str:
    columns = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(WORDS, min_size=columns, max_size=columns), max_size=12))
    header = ["head"] * columns
    lines = [header, ["---"] * columns, *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


@st.composite
def lists(draw: st.DrawFn) -> str:
    entries = draw(
        st.lists(st.tuples(st.integers(0, 3), st.booleans(), PARAGRAPHS, st.booleans()), max_size=8)
    )
    lines: list[str] = []
    depth = -1
    for number, (wanted, ordered, text, loose) in enumerate(entries, 1):
        depth = min(wanted, depth + 1)
        marker = f"{number if depth == 0 else 1}." if ordered else "-"
        lines.append("   " * depth + f"{marker} {text}")
        if loose:
            lines += ["", "   " * (depth + 1) + "more of it"]
    return "\n".join(lines)


MATHEMATICS = st.sampled_from(
    ["$$\nx = \\frac{1}{2}\n$$", "$$x$$", "\\[\na\n+ b\n\\]", "$$\nnever closed", "costs $$"]
)
NOISE = st.text(st.sampled_from("`~$|*_#->[]()<>\\ \n\tx1.漢\u0301\u200d👩🇩"), max_size=80)
RUNS = st.tuples(
    st.sampled_from(["`", "$", "|", "x", " ", "\n", "漢", "\u0301", "> ", "- ", "[", "**", "\\"]),
    st.integers(1, 300),
).map(lambda it: it[0] * it[1])
BLOCKS = st.one_of(
    PARAGRAPHS, QUOTES, HEADINGS, fences(), tables(), lists(), MATHEMATICS, NOISE, RUNS
)
DOCUMENTS = st.lists(
    st.tuples(BLOCKS, st.sampled_from(["\n", "\n\n", "\n\n\n", "", "\r\n"])), max_size=10
).map(lambda blocks: "".join(block + end for block, end in blocks))
TIDY_BLOCKS = st.one_of(PARAGRAPHS, HEADINGS, fences(closed=True), tables(), lists())
TIDY = st.lists(TIDY_BLOCKS, max_size=8).map("\n\n".join)
"""What models write when they write well: every block closed and set apart by a blank line."""
