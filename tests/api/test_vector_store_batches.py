"""Files that are added to a vector store together, as the official client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.api.serving import Served, wire
from tests.api.stores import file_of, ids_of, store_of
from tests.api.test_vector_store_files import AUTO, FINE

NONE = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}


async def files_of(api: Served, *texts: str) -> list[str]:
    """Ids of new Files."""
    return [await file_of(api, text, f"{number}.txt") for number, text in enumerate(texts)]


async def test_a_batch_is_indexed(api: Served) -> None:
    """All that is given for it goes for each file."""
    api.retrieval.hold = asyncio.Event()
    store = await api.client.vector_stores.create()
    ids = await files_of(api, "a", "b", "c")
    batches = api.client.vector_stores.file_batches
    made = await batches.create(
        store.id, file_ids=ids, attributes={"kind": "x"}, chunking_strategy=FINE
    )
    body = wire(made)
    assert body["object"] == "vector_store.files_batch"
    assert made.id.startswith("vsfb_")
    assert (made.status, made.vector_store_id) == ("in_progress", store.id)
    assert body["file_counts"] == NONE | {"in_progress": 3, "total": 3}
    api.retrieval.hold.set()
    ended = await batches.poll(made.id, vector_store_id=store.id, poll_interval_ms=10)
    assert ended.status == "completed"
    assert wire(ended)["file_counts"] == NONE | {"completed": 3, "total": 3}
    assert await batches.retrieve(made.id, vector_store_id=store.id) == ended
    listed = await batches.list_files(made.id, vector_store_id=store.id)
    assert ids_of(listed) == ids[::-1]
    assert all(wire(one)["attributes"] == {"kind": "x"} for one in listed.data)
    assert all(wire(one)["chunking_strategy"] == FINE for one in listed.data)


async def test_each_file_with_its_own(api: Served) -> None:
    """With `files`, what is given for the batch does not count; the last of equal ones does."""
    store = await api.client.vector_stores.create()
    one, two = await files_of(api, "a", "b")
    batch = await api.client.vector_stores.file_batches.create(
        store.id,
        files=[
            {"file_id": one, "attributes": {"n": 0}},
            {"file_id": two, "chunking_strategy": FINE},
            {"file_id": one, "attributes": {"n": 1}},
        ],
        attributes={"n": 2},
    )
    assert batch.file_counts.total == 2
    files = api.client.vector_stores.files
    first = await files.retrieve(one, vector_store_id=store.id)
    assert (wire(first)["attributes"], wire(first)["chunking_strategy"]) == ({"n": 1}, AUTO)
    second = await files.retrieve(two, vector_store_id=store.id)
    assert (wire(second)["attributes"], wire(second)["chunking_strategy"]) == (None, FINE)
    await store_of(api, store.id)


async def test_a_batch_is_cancelled(api: Served) -> None:
    """What is completed stays; what is not is cancelled and can be added again."""
    store = await api.client.vector_stores.create()
    ids = await files_of(api, "a", "b", "c")
    await api.client.vector_stores.files.create(store.id, file_id=ids[0])
    await store_of(api, store.id)
    hold = api.retrieval.hold = asyncio.Event()
    batches = api.client.vector_stores.file_batches
    batch = await batches.create(store.id, file_ids=ids)
    cancelled = await batches.cancel(batch.id, vector_store_id=store.id)
    assert cancelled.status == "cancelled"
    assert wire(cancelled)["file_counts"] == NONE | {"completed": 1, "cancelled": 2, "total": 3}
    listed = await batches.list_files(batch.id, vector_store_id=store.id, filter="cancelled")
    assert ids_of(listed) == [ids[2], ids[1]]
    hold.set()
    with pytest.raises(BadRequestError, match="Cannot cancel file batch with status 'cancelled'"):
        await batches.cancel(batch.id, vector_store_id=store.id)
    again = await batches.create_and_poll(store.id, file_ids=ids, poll_interval_ms=10)
    assert wire(again)["file_counts"] == NONE | {"completed": 3, "total": 3}


async def test_a_batch_whose_files_all_fail(api: Served) -> None:
    """Has failed; with one that did not, it is completed."""
    store = await api.client.vector_stores.create()
    bad = await file_of(api, b"\x00", "bad.bin")
    good = await file_of(api, "a")
    batches = api.client.vector_stores.file_batches
    failed = await batches.create_and_poll(store.id, file_ids=[bad], poll_interval_ms=10)
    assert (failed.status, failed.file_counts.failed) == ("failed", 1)
    mixed = await batches.create_and_poll(store.id, file_ids=[bad, good], poll_interval_ms=10)
    assert (mixed.status, mixed.file_counts.completed) == ("completed", 1)


async def test_pages_go_both_ways(api: Served) -> None:
    """Of this batch alone, in the order of the store."""
    store = await api.client.vector_stores.create()
    ids = await files_of(api, "a", "b", "c", "d")
    other = await file_of(api, "e")
    batches = api.client.vector_stores.file_batches
    batch = await batches.create(store.id, file_ids=ids)
    await batches.create(store.id, file_ids=[other])
    await store_of(api, store.id)

    async def page(**options: Any) -> Any:
        return await batches.list_files(batch.id, vector_store_id=store.id, **options)

    newest = await page(limit=2)
    assert (ids_of(newest), newest.has_more) == ([ids[3], ids[2]], True)
    assert ids_of(await page(order="asc", after=ids[1])) == ids[2:]
    assert ids_of(await page(before=ids[1], limit=1)) == [ids[2]]
    assert ids_of(await page(filter="completed", order="asc")) == ids
    assert ids_of(await page(filter="failed")) == []
    every = batches.list_files(batch.id, vector_store_id=store.id, limit=1)
    assert [one.id async for one in every] == ids[::-1]
    answer = await api.http.get(
        f"/vector_stores/{store.id}/file_batches/{batch.id}/files?filter=done"
    )
    assert answer.json()["error"]["param"] == "filter"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "Missing required parameter: 'file_ids'."),
    (
        {"file_ids": ["file-a"], "files": [{"file_id": "file-a"}]},
        "Mutually exclusive parameters: 'file_ids' and 'files'. Give one of them.",
    ),
    (
        {"file_ids": []},
        (
            "Invalid 'file_ids': empty array. Expected an array with minimum length 1, but got "
            "an empty array instead."
        ),
    ),
    (
        {"files": []},
        (
            "Invalid 'files': empty array. Expected an array with minimum length 1, but got an "
            "empty array instead."
        ),
    ),
    (
        {"file_ids": [f"file-{number}" for number in range(2001)]},
        (
            "Invalid 'file_ids': array too long. Expected an array with maximum length 2000, "
            "but got an array with length 2001 instead."
        ),
    ),
    ({"files": [{}]}, "Missing required parameter: 'files[0].file_id'."),
    (
        {"files": [{"file_id": "file-a", "attributes": {"a": []}}]},
        "Invalid 'files[0].attributes.a': expected a string, a number, or a boolean.",
    ),
    ({"file_ids": ["file-a"], "x": 1}, "Unknown parameter: 'x'."),
]


@pytest.mark.parametrize(("body", "message"), WRONG)
async def test_what_is_wrong_is_refused(api: Served, body: dict[str, Any], message: str) -> None:
    """With the API's sentence."""
    store = await api.client.vector_stores.create()
    answer = await api.http.post(f"/vector_stores/{store.id}/file_batches", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


async def test_what_is_not_there(api: Served) -> None:
    """Stores, Files and batches; a File that is not there adds none of the others."""
    store = await api.client.vector_stores.create()
    other = await api.client.vector_stores.create()
    good = await file_of(api, "a")
    batches = api.client.vector_stores.file_batches
    with pytest.raises(NotFoundError, match="No file found with id 'file-none'"):
        await batches.create(store.id, file_ids=[good, "file-none"])
    assert (await api.client.vector_stores.files.list(store.id)).data == []
    with pytest.raises(NotFoundError, match="No vector store found with id 'vs_none'"):
        await batches.create("vs_none", file_ids=[good])
    batch = await batches.create(store.id, file_ids=[good])
    for call in (batches.retrieve, batches.cancel, batches.list_files):
        for batch_id, store_id in (("vsfb_none", store.id), (batch.id, other.id)):
            with pytest.raises(NotFoundError, match=f"No file batch found with id '{batch_id}'"):
                await call(batch_id, vector_store_id=store_id)
    await store_of(api, store.id)
