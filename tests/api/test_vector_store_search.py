"""Searching vector stores, as the official client sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from adapters.redis.vector_stores import RedisVectorStores
from tests.api.serving import Served
from tests.api.stores import file_of, filled, store_of


async def shelves(api: Served) -> tuple[str, dict[str, str]]:
    """A store of files with attributes, and their ids by name."""
    store = await api.client.vector_stores.create()
    given: dict[str, dict[str, Any]] = {
        "ann": {"author": "Ann", "year": 2020, "draft": False},
        "bob": {"author": "Bob", "year": 2024, "draft": True},
        "eve": {"year": "2024"},
        "nil": {},
    }
    ids = {name: await file_of(api, f"rain by {name}", f"{name}.txt") for name in given}
    await api.client.vector_stores.file_batches.create(
        store.id,
        files=[{"file_id": ids[name], "attributes": given[name]} for name in given],
    )
    await store_of(api, store.id)
    return store.id, ids


async def test_the_page_of_results(api: Served) -> None:
    """Every field, with a decimal score, best first."""
    store_id, (one, two) = await filled(api, "rain in spring", "rain in dry autumn")
    answer = await api.http.post(
        f"/vector_stores/{store_id}/search", json={"query": "dry rain", "rewrite_query": True}
    )
    assert answer.json() == {
        "object": "vector_store.search_results.page",
        "search_query": ["dry rain"],
        "data": [
            {
                "file_id": two,
                "filename": "1.txt",
                "score": 1.0,
                "attributes": None,
                "content": [{"type": "text", "text": "rain in dry autumn"}],
            },
            {
                "file_id": one,
                "filename": "0.txt",
                "score": 0.5,
                "attributes": None,
                "content": [{"type": "text", "text": "rain in spring"}],
            },
        ],
        "has_more": False,
        "next_page": None,
    }
    assert b'"score":1.0' in answer.content


async def test_options(api: Served) -> None:
    """Several queries, how many results, and what they have to score at least."""
    store_id, _ = await filled(api, "rain", "sun and rain", "wind")
    search = api.client.vector_stores.search
    found = await search(store_id, query=["rain", "wind"])
    assert len(found.data) == 3
    found = await search(store_id, query=["rain", "wind"], max_num_results=1)
    assert len(found.data) == 1
    found = await search(
        store_id,
        query="rain sun",
        ranking_options={"ranker": "default-2024-11-15", "score_threshold": 0.6},
    )
    assert [one.score for one in found.data] == [1.0]
    found = await search(store_id, query="snow", ranking_options={"ranker": "none"})
    assert found.data == []


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"type": "eq", "key": "author", "value": "Ann"}, "ann"),
        ({"type": "ne", "key": "author", "value": "Ann"}, "bob eve nil"),
        ({"type": "eq", "key": "year", "value": 2024}, "bob"),
        ({"type": "eq", "key": "year", "value": "2024"}, "eve"),
        ({"type": "eq", "key": "draft", "value": True}, "bob"),
        ({"type": "eq", "key": "draft", "value": 1}, ""),
        ({"type": "gt", "key": "year", "value": 2020}, "bob"),
        ({"type": "gte", "key": "year", "value": 2020}, "ann bob"),
        ({"type": "lt", "key": "year", "value": 2024}, "ann"),
        ({"type": "lte", "key": "year", "value": "2024"}, "eve"),
        ({"type": "in", "key": "author", "value": ["Ann", "Bob"]}, "ann bob"),
        ({"type": "in", "key": "year", "value": ["2024", 2020]}, "ann eve"),
        ({"type": "nin", "key": "author", "value": ["Ann", "Bob"]}, "eve nil"),
        (
            {
                "type": "and",
                "filters": [
                    {"type": "gte", "key": "year", "value": 2000},
                    {"type": "ne", "key": "draft", "value": True},
                ],
            },
            "ann",
        ),
        (
            {
                "type": "or",
                "filters": [
                    {"type": "eq", "key": "author", "value": "Bob"},
                    {
                        "type": "and",
                        "filters": [{"type": "eq", "key": "year", "value": "2024"}],
                    },
                ],
            },
            "bob eve",
        ),
    ],
)
async def test_filters(api: Served, filters: Any, names: str) -> None:
    """Values are compared with values of their own kind alone."""
    store_id, ids = await shelves(api)
    found = await api.client.vector_stores.search(store_id, query="rain", filters=filters)
    assert {one.file_id for one in found.data} == {ids[name] for name in names.split()}


async def test_a_change_is_seen_by_the_next_search(api: Served) -> None:
    """Files that come and go, and attributes that change, whatever was remembered."""
    store_id, ids = await shelves(api)
    only: Any = {"type": "eq", "key": "author", "value": "Ann"}
    search = api.client.vector_stores.search
    files = api.client.vector_stores.files

    async def found() -> dict[str, Any]:
        page = await search(store_id, query="rain", filters=only)
        return {one.file_id: one.attributes for one in page.data}

    assert set(await found()) == {ids["ann"]}
    await files.update(ids["nil"], vector_store_id=store_id, attributes={"author": "Ann"})
    assert await found() == {
        ids["ann"]: {"author": "Ann", "year": 2020, "draft": False},
        ids["nil"]: {"author": "Ann"},
    }
    await files.delete(ids["ann"], vector_store_id=store_id)
    assert set(await found()) == {ids["nil"]}
    new = await file_of(api, "rain again")
    await files.create(store_id, file_id=new, attributes={"author": "Ann"})
    await store_of(api, store_id)
    assert set(await found()) == {ids["nil"], new}


async def test_a_search_makes_a_store_active(api: Served) -> None:
    """Never back in time."""
    store_id, _ = await filled(api, "rain")
    before = await api.client.vector_stores.retrieve(store_id)
    await api.client.vector_stores.search(store_id, query="rain")
    after = await api.client.vector_stores.retrieve(store_id)
    assert (after.last_active_at or 0) >= (before.last_active_at or 0)


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "Missing required parameter: 'query'.", "query"),
        (
            {"query": ""},
            (
                "Invalid 'query': empty string. Expected a string with minimum length 1, but got "
                "an empty string instead."
            ),
            "query",
        ),
        (
            {"query": []},
            (
                "Invalid 'query': empty array. Expected an array with minimum length 1, but got an "
                "empty array instead."
            ),
            "query",
        ),
        (
            {"query": 5},
            (
                "Invalid type for 'query': expected one of a string or array of strings, but got "
                "an integer instead."
            ),
            "query",
        ),
        (
            {"query": "a", "max_num_results": 51},
            (
                "Invalid 'max_num_results': integer above maximum value. Expected a value <= 50, "
                "but got 51 instead."
            ),
            "max_num_results",
        ),
        (
            {"query": "a", "max_num_results": 0},
            (
                "Invalid 'max_num_results': integer below minimum value. Expected a value >= 1, "
                "but got 0 instead."
            ),
            "max_num_results",
        ),
        (
            {"query": "a", "ranking_options": {"ranker": "best"}},
            (
                "Invalid value: 'best'. Supported values are: 'none', 'auto', and "
                "'default-2024-11-15'."
            ),
            "ranking_options.ranker",
        ),
        ({"query": "a", "ranking_options": {"score_threshold": 2}}, None, None),
        (
            {"query": "a", "filters": {"type": "like", "key": "a", "value": "b"}},
            (
                "Invalid value: 'like'. Supported values are: 'eq', 'ne', 'gt', 'gte', 'lt', "
                "'lte', 'in', 'nin', 'and', and 'or'."
            ),
            "filters.type",
        ),
        (
            {"query": "a", "filters": {"type": "eq", "key": "a"}},
            "Missing required parameter: 'filters.value'.",
            "filters.value",
        ),
        (
            {"query": "a", "filters": {"type": "gt", "key": "a", "value": True}},
            "Invalid 'filters.value': 'gt' compares with a string or a number.",
            "filters.value",
        ),
        (
            {"query": "a", "filters": {"type": "in", "key": "a", "value": "b"}},
            "Invalid 'filters.value': 'in' compares with an array.",
            "filters.value",
        ),
        (
            {"query": "a", "filters": {"type": "eq", "key": "a", "value": ["b"]}},
            "Invalid 'filters.value': 'eq' compares with a string, number or boolean.",
            "filters.value",
        ),
        (
            {"query": "a", "filters": {"type": "and", "filters": [{"type": "eq", "key": 1}]}},
            "Missing required parameter: 'filters.filters[0].value'.",
            "filters.filters[0].value",
        ),
        (
            {
                "query": "a",
                "filters": {
                    "type": "or",
                    "filters": [{"type": "eq", "key": "a", "value": "b"}] * 100,
                },
            },
            "Invalid 'filters.filters[99]': more than 100 conditions.",
            "filters.filters[99]",
        ),
    ],
)
async def test_what_is_wrong_is_refused(
    api: Served, body: dict[str, Any], message: str | None, param: str | None
) -> None:
    """With the API's sentence and the parameter's name."""
    store = await api.client.vector_stores.create()
    answer = await api.http.post(f"/vector_stores/{store.id}/search", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert message in (None, error["message"])
    assert param in (None, error["param"])


async def test_a_store_that_has_expired(api: Served) -> None:
    """Is listed with its files, and neither searched nor added to."""
    store_id, (file_id,) = await filled(
        api, "rain", expires_after={"anchor": "last_active_at", "days": 1}
    )
    tables = RedisVectorStores(api.store, 1)
    (record,) = await tables.get(store_id)
    assert record is not None
    long_ago = record.store.created_at - 86_400
    assert await tables.update(replace(record.store, last_active_at=long_ago))
    store = await api.client.vector_stores.retrieve(store_id)
    assert (store.status, store.expires_at) == ("expired", record.store.created_at)
    listed = await api.client.vector_stores.files.list(store_id)
    assert [one.id for one in listed.data] == [file_id]
    stores = api.client.vector_stores
    for use in (
        stores.search(store_id, query="rain"),
        stores.files.create(store_id, file_id=file_id),
        stores.file_batches.create(store_id, file_ids=[file_id]),
    ):
        with pytest.raises(BadRequestError) as refused:
            await use
        assert refused.value.body == {
            "message": f"Vector store '{store_id}' has expired. Its files are still listed: add "
            "them to a new one.",
            "type": "invalid_request_error",
            "param": "vector_store_id",
            "code": "vector_store_expired",
        }
    assert (await stores.retrieve(store_id)).last_active_at == long_ago


async def test_a_store_that_is_not_there(api: Served) -> None:
    """The reference's 404."""
    with pytest.raises(NotFoundError, match="No vector store found with id 'vs_none'"):
        await api.client.vector_stores.search("vs_none", query="rain")
