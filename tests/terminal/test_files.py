"""Files that a person gives at a terminal: with the next line, as they were at that moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.terminal.files import given_paths
from bots.console import Console
from core.chat.wording import MOST_BYTES
from core.errors import InvalidRequest
from tests.terminal.home import KEY, Home


async def test_files_go_with_the_next_line_and_not_with_a_command(
    home: Home, tmp_path: Path
) -> None:
    table = tmp_path / "marks.csv"
    table.write_bytes(b"a,b\n")
    async with home.chat() as (_, parts):
        console = Console(parts, KEY, str, live=False)
        async with console.open(keep_session=False):
            given = await console.give(str(table))
            assert (given.name, given.size) == ("marks.csv", 4)
            table.unlink()
            await console.say("!help")
            assert home.assistants.files == {}
            await console.say("Double them.")
            assert list(home.assistants.files.values()) == [("marks.csv", b"a,b\n")]
            await console.say("And now?")
            assert len(home.assistants.files) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.csv", "No such file"),
        ("folder", "no plain file"),
        ("pipe", "no plain file"),
        ("empty.csv", "is empty"),
        ("large.bin", "20 MB"),
    ],
)
async def test_a_file_that_is_not_taken_is_named_with_the_reason(
    home: Home, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.csv").touch()
    with (tmp_path / "large.bin").open("wb") as large:
        large.truncate(MOST_BYTES + 1)
    async with home.chat() as (_, parts):
        with pytest.raises(InvalidRequest, match=words) as caught:
            await Console(parts, KEY, str, live=False).give(str(tmp_path / name))
    assert name in str(caught.value)


def test_paths_are_written_as_in_a_shell() -> None:
    assert given_paths("!file a.csv") == ["a.csv"]
    assert given_paths("  !file 'my table.csv' b\\ c.csv ") == ["my table.csv", "b c.csv"]
    assert given_paths("!file Ann's table.csv") == ["Ann's table.csv"]
    assert given_paths("!files a.csv") is None
    assert given_paths("What is !file?") is None
    with pytest.raises(InvalidRequest):
        given_paths("!file")
