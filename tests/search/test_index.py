"""The index is a cache: shared, in step with its libraries, and anybody may throw it away."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.search.folder import SearchFolder
from core.engine.searching import Library, Shelf
from core.errors import StoreRefused
from tests.search.worlds import CountedBlobs, Process, UntouchedShelves

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search"


@pytest.fixture
async def process(folder: Path) -> AsyncIterator[Process]:
    process = Process(folder, CountedBlobs())
    yield process
    await process.retrieval.close()


def read(process: Process) -> list[str]:
    assert isinstance(process.blobs, CountedBlobs)
    return process.blobs.read


async def herons(process: Process, count: int = 1) -> Library:
    """A library of so many files, each with a word of its own."""
    shelves = [
        await process.shelf(f"file-{n}", f"The heron number{n} waits.") for n in range(count)
    ]
    return Library("vs_herons", 1, shelves)


def databases(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.db"))


# ------------------------------------------------------------------------- in step


async def test_an_unchanged_version_does_not_touch_the_list(process: Process) -> None:
    library = await herons(process)
    assert await process.found(library, "heron") == ["file-0"]
    again = Library(library.key, library.version, UntouchedShelves())
    assert await process.found(again, "heron") == ["file-0"]
    assert len(read(process)) == 1


async def test_a_new_version_reads_only_what_is_new(process: Process) -> None:
    library = await herons(process, 20)
    await process.found(library, "heron")
    assert len(read(process)) == 20
    more = await process.shelf("file-new", "Another heron, unheard of.")
    await process.found(Library(library.key, 2, [*library.shelves[1:], more]), "heron")
    assert read(process)[20:] == [more.blob]


async def test_an_older_version_is_answered_from_the_newer_state(process: Process) -> None:
    library = await herons(process, 2)
    newer = Library(library.key, 2, library.shelves[1:])
    assert await process.found(newer, "heron") == ["file-1"]
    assert await process.found(library, "heron") == ["file-1"]


async def test_the_same_bytes_may_be_two_files(process: Process) -> None:
    first = await process.shelf("file-a", "The heron waits.")
    library = Library("vs", 1, [first, Shelf("file-b", first.blob)])
    assert sorted(await process.found(library, "heron")) == ["file-a", "file-b"]
    left = Library("vs", 2, [Shelf("file-b", first.blob)])
    assert await process.found(left, "heron") == ["file-b"]


async def test_many_searches_at_once_build_it_once(process: Process) -> None:
    library = await herons(process, 10)
    found = await asyncio.gather(*(process.found(library, f"number{n}") for n in range(10)))
    assert found == [[f"file-{n}"] for n in range(10)]
    assert len(read(process)) == 10


async def test_a_lost_or_damaged_blob_costs_only_its_file(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    good = await process.shelf("file-good", "The heron waits.")
    damaged = await process.blobs.put(b"nothing that was prepared")
    library = Library("vs", 1, [Shelf("lost", "0" * 64), Shelf("damaged", damaged), good])
    with caplog.at_level(logging.WARNING):
        assert await process.found(library, "heron") == ["file-good"]
    assert "lost" in caplog.text
    assert "damaged" in caplog.text


async def test_a_search_that_is_given_up_leaves_no_lock(process: Process, folder: Path) -> None:
    library = await herons(process, 30)
    for pause in (0.0, 0.001, 0.005, 0.02):
        search = asyncio.create_task(process.found(library, "heron"))
        await asyncio.sleep(pause)
        search.cancel()
        await asyncio.gather(search, return_exceptions=True)
    assert len(await process.found(library, "heron", limit=50)) == 30
    fd = SearchFolder(folder, 0).try_lock(library.key)
    assert fd is not None
    os.close(fd)


# ------------------------------------------------------------------------- shared


async def test_two_processes_share_the_work(process: Process, folder: Path) -> None:
    library = await herons(process, 5)
    assert len(await process.found(library, "heron")) == 5
    other = Process(folder, process.blobs)
    assert len(await other.found(Library(library.key, 1, UntouchedShelves()), "heron")) == 5
    await other.retrieval.close()
    assert len(read(process)) == 5
    assert len(databases(folder)) == 1


async def test_a_change_by_another_process_is_seen(process: Process, folder: Path) -> None:
    library = await herons(process, 2)
    other = Process(folder, process.blobs)
    await process.found(library, "heron")
    await other.found(Library(library.key, 2, library.shelves[1:]), "heron")
    newest = Library(library.key, 2, UntouchedShelves())
    assert await process.found(newest, "heron") == ["file-1"]
    await other.retrieval.close()


async def test_whoever_waits_finds_the_work_done(process: Process, folder: Path) -> None:
    library = await herons(process, 5)
    fd = SearchFolder(folder, 0).try_lock(library.key)
    assert fd is not None
    search = asyncio.create_task(process.found(library, "heron"))
    await asyncio.sleep(0.2)
    assert not search.done()
    os.close(fd)
    assert len(await search) == 5


HOLDER = """
import sys, time
from pathlib import Path
from adapters.search.folder import SearchFolder
from adapters.search.library import LibraryFile
from adapters.search.prepared import Contents
from core.engine.searching import Shelf
folder = SearchFolder(Path(sys.argv[1]), 1 << 30)
assert folder.try_lock("vs_herons") is not None
library = LibraryFile(folder.file("vs_herons"))
text = "The heron of a dead process."
library.add([(Shelf("file-0", sys.argv[2]), Contents(text, [(0, len(text))], [(0, 0)]))])
print("ready", flush=True)
time.sleep(600)
"""


async def test_a_process_that_is_killed_while_it_indexes(process: Process, folder: Path) -> None:
    library = await herons(process, 3)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), library.shelves[0].blob],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"ready\n"
    search = asyncio.create_task(process.found(library, "heron"))
    await asyncio.sleep(0.2)
    assert not search.done()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert sorted(await search) == ["file-0", "file-1", "file-2"]
    assert len(read(process)) == 2, "what the dead one had put in was read again"


# ------------------------------------------------------------------------- thrown away


async def test_the_folder_may_be_removed_at_any_time(process: Process, folder: Path) -> None:
    library = await herons(process, 3)
    for _ in range(3):
        assert len(await process.found(library, "heron")) == 3
        shutil.rmtree(folder)
    assert len(await process.found(library, "heron")) == 3
    assert len(databases(folder)) == 1


async def test_removed_while_two_processes_use_it(process: Process, folder: Path) -> None:
    library = await herons(process, 3)
    other = Process(folder, process.blobs)
    assert len(await process.found(library, "heron")) == 3
    assert len(await other.found(library, "heron")) == 3
    for path in folder.iterdir():
        path.unlink()
    assert len(await process.found(library, "heron")) == 3
    assert len(await other.found(library, "heron")) == 3
    await other.retrieval.close()
    assert len(await process.found(library, "heron")) == 3
    assert len(databases(folder)) == 1


@pytest.mark.parametrize("damage", ["all", "head", "middle", "cut", "other format"])
async def test_a_damaged_file_is_built_anew(process: Process, folder: Path, damage: str) -> None:
    library = await herons(process, 200)
    assert len(await process.found(library, "heron", limit=50)) == 50
    await process.retrieval.close()
    (path,) = databases(folder)
    data = bytearray(path.read_bytes())
    if damage == "all":
        data[:] = b"x" * len(data)
    elif damage == "head":
        data[:100] = bytes(100)
    elif damage == "middle":
        data[4096:] = b"\xff" * (len(data) - 4096)
    elif damage == "other format":
        data[60:64] = (99).to_bytes(4, "big")  # user_version, in SQLite's header
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    again = Process(folder, process.blobs)
    assert await again.found(library, "number150") == ["file-150"]
    assert databases(folder) != [path]
    await again.retrieval.close()


async def test_libraries_not_searched_for_long_make_room(folder: Path) -> None:
    process = Process(folder, CountedBlobs(), most_bytes=1)
    libraries = [
        Library(f"vs_{n}", 1, [await process.shelf(f"file-{n}", "The heron waits.")])
        for n in range(4)
    ]
    for _ in range(2):
        for number, library in enumerate(libraries):
            assert await process.found(library, "heron") == [f"file-{number}"]
            assert len(databases(folder)) == 1
    await process.retrieval.close()


async def test_more_libraries_than_are_kept_open(folder: Path) -> None:
    process = Process(folder, CountedBlobs())
    shelf = await process.shelf("file-0", "The heron waits.")
    libraries = [Library(f"vs_{n}", 1, [shelf]) for n in range(60)]
    for library in libraries:
        assert await process.found(library, "heron") == ["file-0"]
    assert await process.found(libraries[0], "heron") == ["file-0"]
    await process.retrieval.close()
    assert len(databases(folder)) == 60


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = Process(tmp_path / "file" / "search", CountedBlobs())
    library = await herons(process)
    with pytest.raises(StoreRefused, match="cannot be written"):
        await process.found(library, "heron")
    await process.retrieval.close()
