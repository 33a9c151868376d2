"""Vector stores, as the official client sees them."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.api.serving import Served, wire
from tests.api.stores import file_of, ids_of, store_of

NONE = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}


async def test_what_was_created_is_read_back(api: Served) -> None:
    """Every field comes back as it was given."""
    made = await api.client.vector_stores.create(
        name="Handbook",
        description="What everybody asks.",
        metadata={"team": "a"},
        expires_after={"anchor": "last_active_at", "days": 7},
    )
    assert await api.client.vector_stores.retrieve(made.id) == made
    body = wire(made)
    assert made.id.startswith("vs_")
    assert body["file_counts"] == NONE
    assert (body["name"], body["description"]) == ("Handbook", "What everybody asks.")
    assert (body["status"], body["usage_bytes"]) == ("completed", 0)
    assert body["metadata"] == {"team": "a"}
    assert body["last_active_at"] == body["created_at"]
    assert body["expires_at"] == body["created_at"] + 7 * 86_400
    assert body["expires_after"] == {"anchor": "last_active_at", "days": 7}


async def test_one_without_anything(api: Served) -> None:
    """The name is a string all the same; what has no end has no policy."""
    body = (await api.http.post("/vector_stores", json={})).json()
    assert (body["name"], body["description"], body["metadata"]) == ("", None, {})
    assert body["expires_at"] is None
    assert "expires_after" not in body


async def test_files_come_along(api: Served) -> None:
    """They are in progress at first, and counted by their ends."""
    files = [await file_of(api, f"text {number}") for number in range(3)]
    store = await api.client.vector_stores.create(file_ids=[*files, files[0]])
    assert store.file_counts.total == 3
    ended = await store_of(api, store.id)
    assert wire(ended)["file_counts"] == NONE | {"completed": 3, "total": 3}
    assert ended.status == "completed"
    listed = await api.client.vector_stores.files.list(store.id)
    assert ended.usage_bytes == sum(one.usage_bytes for one in listed.data) > 0


async def test_an_update_changes_what_it_names(api: Served) -> None:
    """Absent fields stay, null clears."""
    made = await api.client.vector_stores.create(
        name="Ann", metadata={"a": "1"}, expires_after={"anchor": "last_active_at", "days": 2}
    )
    changed = await api.client.vector_stores.update(made.id, name="Bob")
    assert (changed.name, changed.metadata, changed.expires_after) == (
        "Bob",
        {"a": "1"},
        made.expires_after,
    )
    cleared = await api.client.vector_stores.update(
        made.id, name=None, metadata=None, expires_after=None
    )
    assert (cleared.name, cleared.metadata, cleared.expires_at) == ("", {}, None)
    assert await api.client.vector_stores.retrieve(made.id) == cleared


async def test_a_deleted_one_is_gone(api: Served) -> None:
    """With what was in it; the Files stay."""
    file_id = await file_of(api, "rain")
    store = await api.client.vector_stores.create(file_ids=[file_id])
    deleted = await api.client.vector_stores.delete(store.id)
    assert wire(deleted) == {"id": store.id, "object": "vector_store.deleted", "deleted": True}
    vector_stores = api.client.vector_stores
    for call in (vector_stores.retrieve, vector_stores.delete, vector_stores.files.list):
        with pytest.raises(NotFoundError) as refused:
            await call(store.id)
        assert refused.value.body == {
            "message": f"No vector store found with id '{store.id}'.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    assert (await api.client.files.retrieve(file_id)).id == file_id
    assert (await vector_stores.list()).data == []


async def test_pages_go_both_ways(api: Served) -> None:
    """Newest first unless asked otherwise; `after` and `before` are exclusive."""
    ids = [(await api.client.vector_stores.create(name=str(number))).id for number in range(5)]
    newest = await api.client.vector_stores.list(limit=2)
    assert ids_of(newest) == [ids[4], ids[3]]
    assert (newest.has_more, wire(newest)["first_id"], wire(newest)["last_id"]) == (
        True,
        ids[4],
        ids[3],
    )
    oldest = await api.client.vector_stores.list(order="asc", after=ids[2])
    assert ids_of(oldest) == ids[3:]
    assert ids_of(await api.client.vector_stores.list(before=ids[3])) == [ids[4]]
    assert ids_of(await api.client.vector_stores.list(before=ids[0], limit=2)) == [ids[2], ids[1]]
    assert [one.id async for one in api.client.vector_stores.list(limit=2)] == ids[::-1]
    empty = await api.client.vector_stores.list(after="vs_none")
    assert (empty.data, empty.has_more, wire(empty)["first_id"]) == ([], False, None)


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        (
            {"file_ids": [f"file-{number}" for number in range(501)]},
            (
                "Invalid 'file_ids': array too long. Expected an array with maximum length 500, "
                "but got an array with length 501 instead."
            ),
            "file_ids",
        ),
        (
            {"metadata": {str(number): "x" for number in range(17)}},
            (
                "Invalid 'metadata': too many properties. Expected an object with at most 16 "
                "properties, but got an object with 17 properties instead."
            ),
            "metadata",
        ),
        (
            {"expires_after": {"anchor": "last_active_at", "days": 366}},
            (
                "Invalid 'expires_after.days': integer above maximum value. Expected a value <= "
                "365, but got 366 instead."
            ),
            "expires_after.days",
        ),
        (
            {"expires_after": {"anchor": "last_active_at", "days": 0}},
            (
                "Invalid 'expires_after.days': integer below minimum value. Expected a value >= 1, "
                "but got 0 instead."
            ),
            "expires_after.days",
        ),
        (
            {"expires_after": {"anchor": "created_at", "days": 1}},
            "Invalid value: 'created_at'. The supported value is: 'last_active_at'.",
            "expires_after.anchor",
        ),
        (
            {"expires_after": {"days": 1}},
            "Missing required parameter: 'expires_after.anchor'.",
            "expires_after.anchor",
        ),
        ({"name": 5}, None, "name"),
        ({"colour": "red"}, "Unknown parameter: 'colour'.", "colour"),
        (
            {"file_ids": ["asst_x"]},
            "Invalid 'file_ids': 'asst_x'. Expected an ID that begins with 'file'.",
            "file_ids",
        ),
        (
            {
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0},
                }
            },
            (
                "Invalid 'chunking_strategy.static.max_chunk_size_tokens': integer below minimum "
                "value. Expected a value >= 100, but got 99 instead."
            ),
            "chunking_strategy.static.max_chunk_size_tokens",
        ),
    ],
)
async def test_what_is_outside_the_limits_is_refused(
    api: Served, body: dict[str, Any], message: str | None, param: str
) -> None:
    """With the API's sentence and the parameter's name; nothing is made."""
    answer = await api.http.post("/vector_stores", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == param
    assert message in (None, error["message"])
    assert (await api.client.vector_stores.list()).data == []


async def test_a_file_that_is_not_there(api: Served) -> None:
    """The reference's 404, and no store."""
    with pytest.raises(NotFoundError, match="No file found with id 'file-none'"):
        await api.client.vector_stores.create(file_ids=[await file_of(api, "x"), "file-none"])
    assert (await api.client.vector_stores.list()).data == []


async def test_an_update_outside_the_limits(api: Served) -> None:
    """Is refused and changes nothing."""
    made = await api.client.vector_stores.create(name="Ann")
    with pytest.raises(BadRequestError) as refused:
        await api.client.vector_stores.update(
            made.id, expires_after={"anchor": "last_active_at", "days": 400}
        )
    assert refused.value.param == "expires_after.days"
    with pytest.raises(BadRequestError):
        await api.client.vector_stores.update(made.id, metadata={"k": "v" * 513})
    with pytest.raises(NotFoundError, match="No vector store found with id 'vs_none'"):
        await api.client.vector_stores.update("vs_none", name="x")
    assert await api.client.vector_stores.retrieve(made.id) == made


async def test_an_id_of_another_kind_is_told_apart(api: Served) -> None:
    """What the well-known `undefined` of JavaScript clients gets."""
    with pytest.raises(BadRequestError) as refused:
        await api.client.vector_stores.retrieve("undefined")
    assert refused.value.body == {
        "message": "Invalid 'vector_store_id': 'undefined'. Expected an ID that begins with 'vs'.",
        "type": "invalid_request_error",
        "param": "vector_store_id",
        "code": "invalid_value",
    }
