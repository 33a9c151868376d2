"""Pieces of the inside on their own: what cannot be provoked through a jail that refuses it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox import scratch
from adapters.sandbox.files import DiskFull, FileCopies
from adapters.sandbox.limits import Limits
from adapters.sandbox.namespaces import outermost
from adapters.sandbox.source import NotPython, compile_cell
from adapters.sandbox.transcript import Transcript
from tests.sandbox.conftest import CHECKOUT

INSIDE = [
    "birth",
    "cell",
    "checks",
    "jail",
    "landlock",
    "limits",
    "linux",
    "namespaces",
    "protocol",
    "runner",
    "scratch",
    "seccomp",
    "source",
    "syscalls",
    "transcript",
    "zygote",
]


@pytest.mark.parametrize("name", INSIDE)
def test_the_inside_imports_the_standard_library_only(name: str) -> None:
    """The zygote starts without site-packages, and nothing of the bot belongs into it."""
    source = (CHECKOUT / "adapters/sandbox" / f"{name}.py").read_text()
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            imported |= (
                {f"{module}.{alias.name}" for alias in node.names}
                if module == "adapters.sandbox"
                else {module}
            )
    for module in imported:
        if module.startswith("adapters.sandbox."):
            assert module.split(".")[2] in INSIDE
        else:
            assert module.split(".")[0] in sys.stdlib_module_names


def test_the_zygote_starts_on_the_standard_library_alone() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import adapters.sandbox.zygote;"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('core', 'config', 'bots')]"
    )
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], check=True)


def test_a_tree_is_removed_whatever_is_in_it(tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("1")
    top.mkdir()
    (top / "link").symlink_to(outside)
    (top / "closed").mkdir()
    (top / "closed/file").write_text("1")
    (top / "closed/inner").mkdir()
    (top / "closed/inner").chmod(0)
    (top / "closed").chmod(0)
    deep = os.open(top, os.O_RDONLY)
    for _ in range(3000):  # deeper than any path may be long
        os.mkdir("d", dir_fd=deep)
        inner = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    scratch.remove_tree(top)
    assert not top.exists()
    assert (outside / "precious").read_text() == "1"


def test_a_folder_that_is_just_being_claimed_is_not_swept_away(tmp_path: Path) -> None:
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            scratch.sweep(tmp_path, "x-")

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        for _ in range(1000):
            path, lock = scratch.claim(tmp_path, "x-")
            assert path.is_dir()
            os.close(lock)
    finally:
        over.set()
        for sweeper in sweepers:
            sweeper.join()


def test_measuring_stops_at_what_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(8192))
    (tmp_path / "d").mkdir()
    (tmp_path / "d/b").write_bytes(bytes(8192))
    scratch.measure(tmp_path, disk_bytes=1 << 20, files=3)
    with pytest.raises(scratch.TooMuch):
        scratch.measure(tmp_path, disk_bytes=12_000, files=3)
    with pytest.raises(scratch.TooMuch):
        scratch.measure(tmp_path, disk_bytes=1 << 20, files=2)
    with pytest.raises(scratch.TooMuch):
        scratch.measure(tmp_path, disk_bytes=1 << 20, files=3, depth=0)


def test_measuring_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "big").write_bytes(bytes(1 << 16))
    (tmp_path / "top/link").symlink_to(tmp_path)
    scratch.measure(tmp_path / "top", disk_bytes=8192, files=1)


def test_only_folders_without_an_owner_are_swept(tmp_path: Path) -> None:
    mine, lock = scratch.claim(tmp_path, "x-")
    gone, its_lock = scratch.claim(tmp_path, "x-")
    os.close(its_lock)
    (gone / "file").write_text("1")
    (tmp_path / "y-other").mkdir()
    scratch.sweep(tmp_path, "x-")
    assert mine.exists()
    assert not gone.exists()
    assert (tmp_path / "y-other").exists()
    os.close(lock)


def test_hidden_bytes_are_those_of_deleted_open_files(tmp_path: Path) -> None:
    before = scratch.hidden_bytes(os.getpid())
    with (tmp_path / "x").open("wb") as file:
        file.write(bytes(1 << 16))
        file.flush()
        os.fsync(file.fileno())
        assert scratch.hidden_bytes(os.getpid()) == before
        (tmp_path / "x").unlink()
        assert scratch.hidden_bytes(os.getpid()) - before >= 1 << 16


@given(st.lists(st.sampled_from(["/a", "/a/b", "/ab", "/a/b/c", "/b", "/b/a"])))
def test_outermost_keeps_what_covers_everything(paths: list[str]) -> None:
    kept = outermost(paths)
    for path in paths:
        assert sum(path == base or path.startswith(base + "/") for base in kept) == 1
    assert set(kept) <= set(paths)


@given(st.lists(st.text(max_size=30)))
def test_a_transcript_keeps_the_beginning_and_counts_the_rest(parts: list[str]) -> None:
    transcript = Transcript(40)
    for part in parts:
        assert transcript.write(part) == len(part)
    whole = "".join(parts)
    text = transcript.take()
    assert text[: len(whole[:40])] == whole[:40].encode("utf-8", "replace").decode()
    assert text.endswith(f"{len(whole) - 40} more characters were left out") == (len(whole) > 40)
    assert transcript.take() == ""


def test_a_transcript_takes_bytes() -> None:
    transcript = Transcript(100)
    transcript.buffer.write(b"\xc3\xa9\xff")
    transcript.buffer.flush()
    assert transcript.take() == "é\N{REPLACEMENT CHARACTER}"


FOLDERS = {"/mnt/data": "/real/data", "/tmp": "/real/tmp"}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("'/mnt/data'", "/real/data"),
        ("'/mnt/data/a.csv'", "/real/data/a.csv"),
        ("n = 1\nf'/mnt/data/{n}.csv'", "/real/data/1.csv"),
        ("'/tmp/x'", "/real/tmp/x"),
        ("'/mnt/database'", "/mnt/database"),
        ("'see /mnt/data/a'", "see /mnt/data/a"),
        ("'''/mnt/data\n'''", "/mnt/data\n"),
    ],
)
def test_known_folders_are_found_where_they_are(code: str, value: str) -> None:
    assert evaluated(code, FOLDERS) == value
    assert evaluated(code, {}) != value or value.startswith(("/mnt", "see"))


def evaluated(code: str, folders: dict[str, str]) -> object:
    cell = compile_cell(code, "<cell 1>", folders)
    variables: dict[str, object] = {}
    exec(cell.statements, variables)
    assert cell.last is not None
    return eval(cell.last, variables)


def test_a_magic_within_a_string_is_left_alone() -> None:
    assert evaluated("'''a\n%matplotlib inline\nb'''", {}) == "a\n%matplotlib inline\nb"
    assert evaluated("%matplotlib inline\n%config x\n7", {}) == 7
    with pytest.raises(NotPython, match="Line 2"):
        compile_cell("1\n!ls -l", "<cell 1>", {})
    with pytest.raises(SyntaxError):
        compile_cell("1 +", "<cell 1>", {})


def test_copies_have_no_name_that_a_session_chose(tmp_path: Path) -> None:
    copies = FileCopies(tmp_path / "copies", Limits(file_bytes=10, disk_bytes=15, files=4))
    copies.write("a", b"12345")
    assert copies.read("a") == b"12345"
    assert copies.read("b") is None
    assert [len(path.name) for path in (tmp_path / "copies").iterdir()] == [64]
    copies.check_room("a", 10)
    with pytest.raises(DiskFull):
        copies.check_room("b", 11)
    copies.write("b", bytes(10))
    with pytest.raises(DiskFull):
        copies.check_room("c", 1)
    copies.keep_only(frozenset({"b"}))
    assert copies.names == ("b",)
    copies.remove()
    assert not (tmp_path / "copies").exists()
