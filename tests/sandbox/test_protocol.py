"""Properties of the frames: what is written is read back, and no bytes do anything else than be
read or be refused."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.limits import Limits
from adapters.sandbox.protocol import (
    MAX_HEADER,
    PREFIX,
    Frame,
    ProtocolError,
    decode,
    encode,
    lengths,
    parse_run_reply,
    plain_name,
    read_frame,
    write_frame,
)

LIMITS = Limits(
    output_chars=50, figures=2, figure_bytes=64, files=3, file_bytes=100, disk_bytes=150
)
PNG = b"\x89PNG\r\n\x1a\n"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
headers = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8), json_values
)


def reply(**changes: object) -> Frame:
    body = changes.pop("body", b"")
    assert isinstance(body, bytes)
    header: dict[str, object] = {"text": "", "failed": False, "figures": [], "files": []}
    return Frame({**header, **changes}, body)


@given(header=headers, body=st.binary(max_size=200))
def test_what_is_encoded_is_decoded(header: dict[str, object], body: bytes) -> None:
    data = encode(header, body)
    header_size, body_size = lengths(data[: PREFIX.size], max_body=len(body))
    head = data[PREFIX.size : PREFIX.size + header_size]
    tail = data[PREFIX.size + header_size :]
    assert len(tail) == body_size
    again = decode(head, tail)
    assert again.body == body
    assert encode(again.header, body) == data


@given(prefix=st.binary(max_size=12), max_body=st.integers(0, 1 << 26))
def test_a_prefix_is_within_bounds_or_refused(prefix: bytes, max_body: int) -> None:
    try:
        header, body = lengths(prefix, max_body)
    except ProtocolError:
        return
    assert 2 <= header <= MAX_HEADER
    assert 0 <= body <= max_body


@given(st.binary(max_size=300) | json_values.map(lambda v: repr(v).encode()))
def test_a_header_is_an_object_or_refused(header: bytes) -> None:
    try:
        frame = decode(header, b"")
    except ProtocolError:
        return
    assert isinstance(frame.header, dict)


@pytest.mark.parametrize("header", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b"\xff\xfe"])
def test_a_header_made_to_hurt_is_refused(header: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(header, b"")


@given(header=headers, body=st.binary(max_size=200))
def test_any_frame_is_a_checked_reply_or_refused(header: dict[str, object], body: bytes) -> None:
    check_reply(Frame(header, body))


wrong = st.one_of(json_values, st.integers(-5, 200), st.text(max_size=60))
entries = st.lists(
    st.one_of(
        wrong, st.tuples(wrong | st.sampled_from(["a", "b", "../c"]), wrong, wrong).map(list)
    ),
    max_size=5,
)


@given(
    text=wrong,
    failed=wrong,
    figures=st.lists(st.integers(-1, 100), max_size=4) | wrong,
    files=entries,
    body=st.sampled_from([b"", PNG, PNG + b"x" * 20, PNG + PNG, b"x" * 64]),
)
def test_a_reply_with_anything_in_its_fields_is_checked_or_refused(
    text: object, failed: object, figures: object, files: object, body: bytes
) -> None:
    check_reply(reply(text=text, failed=failed, figures=figures, files=files, body=body))


def check_reply(frame: Frame) -> None:
    try:
        parsed = parse_run_reply(frame, LIMITS)
    except ProtocolError:
        return
    parsed.text.encode()  # no halves of characters
    assert len(parsed.text) <= LIMITS.output_chars + 1000
    assert type(parsed.failed) is bool
    assert len(parsed.figures) <= LIMITS.figures
    assert b"".join(parsed.figures) == frame.body
    assert all(png.startswith(PNG) for png in parsed.figures)
    assert sum(file.size for file in parsed.files) <= LIMITS.disk_bytes
    for file in parsed.files:
        assert plain_name(file.name)
        assert 0 <= file.size <= LIMITS.file_bytes
        assert type(file.changed) is bool


def test_a_good_reply_is_read() -> None:
    frame = reply(
        text="hé\ud800",
        figures=[len(PNG) + 1, len(PNG)],
        files=[["a.txt", 3, True], ["b c.csv", 0, False]],
        body=PNG + b"x" + PNG,
    )
    parsed = parse_run_reply(frame, LIMITS)
    assert parsed.text == "hé?"
    assert parsed.figures == (PNG + b"x", PNG)
    assert [(f.name, f.size, f.changed) for f in parsed.files] == [
        ("a.txt", 3, True),
        ("b c.csv", 0, False),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        reply(text=None),
        reply(text="x" * 2000),
        reply(failed=1),
        reply(figures=None),
        reply(figures=[True]),
        reply(figures=[8] * 3, body=PNG * 3),
        reply(figures=[8], body=PNG + b"x"),
        reply(figures=[9], body=PNG),
        reply(figures=[8], body=b"<svg xx>"),
        reply(files=[["a", 1, True], ["a", 1, True]]),
        reply(files=[["a", 1]]),
        reply(files=[["a", -1, True]]),
        reply(files=[["a", 101, True]]),
        reply(files=[["a", 1.0, True]]),
        reply(files=[["a", 90, True], ["b", 90, True]]),
        reply(files=[[str(n), 1, True] for n in range(4)]),
        reply(files={"a": 1}),
    ],
)
def test_a_bad_reply_is_refused(frame: Frame) -> None:
    with pytest.raises(ProtocolError):
        parse_run_reply(frame, LIMITS)


@given(st.text(max_size=300))
def test_a_plain_name_names_a_file_in_its_folder(name: str) -> None:
    if plain_name(name):
        assert Path("/d", name).parent == Path("/d")
        assert Path("/d", name).name == name
        assert os.path.normpath(f"/d/{name}") == f"/d/{name}"
        assert "\0" not in name
        assert len(os.fsencode(name)) <= 255


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "a/b", "a\\b", "a\0", "a\n", "\u202egnp.exe", "\ud800", "a" * 256, 1],
)
def test_these_are_no_plain_names(name: object) -> None:
    assert not plain_name(name)


@pytest.mark.parametrize("name", ["a", ".hidden", "a b.csv", "übung (2).csv", "…", "a" * 255])
def test_these_are_plain_names(name: str) -> None:
    assert plain_name(name)


@given(header=headers, body=st.binary(max_size=200))
def test_the_session_side_reads_what_it_writes(header: dict[str, object], body: bytes) -> None:
    reader, writer = os.pipe()
    try:
        writing = threading.Thread(target=write_frame, args=(writer, header, body))
        writing.start()
        frame = read_frame(reader, max_body=200)
        writing.join()
        os.close(writer)
        assert frame is not None
        assert frame.body == body
        assert encode(frame.header) == encode(header)
        assert read_frame(reader, max_body=200) is None
    finally:
        os.close(reader)
