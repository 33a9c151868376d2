"""The contract of `ObjectStore`: Assistants and Files, each tenant's apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.assistants import Assistant, File
from core.engine.records import Cursor, ObjectRecord
from tests.contracts.engine_stores import BACKENDS, Stores, engine_stores

TENANTS = ["", "team", "team:order", "{other} team", "Ü"]


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    async with engine_stores(request) as opened:
        yield opened


def assistant(object_id: str, tenant: str = "", **changes: Any) -> ObjectRecord:
    value = Assistant(id=object_id, created_at=1, model="offline", **changes)
    return ObjectRecord(value=value, tenant=tenant, state={"effort": "low"})


async def ids(stores: Stores, kind: Any, tenant: str = "", **cursor: Any) -> list[str]:
    wanted: dict[str, Any] = {"order": "asc"} | cursor
    page = await stores.objects.page(kind, Cursor(**wanted), tenant=tenant)
    return [one.value.id for one in page.data]


async def test_objects_come_back_as_they_were_put(stores: Stores) -> None:
    tutor = assistant("asst_1", name="Tutor", tools=({"type": "code_interpreter"},), top_p=0.5)
    file = ObjectRecord(
        value=File(id="file-1", bytes=3, created_at=1, filename="a.csv", purpose="assistants"),
        state={"blob": "ab" * 32},
    )
    for record in (tutor, file):
        await stores.objects.put(record)
    assert await stores.objects.get("assistant", "asst_1") == tutor
    assert await stores.objects.get("file", "file-1") == file
    assert await stores.objects.get("file", "asst_1") is None
    assert await stores.objects.get("assistant", "asst_2") is None


async def test_a_replaced_object_keeps_its_place(stores: Stores) -> None:
    for name in ("asst_1", "asst_2"):
        await stores.objects.put(assistant(name))
    changed = assistant("asst_1", name="new")
    await stores.objects.put(changed)
    assert await ids(stores, "assistant") == ["asst_1", "asst_2"]
    assert await stores.objects.get("assistant", "asst_1") == changed


async def test_a_deleted_object_is_gone(stores: Stores) -> None:
    for name in ("asst_1", "asst_2"):
        await stores.objects.put(assistant(name))
    assert await stores.objects.delete("assistant", "asst_1")
    assert not await stores.objects.delete("assistant", "asst_1")
    assert await stores.objects.get("assistant", "asst_1") is None
    assert await ids(stores, "assistant") == ["asst_2"]
    await stores.objects.put(assistant("asst_1"))
    assert await ids(stores, "assistant") == ["asst_2", "asst_1"]


async def test_tenants_see_only_their_own(stores: Stores) -> None:
    for number, tenant in enumerate(TENANTS):
        await stores.objects.put(assistant(f"asst_{number}", tenant))
        await stores.objects.put(assistant("asst_same", tenant, name=tenant))
    for number, tenant in enumerate(TENANTS):
        assert await ids(stores, "assistant", tenant) == [f"asst_{number}", "asst_same"]
        other = TENANTS[number - 1]
        assert await stores.objects.get("assistant", f"asst_{number}", tenant=other) is None
        assert not await stores.objects.delete("assistant", f"asst_{number}", tenant=other)
        found = await stores.objects.get("assistant", "asst_same", tenant=tenant)
        assert found == assistant("asst_same", tenant, name=tenant)


async def test_a_page_of_files_may_be_long(stores: Stores) -> None:
    """The limit of the API's list of files (reference: `limit`, 1 to 10,000)."""
    record = ObjectRecord(
        value=File(id="", bytes=3, created_at=1, filename="a.csv", purpose="assistants")
    )
    names = [f"file-{number}" for number in range(1201)]
    for name in names:
        await stores.objects.put(replace(record, value=replace(record.value, id=name)))
    assert await ids(stores, "file", limit=10_000) == names
    assert await ids(stores, "file", limit=1200, order="desc") == names[:0:-1]
