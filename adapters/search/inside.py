"""Getting the text out of one file. Runs in the jail, as a cell; nothing here is imported outside.

`extraction.py` sends this file's source, puts the file at `/mnt/data/input`, and calls `begin`
once and `go_on` until `/mnt/data/state` says `done` or names why it is refused. What was found is
in `/mnt/data/text`, as UTF-8. Nothing that is said here is believed outside.
"""

from __future__ import annotations

import contextlib
import errno
import re
import time
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

INPUT = "/mnt/data/input"
TEXT = "/mnt/data/text"
STATE = "/mnt/data/state"

MOST_CHARACTERS = 20_000_000
MOST_PAGES = 5_000
MOST_UNPACKED = 128 << 20
MOST_MEMBERS = 20_000
SLICE = 1 << 16


class Refused(Exception):
    """The file cannot be read; the text is one of the reasons that `extraction.py` knows."""


class Work:
    """What is under way, and how much text came of it."""

    def __init__(self, parts: Iterator[str], out: IO[str]) -> None:
        self.parts = parts
        self.out = out
        self.characters = 0

    def take(self, part: str) -> None:
        self.characters += len(part)
        if self.characters > MOST_CHARACTERS:
            raise Refused("long")
        self.out.write(part)


def begin(kind: str) -> Work:
    """Look at the file; its text comes with `go_on`."""
    parts = {"pdf": pdf, "office": office, "html": html}[kind]()
    return Work(parts, Path(TEXT).open("w", encoding="utf-8", errors="replace"))


def go_on(work: Work, seconds: float) -> None:
    """Read on for about so long, and say how it stands."""
    state = "more"
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            part = next(work.parts, None)
            if part is None:
                state = "done"
                break
            work.take(part)
    except Refused as refusal:
        state = str(refusal)
    except (MemoryError, RecursionError):
        state = "heavy"
    except OSError as error:
        state = "long" if error.errno == errno.ENOSPC else "damaged"
        Path(TEXT).write_bytes(b"")  # room to say so
    except Exception:  # noqa: BLE001 - whatever a library thinks of a hostile file
        state = "damaged"
    if state != "more":
        with contextlib.suppress(OSError):
            work.out.close()
    Path(STATE).write_text(state)


# ------------------------------------------------------------------------- PDF


