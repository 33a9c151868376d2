"""Server-sent events come out the same however the network cuts them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.sse import MAX_EVENT_BYTES, SseParser
from core.errors import ModelUnavailable

Event = tuple[str, bytes]


def parse(*chunks: bytes) -> list[Event]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


def test_names_data_and_comments() -> None:
    stream = b": hello\n\nevent: a\ndata: 1\n\ndata:2\ndata: 3\n\nid: 7\nretry: 9\n\n"
    assert parse(stream) == [("a", b"1"), ("", b"2\n3")]


def test_a_last_event_without_its_empty_line_still_counts() -> None:
    assert parse(b"data: 1\n\ndata: [DONE]") == [("", b"1"), ("", b"[DONE]")]


def test_an_event_comes_out_as_soon_as_its_empty_line_is_there() -> None:
    parser = SseParser()
    assert parser.feed(b"data: 1\n") == []
    assert parser.feed(b"\n") == [("", b"1")]
    assert parser.feed(b"data: 2\r\r") == [("", b"2")]


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    assert parse(b"\xef\xbb", b"\xbfdata: 1\n\n") == [("", b"1")]


def test_an_event_without_end_is_given_up() -> None:
    parser = SseParser()
    with pytest.raises(ModelUnavailable, match="too large"):
        parser.feed(b"data: " + b"x" * (MAX_EVENT_BYTES + 1))


_line = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12).map(
    lambda text: text.encode()
)
_events = st.lists(st.tuples(st.sampled_from(["", "a", "response.x"]), st.lists(_line, min_size=1)))


@given(_events, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 400)))
def test_any_cutting_gives_the_same_events(
    events: list[tuple[str, list[bytes]]], newline: bytes, cuts: list[int]
) -> None:
    wire = b""
    for name, lines in events:
        if name:
            wire += b"event: " + name.encode() + newline
        for line in lines:
            wire += b"data: " + line + newline
        wire += newline
    places = sorted({0, len(wire), *(min(cut, len(wire)) for cut in cuts)})
    chunks = [wire[a:b] for a, b in pairwise(places)]
    assert parse(*chunks) == [(name, b"\n".join(lines)) for name, lines in events]
