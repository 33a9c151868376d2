"""The contract of `Blobs`, for a folder of this machine and for a bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.blobs.bucket import BucketBlobs
from adapters.blobs.local import LocalBlobs
from core.clock import SystemClock
from core.errors import ConfigurationError, NotFound
from core.ids import RandomIds

Store = LocalBlobs | BucketBlobs


class Later(SystemClock):
    """The system's time and a bit more."""

    def __init__(self) -> None:
        self.more = 0.0

    def now(self) -> float:
        return time.time() + self.more


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, clock: Later) -> Store:
    return _opened(request.param, tmp_path / "blobs", clock)


def _opened(kind: str, folder: Path, clock: Later) -> Store:
    if kind == "folder":
        return LocalBlobs(folder, clock, RandomIds())
    return BucketBlobs(folder.as_uri(), clock, RandomIds())


async def nobody(names: Sequence[str]) -> set[str]:
    del names
    return set()


async def test_bytes_come_back_and_equal_bytes_are_one(blobs: Store) -> None:
    first = await blobs.put(b"some bytes")
    assert await blobs.put(b"some bytes") == first
    assert await blobs.get(first) == b"some bytes"
    assert await blobs.get(await blobs.put(b"")) == b""


@pytest.mark.parametrize("size", [0, 10, 3 * 1024 * 1024 + 1])
async def test_a_file_goes_in_and_comes_out_piece_by_piece(
    blobs: Store, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    path = tmp_path / "upload"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(size // 2)  # wherever it was read to
        name = await blobs.put(file)
        assert await blobs.put(file) == name == await blobs.put(data)
    parts = [part async for part in blobs.parts(name)]
    assert b"".join(parts) == data == await blobs.get(name)
    assert len(parts) > 1 or size < 1024 * 1024


@pytest.mark.parametrize("name", ["0" * 64, "../id", "", "id"])
async def test_what_is_not_there_is_not_found(blobs: Store, name: str) -> None:
    await blobs.store_id()
    with pytest.raises(NotFound):
        await blobs.get(name)
    with pytest.raises(NotFound):
        await anext(aiter(blobs.parts(name)))
    await blobs.delete(name)


async def test_what_is_removed_is_gone(blobs: Store) -> None:
    name = await blobs.put(b"x")
    await blobs.delete(name)
    with pytest.raises(NotFound):
        await blobs.get(name)


async def test_a_sweep_takes_old_ones_that_nobody_names(blobs: Store, clock: Later) -> None:
    names = [await blobs.put(text) for text in (b"kept", b"orphan")]

    async def kept(some: Sequence[str]) -> set[str]:
        return {names[0]} & set(some)

    assert await blobs.sweep(kept, 3600) == 0
    clock.more = 4000
    assert await blobs.sweep(kept, 3600) == 1
    assert await blobs.get(names[0]) == b"kept"
    with pytest.raises(NotFound):
        await blobs.get(names[1])
    assert await blobs.sweep(nobody, 3600) == 1


async def test_a_store_has_one_id_for_all_who_open_it(tmp_path: Path, clock: Later) -> None:
    for kind in ("folder", "bucket"):
        stores = [_opened(kind, tmp_path / kind, clock) for _ in range(3)]
        assert len({await store.store_id() for store in stores}) == 1


async def test_who_else_names_blobs_is_known(blobs: Store) -> None:
    assert await blobs.refer("store_a")
    assert await blobs.refer("store_a")
    assert not await blobs.refer("store_b")
    assert not await blobs.refer("store_a")


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/x", "s3:/"])
def test_a_wrong_url_is_named(url: str, clock: Later) -> None:
    with pytest.raises(ConfigurationError, match="BOBBIN_BLOBS_URL"):
        BucketBlobs(url, clock, RandomIds())
