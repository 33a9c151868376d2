"""Files of vector stores, as the official client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from core.engine.searching import FileRejected
from tests.api.serving import Served, wire
from tests.api.stores import file_of, filled, ids_of, store_of

AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
FINE: Any = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
}


async def test_a_file_is_added_and_indexed(api: Served) -> None:
    """The answer comes at once; the end is seen by polling, as the official client does."""
    api.retrieval.hold = asyncio.Event()
    store = await api.client.vector_stores.create()
    file_id = await file_of(api, "rain in spring")
    added = await api.client.vector_stores.files.create(store.id, file_id=file_id)
    body = wire(added)
    assert (body["id"], body["vector_store_id"], body["status"]) == (
        file_id,
        store.id,
        "in_progress",
    )
    assert (body["usage_bytes"], body["last_error"], body["chunking_strategy"]) == (0, None, AUTO)
    assert (await api.client.vector_stores.retrieve(store.id)).status == "in_progress"
    path = f"/vector_stores/{store.id}/files/{file_id}"
    assert (await api.http.get(path)).headers["openai-poll-after-ms"] == "200"
    api.retrieval.hold.set()
    ended = await api.client.vector_stores.files.poll(
        file_id, vector_store_id=store.id, poll_interval_ms=10
    )
    assert "openai-poll-after-ms" not in (await api.http.get(path)).headers
    assert (ended.status, ended.last_error) == ("completed", None)
    assert ended.usage_bytes > 0
    assert await api.client.vector_stores.files.retrieve(file_id, vector_store_id=store.id) == ended


async def test_chunking_and_attributes(api: Served) -> None:
    """They come back as they were given; numbers and booleans stay what they are."""
    store = await api.client.vector_stores.create()
    added = await api.client.vector_stores.files.create(
        store.id,
        file_id=await file_of(api, "word " * 300),
        attributes={"author": "Ann", "year": 2024, "draft": True},
        chunking_strategy=FINE,
    )
    assert wire(added)["chunking_strategy"] == FINE
    assert wire(added)["attributes"] == {"author": "Ann", "year": 2024, "draft": True}
    assert wire(added)["attributes"]["draft"] is True
    await store_of(api, store.id)
    content = await api.client.vector_stores.files.content(added.id, vector_store_id=store.id)
    assert len(content.data) > 1


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("a.bin", b"\x00\xff", "unsupported_file"), ("a.txt", b"   ", "invalid_file")],
)
async def test_a_file_that_cannot_be_read(api: Served, name: str, data: bytes, code: str) -> None:
    """Fails with the reference's code and a sentence."""
    store = await api.client.vector_stores.create()
    file_id = await file_of(api, data, name)
    ended = await api.client.vector_stores.files.create_and_poll(
        file_id, vector_store_id=store.id, poll_interval_ms=10
    )
    assert ended.status == "failed"
    assert ended.last_error is not None
    assert ended.last_error.code == code
    assert name in ended.last_error.message
    counts = (await api.client.vector_stores.retrieve(store.id)).file_counts
    assert (counts.failed, counts.total) == (1, 1)


async def test_a_failed_file_is_tried_again_when_it_is_added_again(api: Served) -> None:
    """And a completed one stays as it is, but for its attributes."""
    store = await api.client.vector_stores.create()
    files = api.client.vector_stores.files
    file_id = await file_of(api, "rain")
    api.retrieval.failures.append(FileRejected("invalid_file", "no"))
    failed = await files.create_and_poll(file_id, vector_store_id=store.id, poll_interval_ms=10)
    assert failed.status == "failed"
    again = await files.create_and_poll(file_id, vector_store_id=store.id, poll_interval_ms=10)
    assert (again.status, again.last_error) == ("completed", None)
    added = await files.create(store.id, file_id=file_id, attributes={"a": "b"})
    assert (added.status, wire(added)["attributes"]) == ("completed", {"a": "b"})
    recut = await files.create(store.id, file_id=file_id, chunking_strategy=FINE)
    assert (recut.status, wire(recut)["attributes"]) == ("in_progress", {"a": "b"})
    assert (await store_of(api, store.id)).file_counts.total == 1
    assert len(api.retrieval.prepared) == 3


async def test_attributes_can_change(api: Served) -> None:
    """All of them at once; null clears."""
    store_id, (file_id,) = await filled(api, "rain")
    files = api.client.vector_stores.files
    changed = await files.update(file_id, vector_store_id=store_id, attributes={"a": 1.5})
    assert wire(changed)["attributes"] == {"a": 1.5}
    assert changed.status == "completed"
    cleared = await files.update(file_id, vector_store_id=store_id, attributes=None)
    assert wire(cleared)["attributes"] is None
    answer = await api.http.post(f"/vector_stores/{store_id}/files/{file_id}", json={})
    assert answer.json()["error"]["message"] == "Missing required parameter: 'attributes'."


