"""A JSON object read while it is written gives the same values as one read when it is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.json_text import JsonFields
from tests.fakes.rounds import cut_at


def read(*pieces: str) -> dict[str, str]:
    fields = JsonFields()
    values: dict[str, str] = {}
    for key, piece in [p for text in pieces for p in fields.feed(text)] + fields.end():
        values[key] = values.get(key, "") + piece
    return values


_text = st.text(st.characters(codec="utf-8", exclude_characters="\f\b"), max_size=12)
_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_key = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=6)


@given(
    st.dictionaries(_key, _json, max_size=5),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(0, 300), max_size=30),
)
def test_any_object_cut_anywhere(
    value: dict[str, Any], indent: int | None, ascii_only: bool, fence: bool, cuts: list[int]
) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if fence:
        written = f"```json\n{written}\n```"
    got = read(*cut_at(written, cuts))
    assert set(got) == set(value)
    for key, expected in value.items():
        assert (got[key] if isinstance(expected, str) else json.loads(got[key])) == expected


def test_a_string_is_given_as_it_is_written() -> None:
    fields = JsonFields()
    assert fields.feed('{"reply": "Fo') == [("reply", ""), ("reply", "Fo")]
    assert fields.feed("ur\\") == [("reply", "ur")]
    assert fields.feed('n"') == [("reply", "\n")]
    assert not fields.complete
    assert fields.feed("} and more") == []
    assert fields.complete


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\(x\)", r"\(x\)"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        (r"\\frac", r"\frac"),
        (r"\u00e9\u12", "é"),
        (r"\uZZ", r"\uZZ"),
        (r"\ud83d\ude00!", "😀!"),
        (r"\ud83d!", "\ufffd!"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_careless_strings(written: str, meant: str) -> None:
    text = '{"reply": "' + written
    assert read(*text)["reply"].startswith(meant)
    closed = read(*text, '"', "}")["reply"]
    assert closed.startswith(meant)


@pytest.mark.parametrize(
    "text", ["Four.", "  Four.", "`x`", "```python\nprint(1)\n```", "```json\nno", "[1]", "``"]
)
def test_what_is_no_object_is_prose(text: str) -> None:
    assert read(text) == read(*text) == {"": text}


def test_an_object_that_breaks_off_gives_what_there_was() -> None:
    assert read('{"action": "reply", "reply": "It is ')["reply"] == "It is "
    assert read("{") == {}
    assert read('{"a') == {}
