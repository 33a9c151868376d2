"""What a file is, is seen in its bytes; its characters come in whatever encoding it has."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.search.kinds import Kind, html_text, kind_of, text_of
from core.engine.searching import FileRejected
from tests.search.documents import docx, pdf

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", pdf("x"), Kind.PDF),
        ("a.txt", pdf("x"), Kind.PDF),
        ("junk.pdf", b"mail header\n" + pdf("x"), Kind.PDF),
        ("a.docx", docx("x"), Kind.OFFICE),
        ("no suffix", docx("x"), Kind.OFFICE),
        ("a.html", b"<p>a fragment", Kind.HTML),
        ("a", b"\n <!-- c --> <!DOCTYPE html><p>x", Kind.HTML),
        ("a", b'<?xml version="1.0"?><html xmlns="x"/>', Kind.HTML),
        ("a", codecs.BOM_UTF16_LE + "<html>".encode("utf-16-le"), Kind.HTML),
        ("a.py", b"import html", Kind.TEXT),
        ("a.json", b'{"a": 1}', Kind.TEXT),
        ("a.csv", b"a;b\n1;2", Kind.TEXT),
        ("a.md", b"# <html> is a tag", Kind.TEXT),
        ("a.unknown", b"whatever", Kind.TEXT),
        ("notes", b"BMW is a maker of cars", Kind.TEXT),
    ],
)
def test_the_bytes_say_what_it_is(name: str, data: bytes, kind: Kind) -> None:
    assert kind_of(name, data) is kind


@pytest.mark.parametrize(
    ("name", "data", "code", "why"),
    [
        ("a.txt", b"", "invalid_file", "empty"),
        ("a.txt", b" \r\n ", "invalid_file", "empty"),
        ("a.png", PNG, "unsupported_file", "picture"),
        ("a.txt", PNG, "unsupported_file", "picture"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(20), "unsupported_file", "picture"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "unsupported_file", "picture"),
        ("a.heic", b"\0\0\0\x18ftypheic", "unsupported_file", "picture"),
        ("a.bmp", b"BM\0\0\0\0\0\0\0\0", "unsupported_file", "picture"),
        ("a.doc", b"\xd0\xcf\x11\xe0" + bytes(20), "unsupported_file", "old Office"),
        ("a.gz", b"\x1f\x8b\x08", "unsupported_file", "compressed"),
        ("a.rtf", b"{\\rtf1 x}", "unsupported_file", "RTF"),
        ("a.pdf", b"no such thing", "invalid_file", "damaged"),
        ("a.docx", b"no such thing", "invalid_file", "damaged"),
    ],
)
def test_what_has_no_text_is_refused(name: str, data: bytes, code: str, why: str) -> None:
    with pytest.raises(FileRejected, match=why) as caught:
        kind_of(name, data)
    assert caught.value.code == code
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"]
)
def test_encodings(encoding: str) -> None:
    text = "Größe: naïve café"
    assert text_of("a.txt", text.encode(encoding)) == text


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE])
def test_both_orders_of_utf_16(mark: bytes) -> None:
    encoding = "utf-16-be" if mark == codecs.BOM_UTF16_BE else "utf-16-le"
    assert text_of("a.txt", mark + "東京".encode(encoding)) == "東京"


def test_latin_1_with_the_quotation_marks_of_windows() -> None:
    assert text_of("a.txt", b"\x93caf\xe9\x94") == "“café”"


def test_line_ends_are_the_same_everywhere() -> None:
    assert text_of("a.txt", b"a\r\nb\r\n") == "a\nb\n"


@pytest.mark.parametrize("data", [b"\0text", bytes(range(1, 9)) * 20, b"\x7fELF\x02\x01\x01" * 9])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(FileRejected) as caught:
        text_of("program", data)
    assert caught.value.code == "unsupported_file"


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        kind = kind_of("file", data)
        text = html_text("file", data) if kind is Kind.HTML else text_of("file", data)
    except FileRejected as error:
        text = error.message.partition("file ")[2].rpartition(".")[0]
    assert text.strip()


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="shift_jis">', "shift_jis"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ("<meta charset=punycode>", "utf-8"),
        ("<meta charset=no-such-thing>", "utf-8"),
    ],
)
def test_a_page_says_its_encoding(head: str, encoding: str) -> None:
    said = "東京" if encoding == "shift_jis" else "Москва"
    assert said in html_text("a.html", f"<html>{head}<p>{said}".encode(encoding))
