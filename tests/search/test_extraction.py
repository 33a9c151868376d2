"""Files of strangers are read in the jail: their text comes out, or one sentence, nothing else."""

from __future__ import annotations

import asyncio
import io
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from pypdf import PdfReader, PdfWriter

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from adapters.search.extraction import Extraction
from core.clock import SystemClock
from core.engine.records import Execution
from core.engine.searching import FileRejected
from core.errors import InterpreterUnavailable
from tests.fakes.interpreter import ScriptedInterpreter
from tests.search.documents import docx, packed, pdf, pptx

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = b"""<!DOCTYPE html><html><head><title>Herons</title><script>var no = "<p>";</script>
<style>p { color: red }</style></head><body><h1>The heron</h1><p>It <b>waits</b> &amp; waits.
<ul><li>in reeds<li>in meadows</ul><table><tr><td>a</td><td>b</td></tr></table>
<pre>  kept
  as it is</pre><svg><text>no</text></svg><img alt="a bird"></body></html>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def jail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxedInterpreter]:
    async with SandboxedInterpreter(
        state_dir=tmp_path_factory.mktemp("jail"),
        python=Path(sys.executable),
        clock=SystemClock(),
        preload=(),
    ) as interpreter:
        status = await interpreter.status()
        if not status.available:
            pytest.skip(status.sentence)
        yield interpreter
        assert interpreter.pool.live == 0, "a session was left open"


@pytest.fixture
def extraction(jail: SandboxedInterpreter) -> Extraction:
    return Extraction(jail)


# ------------------------------------------------------------------------- what is read


async def test_a_pdf_page_by_page(extraction: Extraction) -> None:
    assert await extraction.text("a.pdf", pdf("First page", "Second")) == "First page\n\nSecond"


async def test_a_word_file_with_a_table(extraction: Extraction) -> None:
    data = docx("One &amp; two", "Three", table=[["a", "b"], ["c", "d"]])
    assert await extraction.text("a.docx", data) == "One & two\n\nThree\n\na\tb\nc\td"


async def test_slides_in_the_order_of_the_show_with_notes(extraction: Extraction) -> None:
    text = await extraction.text("a.pptx", pptx("Alpha", "Beta", notes="Smile."))
    assert text == "Slide 1\n\nAlpha\n\nSmile.\n\nSlide 2\n\nBeta"


async def test_a_page_without_what_nobody_sees(extraction: Extraction) -> None:
    text = await extraction.text("a.html", PAGE)
    assert text.split("\n\n") == [
        "Herons",
        "The heron",
        "It waits & waits.",
        "- in reeds\n- in meadows",
        "a\tb",
        "  kept\n  as it is",
        "a bird",
    ]


async def test_a_long_file_is_read_in_several_runs(jail: SandboxedInterpreter) -> None:
    pages = [f"This is page {number}" for number in range(300)]
    hasty = Extraction(jail, run_s=0.05)
    assert await hasty.text("a.pdf", pdf(*pages)) == "\n\n".join(pages)


async def test_files_at_the_same_time_do_not_mix(extraction: Extraction) -> None:
    names = [f"Number {number}" for number in range(6)]
    texts = await asyncio.gather(*(extraction.text("a.docx", docx(name)) for name in names))
    assert texts == names


# ------------------------------------------------------------------------- what is refused


def locked() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def bomb() -> bytes:
    """130 MB of spaces in 130 kB."""
    return packed({"word/document.xml": b"<w>" + b" " * (130 << 20) + b"</w>"})


ENTITIES = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


@pytest.mark.parametrize(
    ("name", "data", "code", "why"),
    [
        ("a.pdf", pdf("", ""), "invalid_file", "has no text in it"),
        ("a.pdf", locked(), "invalid_file", "password"),
        ("a.pdf", b"%PDF-1.7\n" + b"\0rubbish" * 200, "invalid_file", "damaged"),
        (
            "a.pdf",
            pdf("x").replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"),
            "invalid_file",
            "no text|damaged|limits",
        ),
        ("a.docx", packed({"word/document.xml": "<w:broken"}), "invalid_file", "damaged"),
        ("a.docx", b"PK\x03\x04 and no more", "invalid_file", "damaged"),
        ("a.docx", docx("&i;", head=ENTITIES), "invalid_file", "unpacks to far more"),
        (
            "a.docx",
            docx("x", head='<!DOCTYPE d SYSTEM "file:///etc/passwd">'),
            "invalid_file",
            "unpacks",
        ),
        ("a.xlsx", packed({"xl/workbook.xml": "<x/>"}), "unsupported_file", "archive"),
        ("a.html", b"<html><script>only()</script>", "invalid_file", "has no text in it"),
    ],
    ids=lambda value: value if isinstance(value, str) and value else "",
)
async def test_a_sentence_for_what_cannot_be_read(
    extraction: Extraction, name: str, data: bytes, code: str, why: str
) -> None:
    with pytest.raises(FileRejected, match=why) as caught:
        await extraction.text(name, data)
    assert caught.value.code == code
    assert caught.value.message.startswith(name)
    assert caught.value.message.count("\n") == 0


async def test_a_zip_bomb(extraction: Extraction) -> None:
    with pytest.raises(FileRejected, match="unpacks to far more"):
        await extraction.text("a.docx", bomb())


async def test_more_text_than_a_file_may_have(extraction: Extraction) -> None:
    with pytest.raises(FileRejected, match="too long"):
        await extraction.text("a.docx", docx("word " * 4_100_000))


async def test_more_than_the_jail_takes(extraction: Extraction) -> None:
    with pytest.raises(FileRejected, match="too large"):
        await extraction.text("a.pdf", b"%PDF-1.7" + bytes(40 << 20))


@pytest.mark.parametrize("seed", range(12))
async def test_damaged_files_are_read_or_refused(extraction: Extraction, seed: int) -> None:
    chance = random.Random(seed)
    name, data = chance.choice(
        [
            ("a.pdf", pdf("One", "Two", "Three")),
            ("a.docx", docx("One", "Two", table=[["a"]])),
            ("a.pptx", pptx("One", "Two")),
        ]
    )
    broken = bytearray(data)
    for _ in range(chance.randint(1, 40)):
        broken[chance.randrange(8, len(broken))] = chance.randrange(256)
    try:
        said = await extraction.text(name, bytes(broken))
    except FileRejected as error:
        said = error.message.partition(name)[2]
    assert said


async def test_a_file_that_takes_for_ever(tmp_path: Path) -> None:
    limits = replace(Limits(), soft_s=0.3, grace_s=1.0)
    async with SandboxedInterpreter(
        state_dir=tmp_path,
        python=Path(sys.executable),
        clock=SystemClock(),
        preload=(),
        limits=limits,
    ) as slow:
        if not (await slow.status()).available:
            pytest.skip("no jail")
        with pytest.raises(FileRejected, match="limits of time and memory"):
            await Extraction(slow).text("a.pdf", pdf(*map(str, range(4_000))))
        assert slow.pool.live == 0


async def test_a_file_without_end(jail: SandboxedInterpreter) -> None:
    with pytest.raises(FileRejected, match="limits of time and memory"):
        await Extraction(jail, run_s=0.0, most_s=0.5).text("a.pdf", pdf("x"))


# ------------------------------------------------------------------------- without, and lying jails


@pytest.mark.parametrize("data", [pdf("x"), docx("x"), PAGE])
async def test_without_a_jail_only_plain_text_is_read(data: bytes) -> None:
    extraction = Extraction(ScriptedInterpreter(available=False))
    assert await extraction.text("a.txt", b"plain text") == "plain text"
    with pytest.raises(FileRejected, match="`bobbin doctor`") as caught:
        await extraction.text("a.file", data)
    assert caught.value.code == "unsupported_file"


class LyingInterpreter(ScriptedInterpreter):
    """What comes out of the jail is what a stranger wants to come out."""

    def __init__(self, state: bytes | None, text: bytes | None) -> None:
        super().__init__()
        self.left = {name: data for name, data in (("state", state), ("text", text)) if data}

    async def run(self, session: str, code: str) -> Execution:
        for name, data in self.left.items():
            self.files[session, name] = data
        return await super().run(session, code)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (None, None),
        (b"\xff" * 100_000, b"x"),
        (b"done", None),
        (b"done", b" "),
        (b"done", b"x" * 20_000_001),
        (b"<script>", b"x"),
    ],
)
async def test_a_jail_that_lies(state: bytes | None, text: bytes | None) -> None:
    interpreter = LyingInterpreter(state, text)
    with pytest.raises(FileRejected, match=r"^a\.pdf [a-z ,;:]+\.$"):
        await Extraction(interpreter).text("a.pdf", pdf("x"))
    assert len(interpreter.closed) == 1


async def test_text_from_the_jail_is_characters_whatever_its_bytes() -> None:
    interpreter = LyingInterpreter(b"done", b"a\xff\0\xed\xa0\x80b")
    text = await Extraction(interpreter).text("a.pdf", pdf("x"))
    assert text.encode()
    assert "\0" not in text


async def test_a_jail_that_does_not_start_is_not_the_files_fault() -> None:
    class Broken(ScriptedInterpreter):
        async def run(self, session: str, code: str) -> Execution:
            raise InterpreterUnavailable("The interpreter does not start.")

    interpreter = Broken()
    with pytest.raises(InterpreterUnavailable):
        await Extraction(interpreter).text("a.pdf", pdf("x"))
    assert len(interpreter.closed) == 1
