"""The contracts of `FilePlaces` and `PreparedIndex`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.engine.vectors.records import PreparedBlob
from tests.contracts.engine_stores import BACKENDS
from tests.contracts.vector_tables import Tables, vector_tables


@pytest.fixture(params=BACKENDS)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    async with vector_tables(request) as opened:
        yield opened


async def test_the_stores_of_a_file(tables: Tables) -> None:
    places = tables.places
    await places.note("vs_a", ["file-a", "file-b"])
    await places.note("vs_b", ["file-a"])
    await places.note("vs_b", ["file-a"])
    await places.note("vs_b", [])
    assert await places.stores_of("file-a") == ["vs_a", "vs_b"]
    assert await places.stores_of("file-b") == ["vs_a"]
    assert await places.stores_of("file-c") == []
    await places.forget("vs_a", ["file-a", "file-c"])
    assert await places.stores_of("file-a") == ["vs_b"]
    await places.forget("vs_b", ["file-a"])
    assert await places.stores_of("file-a") == []


async def test_tenants_have_files_of_their_own(tables: Tables) -> None:
    for tenant in ("", "team", "team:file-a", "{other} ü"):
        await tables.places.note(f"vs_{len(tenant)}", ["file-a"], tenant=tenant)
    for tenant in ("", "team", "team:file-a", "{other} ü"):
        assert await tables.places.stores_of("file-a", tenant=tenant) == [f"vs_{len(tenant)}"]


async def test_what_is_prepared_is_found_again(tables: Tables) -> None:
    assert await tables.prepared.find("ab" * 32) is None
    await tables.prepared.remember("ab" * 32, PreparedBlob("cd" * 32, 12))
    assert await tables.prepared.find("ab" * 32) == PreparedBlob("cd" * 32, 12)
    await tables.prepared.remember("ab" * 32, PreparedBlob("ef" * 32, 3))
    assert await tables.prepared.find("ab" * 32) == PreparedBlob("ef" * 32, 3)
    assert await tables.prepared.find("cd" * 32) is None
