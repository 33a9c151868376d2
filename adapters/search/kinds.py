"""What a file is, by its bytes first and its name second, and the text of those that are text.

Pure. Nothing here parses a format: only first bytes are looked at, and characters decoded.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from core.engine.searching import FileRejected


class Kind(Enum):
    """How the text is had."""

    TEXT = "text"
    """As it stands: plain text, Markdown, code, JSON, CSV."""
    HTML = "html"
    PDF = "pdf"
    OFFICE = "office"
    """A ZIP that should be a DOCX or PPTX."""


_HTML_NAMES: Final = {".html", ".htm", ".xhtml"}
_OFFICE_NAMES: Final = {".docx", ".pptx", ".docm", ".pptm"}
_ZIP: Final = b"PK\x03\x04"
_HTML_START: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_IMAGES: Final = (
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"BM",
    b"\x00\x00\x01\x00",
)
_REFUSED: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xd0\xcf\x11\xe0", "is in an old Office format: save it as .docx, .pptx or PDF"),
    (b"{\\rtf", "is RTF: save it as .docx, PDF or plain text"),
    (b"%!PS", "is PostScript: save it as PDF"),
    (b"\x1f\x8b", "is compressed: unpack it and upload the files in it"),
    (b"BZh", "is compressed: unpack it and upload the files in it"),
    (b"\xfd7zXZ", "is compressed: unpack it and upload the files in it"),
    (b"7z\xbc\xaf", "is an archive: unpack it and upload the files in it"),
    (b"Rar!", "is an archive: unpack it and upload the files in it"),
)

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the one of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
_CHARSETS: Final = re.compile(
    r"iso8859-\d+|cp125\d|cp932|cp949|koi8-[ru]|shift_jis|euc_jp|euc_kr|iso2022_jp|gb2312|gbk|"
    r"gb18030|big5"
)
"""What an HTML page may say that it is in: those of the web, by Python's own names."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_SHARE: Final = 0.02
"""More control characters than this, and it is no text."""


def kind_of(filename: str, data: bytes) -> Kind:
    """What kind of file this is.

    Raises:
        FileRejected: it is empty, or of a kind that has no text for us.
    """
    if not data.strip():
        raise FileRejected("invalid_file", f"{filename} is empty.")
    head = data[:2048]
    suffix = PurePosixPath(filename).suffix.lower()
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if data.startswith(_ZIP):
        return Kind.OFFICE
    _refuse_pictures(filename, head)
    for start, reason in _REFUSED:
        if head.startswith(start):
            raise FileRejected("unsupported_file", f"{filename} {reason}.")
    if suffix == ".pdf" or suffix in _OFFICE_NAMES:
        raise FileRejected("invalid_file", f"{filename} is not what its name says: it is damaged.")
    if suffix in _HTML_NAMES or _HTML_START.match(_without_bom(head)):
        return Kind.HTML
    return Kind.TEXT


def text_of(filename: str, data: bytes) -> str:
    """The characters of a file that is text: UTF-8, UTF-16 or UTF-32 by its mark, else Latin-1.

    Raises:
        FileRejected: it is no text.
    """
    text = _decoded(data)
    sample = text[:100_000]
    if "\0" in text or len(_CONTROL.findall(sample)) > _CONTROL_SHARE * len(sample):
        raise FileRejected(
            "unsupported_file",
            f"{filename} is not a kind of file that can be searched: use PDF, DOCX, PPTX, HTML, "
            "Markdown, or any text or code.",
        )
    if not text.strip():
        raise FileRejected("invalid_file", f"{filename} has no text in it.")
    return text.replace("\r\n", "\n")


def html_text(filename: str, data: bytes) -> str:
    """The characters of an HTML page, in the encoding that it names, if it names a known one.

    Raises:
        FileRejected: it is no text.
    """
    named = _CHARSET.search(data[:2048])
    if named and not any(data.startswith(mark) for mark, _ in _BOMS):
        try:
            charset = codecs.lookup(named[1].decode("ascii", "replace")).name
            if _CHARSETS.fullmatch(charset):
                return text_of(filename, data.decode(charset, "replace").encode())
        except LookupError:
            pass
    return text_of(filename, data)


def _refuse_pictures(filename: str, head: bytes) -> None:
    webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    heif = head[4:8] == b"ftyp"
    if not (webp or heif or head.startswith(_IMAGES)):
        return
    if head.startswith(b"BM") and head[6:10] != b"\0\0\0\0":
        return  # a text that begins with these two letters
    raise FileRejected(
        "unsupported_file",
        f"{filename} is a picture or a film, and no text is read out of pictures here.",
    )


def _without_bom(data: bytes) -> bytes:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").encode()
    return data


def _decoded(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")  # Latin-1 with the quotation marks of Windows
    except UnicodeDecodeError:
        return data.decode("latin-1")
