"""The contract of `Blobs`: immutable bytes under their sha256, kept as long as referred to."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import multiprocessing
import os
import resource
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from adapters.blobs.local import LocalBlobs
from adapters.redis.same_store import ensure_same_store
from core.clock import SystemClock
from core.errors import ConfigurationError, NotFound, StoreError, StoreRefused
from core.ids import RandomIds
from tests.contracts.engine_stores import redis_client, redis_url


class HandClock:
    """Wall time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def blobs(tmp_path: Path, clock: HandClock) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs", clock, RandomIds())


def files(folder: Path) -> list[str]:
    """Paths of all blobs and of what is being written."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if "/" in path)


async def nobody(names: Sequence[str]) -> set[str]:
    del names
    return set()


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4096], ids=len)
async def test_bytes_come_back_under_their_digest(blobs: LocalBlobs, data: bytes) -> None:
    name = await blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert await blobs.get(name) == data


async def test_equal_bytes_are_one_blob(blobs: LocalBlobs, tmp_path: Path) -> None:
    names = await asyncio.gather(*(blobs.put(b"same") for _ in range(10)))
    assert len(set(names)) == 1
    assert files(tmp_path / "blobs") == [f"{names[0][:2]}/{names[0][2:4]}/{names[0]}"]


async def test_a_blob_that_is_not_there(blobs: LocalBlobs) -> None:
    name = await blobs.put(b"gone")
    await blobs.delete(name)
    await blobs.delete(name)
    with pytest.raises(NotFound):
        await blobs.get(name)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../secret", "/etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "g" * 64],
)
async def test_a_name_is_nothing_but_a_digest(blobs: LocalBlobs, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    with pytest.raises(NotFound):
        await blobs.get(name)
    await blobs.delete(name)
    assert secret.exists()


async def test_what_returned_survives_kill_9(tmp_path: Path) -> None:
    """A process that is killed while it writes leaves whole blobs only."""
    context = multiprocessing.get_context("spawn")
    told, said = context.Pipe(duplex=False)
    writer = context.Process(target=_write_for_ever, args=(tmp_path / "blobs", said))
    writer.start()
    try:
        names = [await asyncio.to_thread(told.recv) for _ in range(20)]
    finally:
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    blobs = LocalBlobs(tmp_path / "blobs", SystemClock(), RandomIds())
    for name in names:
        assert hashlib.sha256(await blobs.get(name)).hexdigest() == name
    for path in files(tmp_path / "blobs"):
        if not path.startswith("new/"):
            data = (tmp_path / "blobs" / path).read_bytes()
            assert path.endswith(hashlib.sha256(data).hexdigest())


def _write_for_ever(folder: Path, said: Connection[str, None]) -> None:
    async def write() -> None:
        blobs = LocalBlobs(folder, SystemClock(), RandomIds())
        for number in range(100_000):
            said.send(await blobs.put(str(number).encode() * 20_000))

    asyncio.run(write())


# --------------------------------------------------------------------------------- sweep


async def test_a_sweep_removes_what_nobody_refers_to(blobs: LocalBlobs, clock: HandClock) -> None:
    kept, orphan = await blobs.put(b"kept"), await blobs.put(b"orphan")
    clock.time += 100
    fresh = await blobs.put(b"fresh")
    asked: list[str] = []

    async def referenced(names: Sequence[str]) -> set[str]:
        asked.extend(names)
        return {kept}

    assert await blobs.sweep(referenced, grace_s=60) == 1
    assert sorted(asked) == sorted([kept, orphan])
    assert await blobs.get(kept) == b"kept"
    assert await blobs.get(fresh) == b"fresh"
    with pytest.raises(NotFound):
        await blobs.get(orphan)


async def test_an_orphan_that_is_put_again_begins_a_new_grace(
    blobs: LocalBlobs, clock: HandClock
) -> None:
    name = await blobs.put(b"again")
    clock.time += 100

    async def put_meanwhile(names: Sequence[str]) -> set[str]:
        del names
        await blobs.put(b"again")
        return set()

    assert await blobs.sweep(put_meanwhile, grace_s=60) == 0
    assert await blobs.get(name) == b"again"
    clock.time += 100
    assert await blobs.sweep(nobody, grace_s=60) == 1


async def test_a_put_and_the_removal_of_an_orphan_wait_for_each_other(
    blobs: LocalBlobs, clock: HandClock, tmp_path: Path
) -> None:
    """Else a sweep could remove what a put has just found to be there."""
    await blobs.put(b"orphan")
    clock.time += 100
    with (tmp_path / "blobs" / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        putting = asyncio.create_task(blobs.put(b"x"))
        assert not (await asyncio.wait([putting], timeout=0.1))[0]
        fcntl.flock(lock, fcntl.LOCK_SH)
        await putting
        sweeping = asyncio.create_task(blobs.sweep(nobody, grace_s=60))
        assert not (await asyncio.wait([sweeping], timeout=0.1))[0]
    assert await sweeping == 1


async def test_a_sweep_removes_what_was_never_finished(
    blobs: LocalBlobs, clock: HandClock, tmp_path: Path
) -> None:
    await blobs.put(b"x")
    half = tmp_path / "blobs" / "new" / "half"
    half.write_bytes(b"half")
    os.utime(half, (clock.time, clock.time))
    await blobs.sweep(nobody, grace_s=60)
    assert half.exists()
    clock.time += 100
    await blobs.sweep(nobody, grace_s=60)
    assert not half.exists()


async def test_an_empty_store_can_be_swept(blobs: LocalBlobs) -> None:
    assert await blobs.sweep(nobody, grace_s=60) == 0


# --------------------------------------------------------------------------------- faults


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").write_text("in the way")
    blobs = LocalBlobs(tmp_path / "file" / "blobs", clock, RandomIds())
    with pytest.raises(StoreError):
        await blobs.put(b"x")


async def test_a_disk_that_takes_no_more_is_said_and_nothing_is_left(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    small = await blobs.put(b"small")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StoreRefused):
            await blobs.put(b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path / "blobs") == [f"{small[:2]}/{small[2:4]}/{small}"]


# ---------------------------------------------------------------------------- which store


async def test_a_store_has_one_id_for_ever(tmp_path: Path, clock: HandClock) -> None:
    stores = [LocalBlobs(tmp_path / "blobs", clock, RandomIds()) for _ in range(8)]
    first, *others = await asyncio.gather(*(store.store_id() for store in stores))
    assert first.startswith("blobs_")
    assert set(others) == {first}
    other = LocalBlobs(tmp_path / "other", clock, RandomIds())
    assert await other.store_id() != first


@pytest.fixture(params=["standalone", "cluster"])
def url(request: pytest.FixtureRequest) -> str:
    return redis_url(request)


async def test_another_blob_store_is_refused(url: str) -> None:
    async with redis_client(url) as client:
        await ensure_same_store(client, "blobs_a")
        await ensure_same_store(client, "blobs_a")
        with pytest.raises(ConfigurationError, match="blobs_b"):
            await ensure_same_store(client, "blobs_b")
        await ensure_same_store(client, "blobs_a")
