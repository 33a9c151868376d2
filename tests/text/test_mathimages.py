"""Formulas that Unicode cannot show are drawn, by a child process that nothing can hang."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from adapters.mathimages.pieces import Brace, Frame, Plain, Scripted, Table
from adapters.mathimages.renderer import MathImages
from adapters.mathimages.source import DEEPEST, LONGEST, read
from tests.patience import until
from tests.text.documents import UNTIMED

FORMULAS = {
    "nested fractions": r"x = \cfrac{1}{1+\cfrac{1}{1+\cfrac{1}{1+\cfrac1x}}}",
    "matrix": r"A^{-1} = \begin{pmatrix} a & b \\ c & \frac{x}{y} \end{pmatrix}^{T}_{2}",
    "cases": r"f(x) = \begin{cases} x^2 & \text{if } x > 0 \\ -x & \text{otherwise} \end{cases}",
    "aligned": r"\begin{aligned} 2x+3 &= 7 \\[4pt] x &= \boxed{2} \end{aligned}",
    "braces": r"\underbrace{1 + \cdots + n}_{n \text{ terms}} = \overbrace{\frac{n}{2}}^{a}(n+1)",
    "wide accents": r"\widehat{ABC} \ge \mathbb R \implies \bigl(x \bigr) \pmod{5}",
    "rule": r"\left[\begin{array}{cc|c} 1 & 2 & 3\\ 4 & 5 & 6\end{array}\right]",
    "norms": r"\begin{Vmatrix} a\\b\end{Vmatrix} \begin{Bmatrix} a\\b\end{Bmatrix}",
}
READY = """
import os, struct, sys, time
out = os.fdopen(1, "wb")
def send(body):
    out.write(struct.pack(">I", len(body)) + body)
    out.flush()
def receive():
    (size,) = struct.unpack(">I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(size)
send(b"")
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fonts")


def child(*lines: str) -> tuple[str, ...]:
    """A child that speaks the same frames and does something else."""
    return (sys.executable, "-c", READY + "\n".join(lines))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_formulas_are_black_on_opaque_white(cache: Path) -> None:
    async with MathImages(cache, timeout_s=30) as images:
        for name, latex in FORMULAS.items():
            picture = await images.png(latex)
            assert picture is not None, name
            assert picture.startswith(b"\x89PNG")
            pixels = np.asarray(imread(io.BytesIO(picture)))
            assert np.all(pixels[:20, :, :3] == 1), f"{name}: white above"
            assert np.all(pixels[:, :20, :3] == 1), f"{name}: white beside"
            assert np.all(pixels[-20:, :, :3] == 1), f"{name}: white below"
            assert pixels[..., :3].min() < 0.1, f"{name}: something is drawn"
            assert pixels.shape[2] == 3 or np.all(pixels[..., 3] == 1), f"{name}: opaque"


async def test_what_cannot_be_drawn_gives_none_and_the_next_one_works(cache: Path) -> None:
    async with MathImages(cache, timeout_s=30) as images:
        assert await images.png("x") is not None
        for latex in (
            r"\unknown{x}",
            r"\frac{a",
            r"\begin{tikzcd} a \end{tikzcd}",
            r"\text{漢字}",
            "\ud800",
            "x + " * 400,
            r"\\".join("x" * 60),
            "a $b$ c",
            "",
        ):
            assert await images.png(latex) is None, latex
        assert await images.png("y") is not None


async def test_nothing_is_started_for_a_formula_that_is_too_much(cache: Path) -> None:
    images = MathImages(cache, command=("no such program",))
    assert await images.png("x" * (LONGEST + 1)) is None
    assert await images.png("{" * (DEEPEST + 1) + "x" + "}" * (DEEPEST + 1)) is None
    assert await images.png("x") is None


async def test_a_child_that_hangs_is_killed(cache: Path, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    noting = f"import os\nopen({str(note)!r}, 'w').write(str(os.getpid()))\n"
    command = (sys.executable, "-c", noting + READY + "time.sleep(600)")
    async with MathImages(cache, timeout_s=0.2, command=command) as images:
        assert await images.png("x") is None
        first = int(note.read_text())
        assert not is_running(first)
        assert await images.png("x") is None
        assert int(note.read_text()) != first


async def test_who_stops_waiting_does_not_get_the_next_one_the_wrong_picture(cache: Path) -> None:
    command = child(
        "while True:", "    asked = receive()", "    time.sleep(0.2)", "    send(asked)"
    )
    async with MathImages(cache, command=command) as images:
        assert await images.png("a") == b"a"
        waiting = asyncio.create_task(images.png("b"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        assert await images.png("c") == b"c"
        assert await asyncio.gather(*(images.png(each) for each in "def")) == [b"d", b"e", b"f"]


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "raise SystemExit(1)"),
        child("receive()", "raise SystemExit(1)"),
        child("receive()", "out.write(b'\\xff' * 64)", "out.flush()", "time.sleep(600)"),
    ],
    ids=["no matplotlib", "crash", "garbage"],
)
async def test_a_broken_child_gives_no_picture(cache: Path, command: tuple[str, ...]) -> None:
    async with MathImages(cache, command=command) as images:
        assert await images.png("x") is None


async def test_the_child_sees_none_of_our_environment(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    command = child("receive()", "send('\\n'.join(sorted(os.environ)).encode())")
    async with MathImages(cache, command=command) as images:
        names = (await images.png("x") or b"").decode().split("\n")
    assert "OPENAI_API_KEY" not in names
    assert "MPLCONFIGDIR" in names


async def test_an_idle_child_is_stopped(cache: Path) -> None:
    command = child("while True:", "    receive()", "    send(str(os.getpid()).encode())")
    async with MathImages(cache, idle_s=0.05, command=command) as images:
        pid = int(await images.png("x") or b"0")
        await until(lambda: not is_running(pid))
        assert int(await images.png("x") or b"0") not in (0, pid)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of address space")
def test_the_child_cannot_take_all_memory() -> None:
    code = (
        "from adapters.mathimages import worker\n"
        "worker._limit_memory()\n"
        "try:\n    bytearray(worker.MEMORY)\n"
        "except MemoryError:\n    print('refused')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "refused\n"


def test_a_formula_is_cut_into_what_mathtext_can_set() -> None:
    assert read(r"\frac12 \mathbb R") == (Plain(r"\dfrac{1}{2} \mathbb{R}"),)
    assert read(r"\boxed{x}") == (Frame((Plain("x"),)),)
    assert read(r"a & b \\ c & d") == (
        Table(
            "aligned",
            (((Plain("a"),), (Plain("b"),)), ((Plain("c"),), (Plain("d"),))),
        ),
    )
    assert read(r"\underbrace{a}_{b}") == (Brace((Plain("a"),), (Plain("b"),), is_over=False),)
    assert read(r"\begin{pmatrix} 1 \end{pmatrix}^{-1}") == (
        Scripted(Table("matrix", (((Plain("1"),),),), "(", ")"), (Plain("- 1"),), ()),
    )


@UNTIMED
@given(
    st.lists(
        st.sampled_from(
            ["\\frac", "\\sqrt", "{", "}", "[", "]", "^", "_", "&", "\\\\", "\\left", "\\right",
             "(", "\\begin{cases}", "\\end{cases}", "\\begin{array}{c|c}", "\\end{array}", "x",
             "\\underbrace", "\\boxed", "\\text", "\\color", "\\", "$", "\\$", " ", "\\le"]
        ),
        max_size=40,
    ).map("".join)
)  # fmt: skip
def test_no_source_raises(latex: str) -> None:
    read(latex)