async def test_a_file_is_taken_out(api: Served) -> None:
    """Of this store alone; the File stays."""
    store_id, (one, two) = await filled(api, "rain", "sun")
    other = await api.client.vector_stores.create(file_ids=[one])
    await store_of(api, other.id)
    files = api.client.vector_stores.files
    deleted = await files.delete(one, vector_store_id=store_id)
    assert wire(deleted) == {"id": one, "object": "vector_store.file.deleted", "deleted": True}
    assert ids_of(await files.list(store_id)) == [two]
    assert ids_of(await files.list(other.id)) == [one]
    assert (await api.client.vector_stores.retrieve(store_id)).file_counts.total == 1
    assert (await api.client.files.retrieve(one)).id == one
    for call in (files.retrieve, files.delete, files.content):
        with pytest.raises(NotFoundError) as refused:
            await call(one, vector_store_id=store_id)
        assert refused.value.body == {
            "message": f"No file found with id '{one}' in vector store '{store_id}'.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }


async def test_a_deleted_file_leaves_every_store(api: Served) -> None:
    """Membership, counts and search go with it."""
    store_id, (one, two) = await filled(api, "rain in spring", "rain in autumn")
    other = await api.client.vector_stores.create(file_ids=[one])
    await store_of(api, other.id)
    await api.client.files.delete(one)
    files = api.client.vector_stores.files
    assert ids_of(await files.list(store_id)) == [two]
    assert (await files.list(other.id)).data == []
    assert (await api.client.vector_stores.retrieve(other.id)).usage_bytes == 0
    found = await api.client.vector_stores.search(store_id, query="rain")
    assert [one.file_id for one in found.data] == [two]


async def test_pages_go_both_ways(api: Served) -> None:
    """Newest first unless asked otherwise; `after` and `before` are exclusive; files are told by
    their status."""
    store_id, ids = await filled(api, "a", "b", "c", "d")
    bad = await file_of(api, b"\x00", "bad.bin")
    await api.client.vector_stores.files.create(store_id, file_id=bad)
    await store_of(api, store_id)
    files = api.client.vector_stores.files
    newest = await files.list(store_id, limit=2)
    assert (ids_of(newest), newest.has_more) == ([bad, ids[3]], True)
    assert ids_of(await files.list(store_id, order="asc", after=ids[1])) == [*ids[2:], bad]
    assert ids_of(await files.list(store_id, before=ids[2])) == [bad, ids[3]]
    assert ids_of(await files.list(store_id, filter="failed")) == [bad]
    assert ids_of(await files.list(store_id, filter="cancelled")) == []
    done = await files.list(store_id, filter="completed", limit=2)
    assert (ids_of(done), done.has_more) == ([ids[3], ids[2]], True)
    assert [one.id async for one in files.list(store_id, filter="completed", limit=1)] == ids[::-1]
    assert ids_of(await files.list(store_id, filter="completed", before=ids[1], limit=1)) == [
        ids[2]
    ]
    answer = await api.http.get(f"/vector_stores/{store_id}/files?filter=done")
    assert answer.json()["error"] == {
        "message": "Invalid value: 'done'. Supported values are: 'in_progress', 'completed', "
        "'failed', and 'cancelled'.",
        "type": "invalid_request_error",
        "param": "filter",
        "code": "invalid_value",
    }


async def test_the_content(api: Served) -> None:
    """What was read of it; before that there is none."""
    store_id, (file_id,) = await filled(api, "rain in spring")
    page = await api.http.get(f"/vector_stores/{store_id}/files/{file_id}/content")
    assert page.json() == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": "rain in spring"}],
        "has_more": False,
        "next_page": None,
    }
    bad = await file_of(api, b"\x00", "bad.bin")
    await api.client.vector_stores.files.create(store_id, file_id=bad)
    await store_of(api, store_id)
    with pytest.raises(BadRequestError, match="its status is 'failed'"):
        await api.client.vector_stores.files.content(bad, vector_store_id=store_id)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "Missing required parameter: 'file_id'."),
        ({"file_id": "file-none"}, 404, "No file found with id 'file-none'."),
        (
            {"file_id": "x"},
            400,
            "Invalid 'file_id': 'x'. Expected an ID that begins with 'file'.",
        ),
        (
            {"file_id": "file-x", "attributes": {"a": None}},
            400,
            "Invalid 'attributes.a': expected a string, a number, or a boolean.",
        ),
        (
            {"file_id": "file-x", "attributes": {str(number): 1 for number in range(17)}},
            400,
            (
                "Invalid 'attributes': too many properties. Expected an object with at most 16 "
                "properties, but got an object with 17 properties instead."
            ),
        ),
        (
            {"file_id": "file-x", "attributes": {"a": "x" * 513}},
            400,
            (
                "Invalid 'attributes.a': string too long. Expected a string with maximum length "
                "512, but got a string with length 513 instead."
            ),
        ),
        (
            {"file_id": "file-x", "chunking_strategy": {"type": "other"}},
            400,
            "Invalid value: 'other'. Supported values are: 'auto' and 'static'.",
        ),
        (
            {
                "file_id": "file-x",
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 101},
                },
            },
            400,
            None,
        ),
    ],
)
async def test_what_is_wrong_is_refused(
    api: Served, body: dict[str, Any], status: int, message: str | None
) -> None:
    """With the API's sentence; nothing is added."""
    store = await api.client.vector_stores.create()
    answer = await api.http.post(f"/vector_stores/{store.id}/files", json=body)
    assert answer.status_code == status
    assert message in (None, answer.json()["error"]["message"])
    assert (await api.client.vector_stores.files.list(store.id)).data == []


async def test_a_store_that_is_not_there(api: Served) -> None:
    """Comes before a File that is not there."""
    with pytest.raises(NotFoundError, match="No vector store found with id 'vs_none'"):
        await api.client.vector_stores.files.create("vs_none", file_id="file-none")