def pdf() -> Iterator[str]:
    """The text of each page."""
    import logging

    import pypdf
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.disable()
    try:
        reader: Any = pypdf.PdfReader(INPUT, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("locked")
        count = len(reader.pages)
    except (DependencyError, FileNotDecryptedError):
        raise Refused("locked") from None
    if count > MOST_PAGES:
        raise Refused("long")
    broken = 0
    for number in range(count):
        try:
            text = reader.pages[number].extract_text()
        except (MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - one broken page is no reason to lose the others
            broken += 1
            text = ""
        yield text.strip() + "\n\n" if text.strip() else ""
    if count and broken == count:
        raise Refused("damaged")


# ------------------------------------------------------------------------- DOCX and PPTX


def office() -> Iterator[str]:
    """The text of a DOCX or PPTX."""
    try:
        archive = Archive()
    except zipfile.BadZipFile:
        raise Refused("damaged") from None
    if "word/document.xml" in archive.names:
        for name in ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml"):
            if name in archive.names:
                yield from archive.text(name)
    elif "ppt/presentation.xml" in archive.names:
        for number, name in enumerate(slides(archive), 1):
            yield f"Slide {number}\n\n"
            yield from archive.text(name)
            for notes in related(archive, name, "/notesSlide"):
                yield from archive.text(notes)
    else:
        raise Refused("archive")


class Archive:
    """A ZIP whose members are read in slices, and all of them together only so far."""

    def __init__(self) -> None:
        self._zip = zipfile.ZipFile(INPUT)
        if len(self._zip.infolist()) > MOST_MEMBERS:
            raise Refused("bomb")
        self.names = set(self._zip.namelist())
        self._unpacked = 0

    def slices(self, name: str) -> Iterator[bytes]:
        if self._zip.getinfo(name).flag_bits & 1:
            raise Refused("locked")
        with self._zip.open(name) as member:
            while data := member.read(SLICE):
                self._unpacked += len(data)
                if self._unpacked > MOST_UNPACKED:
                    raise Refused("bomb")
                yield data

    def text(self, name: str) -> Iterator[str]:
        """The text of a member that is XML, with line ends where paragraphs and rows end."""
        page = OfficeText()
        for data in self.slices(name):
            page.feed(data, last=False)
            yield page.take()
        page.feed(b"", last=True)
        yield page.take() + "\n"

    def elements(self, name: str) -> list[tuple[str, dict[str, str]]]:
        """All elements of a small member, with their attributes."""
        found: list[tuple[str, dict[str, str]]] = []
        if name in self.names:
            parser = strict_parser()

            def start(tag: str, attributes: dict[str, str]) -> None:
                found.append((tag, attributes))

            parser.StartElementHandler = start
            for data in self.slices(name):
                parser.Parse(data, False)
            parser.Parse(b"", True)
        return found


def slides(archive: Archive) -> list[str]:
    """The slides in the order in which they are shown."""
    targets = {
        attributes.get("Id", ""): "ppt/" + attributes.get("Target", "").removeprefix("/ppt/")
        for tag, attributes in archive.elements("ppt/_rels/presentation.xml.rels")
        if tag.endswith("Relationship")
    }
    shown = [
        targets.get(next((v for k, v in attributes.items() if k.endswith(" id")), ""), "")
        for tag, attributes in archive.elements("ppt/presentation.xml")
        if tag.endswith(" sldId")
    ]
    return [name for name in shown if name in archive.names]


def related(archive: Archive, name: str, kind: str) -> list[str]:
    """Members that a slide refers to as this kind."""
    folder, _, file = name.rpartition("/")
    targets = [
        attributes.get("Target", "")
        for tag, attributes in archive.elements(f"{folder}/_rels/{file}.rels")
        if tag.endswith("Relationship") and attributes.get("Type", "").endswith(kind)
    ]
    found = ["ppt/" + target.removeprefix("../").removeprefix("/ppt/") for target in targets]
    return [name for name in found if name in archive.names]


def strict_parser() -> Any:
    """A parser of XML that has no document type, so no entities; names are `namespace local`."""
    parser: Any = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_document_type
    return parser


def refuse_document_type(*_: object) -> None:
    """Office writes none; entities that grow without bounds need one."""
    raise Refused("bomb")


class OfficeText:
    """Text of WordprocessingML and DrawingML: both call a run's text `t` and a paragraph `p`."""

    def __init__(self) -> None:
        self._parser = strict_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parts: list[str] = []
        self._in_text = 0
        self._cells = 0
        self._skipped = 0

    def feed(self, data: bytes, *, last: bool) -> None:
        self._parser.Parse(data, last)

    def take(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "Fallback":  # says again what its Choice says
            self._skipped += 1
        elif name == "t":
            self._in_text += 1
        elif name == "tc":
            self._cells += 1
        elif name == "tab":
            self._parts.append("\t")
        elif name in {"br", "cr"}:
            self._parts.append("\n")

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "Fallback":
            self._skipped -= 1
        elif name == "t":
            self._in_text -= 1
        elif name == "p":
            self._parts.append(" " if self._cells else "\n\n")
        elif name == "tc":
            self._cells -= 1
            self._parts.append("\t")
        elif name in {"tr", "tbl"}:
            self._parts.append("\n")

    def _text(self, text: str) -> None:
        if self._in_text and not self._skipped:
            self._parts.append(text)


# ------------------------------------------------------------------------- HTML

BLOCK = re.compile(
    "address|article|aside|blockquote|caption|dd|details|dialog|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|h[1-6]|header|hr|main|nav|ol|p|pre|section|summary|table|title|ul"
)
LINES = frozenset(("br", "li", "tr", "option"))
SILENT = frozenset(("script", "style", "template", "svg", "math", "iframe", "object"))
SPACES = re.compile(r"\s+")


def html() -> Iterator[str]:
    """The text of a page; the caller has decoded it."""
    page = Page()
    with Path(INPUT).open(encoding="utf-8", errors="replace", newline="") as file:
        while data := file.read(SLICE):
            page.feed(data)
            yield page.take()
    page.close()
    yield page.take()


class Page(HTMLParser):
    """What a reader of the page sees, with empty lines between its blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = ""
        self._depth = 0
        self._kept = 0

    def take(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent:
            self._depth += tag == self._silent
        elif tag in SILENT:
            self._silent, self._depth = tag, 1
        elif BLOCK.fullmatch(tag):
            self._parts.append("\n\n")
        elif tag in LINES:
            self._parts.append("\n- " if tag == "li" else "\n")
        elif tag == "img":
            self._parts.append(dict(attrs).get("alt") or "")
        self._kept += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._depth -= tag == self._silent
            if not self._depth:
                self._silent = ""
        elif BLOCK.fullmatch(tag):
            self._parts.append("\n\n")
        elif tag in {"td", "th"}:
            self._parts.append("\t")
        if tag == "pre" and self._kept:
            self._kept -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data if self._kept else SPACES.sub(" ", data))
