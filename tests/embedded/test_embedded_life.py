"""The embedded server from start to end, under kills, shared by several processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from adapters.redis.connection import Client, connect, inspect
from adapters.redis.embedded import embedded_server
from adapters.redis.embedded.binary import ServerBinary
from adapters.redis.embedded.wire import Wire
from core.clock import SystemClock
from tests.embedded.driving import (
    kill_server,
    other_processes,
    server_lives,
    server_pid,
    servers_of,
)
from tests.servers import redis_server, server_program

linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks into /proc")


async def test_what_is_stored_is_there_after_an_orderly_restart(
    data_dir: Path, clock: SystemClock
) -> None:
    for value in (None, b"1", b"2"):
        async with embedded_server(data_dir, clock) as server:
            client = await connect(server.url, clock)
            assert await client.get("n") == value
            await client.incr("n")
            await client.aclose()
        assert not server_lives(data_dir)


async def test_the_server_has_the_settings_that_keep_messages(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        facts = await inspect(client, embedded=True)
        asked: Any = client
        preamble: dict[Any, Any] = await asked.config_get("aof-use-rdb-preamble")
        await client.aclose()
    assert (facts.fsync, facts.policy, facts.cluster, facts.warnings) == (
        "always",
        "noeviction",
        False,
        (),
    )
    assert list(preamble.values()) == ["no"]


@linux
async def test_the_server_gets_nothing_of_ours_but_its_lock(
    data_dir: Path, clock: SystemClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "a secret")
    program = tmp_path / "telling-server"
    program.write_text(f'#!/bin/sh\nenv > environment\nexec {server_program()} "$@"\n')
    program.chmod(0o700)
    secret = tmp_path / "secret"
    with secret.open("w") as file:
        os.set_inheritable(file.fileno(), True)
        async with embedded_server(data_dir, clock, binary=ServerBinary(program, (9,))):
            process = Path("/proc") / str(server_pid(data_dir))
            files = {entry.readlink() for entry in (process / "fd").iterdir()}
            environment = (data_dir / "valkey" / "environment").read_text()
            session = os.getsid(server_pid(data_dir))
    assert secret not in files
    assert data_dir / "valkey" / "server.lock" in files
    assert data_dir / "valkey" / "users.lock" not in files
    assert "LC_ALL=C\n" in environment
    assert "SLACK_BOT_TOKEN" not in environment
    assert session != os.getsid(0), "Ctrl-C in the terminal would reach the server"


async def test_killing_the_server_loses_nothing_and_it_is_started_again(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        pids: set[int] = set()
        for n in range(1, 4):
            assert await client.incr("n") == n
            pids.add(await kill_server(data_dir))
            assert await client.get("n") == str(n).encode()
        await client.aclose()
        assert server.failure is None
    assert len(pids) == 3
    assert not server_lives(data_dir)


async def test_whoever_comes_after_a_killed_process_attaches_to_its_server(
    data_dir: Path, clock: SystemClock
) -> None:
    async with other_processes(data_dir) as (other,):
        await other.ask("set k v")
        pid = await other.ask("pid")
        await other.kill()
    assert server_lives(data_dir)
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        asked: Any = client
        info: dict[str, Any] = await asked.info()
        assert str(info["process_id"]) == pid
        assert await client.get("k") == b"v"
        await client.aclose()
    assert not server_lives(data_dir), "the last one to leave ends it, whoever started it"


async def test_nothing_acknowledged_is_lost_when_process_and_server_are_killed_at_work(
    data_dir: Path,
) -> None:
    acknowledged = 0
    for _ in range(4):
        async with other_processes(data_dir) as (other,):
            found = await other.ask("get count")
            assert int(found if found != "none" else 0) >= acknowledged
            other.tell("count")
            for _ in range(150):
                acknowledged = int(await other.read())
            await kill_server(data_dir)
            await other.kill()
    assert acknowledged >= 600


async def test_of_four_that_start_at_once_one_starts_the_server(data_dir: Path) -> None:
    async with other_processes(data_dir, 4) as others:
        assert len({await other.ask("pid") for other in others}) == 1
        if Path("/proc").is_dir():
            assert len(servers_of(data_dir)) == 1


async def test_of_four_that_see_the_server_die_one_starts_it_again(data_dir: Path) -> None:
    async with other_processes(data_dir, 4) as others:
        for n in range(4):
            assert await others[0].ask(f"set n {n}") == "ok"
            before = await kill_server(data_dir)
            assert {await other.ask("get n") for other in others} == {str(n)}
            pids = {await other.ask("pid") for other in others}
            assert len(pids) == 1
            assert str(before) not in pids
            if Path("/proc").is_dir():
                assert len(servers_of(data_dir)) == 1


async def test_only_the_last_one_out_ends_the_server(data_dir: Path) -> None:
    async with other_processes(data_dir, 3) as others:
        pid = await others[0].ask("pid")
        for other in others:
            assert await other.ask("pid") == pid, "it was ended under those who use it"
            await other.leave()
        assert not server_lives(data_dir)


async def test_of_several_that_leave_at_once_one_ends_the_server(data_dir: Path) -> None:
    async with other_processes(data_dir, 4) as others:
        await asyncio.gather(*(other.leave() for other in others))
        assert not server_lives(data_dir)


async def test_coming_and_going_at_once_never_meets_a_server_that_is_ending(
    data_dir: Path, clock: SystemClock
) -> None:
    async def visit() -> None:
        async with embedded_server(data_dir, clock) as server:
            client = await connect(server.url, clock)
            await client.incr("visits")
            await client.aclose()

    async def visitor() -> None:
        for _ in range(5):
            await visit()

    await asyncio.gather(*(visitor() for _ in range(4)))
    assert not server_lives(data_dir)
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        assert await client.get("visits") == b"20"
        await client.aclose()


async def test_an_end_cut_off_in_mid_write_is_loaded(data_dir: Path, clock: SystemClock) -> None:
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        await client.set("whole", "1")
        await client.set("torn", "2")
        await client.aclose()
    (written,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    with written.open("r+b") as file:
        file.truncate(written.stat().st_size - 5)
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        assert await client.get("whole") == b"1"
        assert await client.get("torn") is None
        await client.aclose()


async def test_it_waits_while_the_server_reads_its_files(
    data_dir: Path, clock: SystemClock, tmp_path: Path
) -> None:
    async with embedded_server(data_dir, clock) as server:
        client = await connect(server.url, clock)
        pipeline = client.pipeline(transaction=False)
        for n in range(3000):
            pipeline.set(f"k{n}", n)
        await pipeline.execute()
        await client.aclose()
    slow = tmp_path / "slow-server"
    slow.write_text(f'#!/bin/sh\nexec {server_program()} "$@" --key-load-delay 500\n')
    slow.chmod(0o700)
    async with embedded_server(data_dir, clock, binary=ServerBinary(slow, (9,))):
        wire = await Wire.dial(data_dir / "valkey" / "valkey.sock")
        assert await wire.ping() == "ready"
        await wire.close()


async def test_a_server_that_reads_its_files_says_so(tmp_path: Path, clock: SystemClock) -> None:
    """It reads for twenty seconds, which nobody waits for, and looks up every half second."""
    with redis_server(tmp_path, "--key-load-delay", "500") as server:
        client = await connect(server.url, clock)
        pipeline = client.pipeline(transaction=False)
        for n in range(40_000):
            pipeline.set(f"k{n}", n)
        await pipeline.execute()
        await client.aclose()
        server.kill()
        server.start(wait=False)
        assert isinstance(server.address, str)
        while True:
            with contextlib.suppress(OSError):
                wire = await Wire.dial(Path(server.address))
                break
            await asyncio.sleep(0.005)
        assert await wire.ping() == "loading"
        await wire.close()
        server.kill()


async def test_a_folder_with_a_path_too_long_for_a_socket(
    tmp_path: Path, clock: SystemClock
) -> None:
    data_dir = tmp_path / ("x" * 120) / "Ünï çödé %41" / "data"
    async with embedded_server(data_dir, clock) as server:
        client: Client = await connect(server.url, clock)
        await client.set("k", "v")
        async with other_processes(data_dir, 2) as others:
            assert [await other.ask("get k") for other in others] == ["v", "v"]
            await kill_server(data_dir)
            assert await client.get("k") == b"v"
            assert [await other.ask("get k") for other in others] == ["v", "v"]
        await client.aclose()
    assert not server_lives(data_dir)


async def test_the_log_does_not_grow_for_ever(data_dir: Path, clock: SystemClock) -> None:
    log = data_dir / "valkey" / "server.log"
    async with embedded_server(data_dir, clock):
        pass
    with log.open("ab") as file:
        file.write(b"1:M noise\n" * 100_000)
    async with embedded_server(data_dir, clock):
        assert log.stat().st_size < 100_000
        assert b"Ready to accept connections" in log.read_bytes()
