"""What is deleted or has expired leaves `tool_resources`, as the official client sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from openai import NotFoundError

from adapters.redis.objects import RedisObjectStore
from core.assistants import File
from core.engine.records import ObjectRecord
from tests.api.serving import Served, wire
from tests.api.stores import file_of, store_of

KINDS = ["assistants", "threads"]


def named(files: list[str], stores: list[str]) -> dict[str, Any]:
    """Resources for both tools."""
    return {
        "code_interpreter": {"file_ids": files},
        "file_search": {"vector_store_ids": stores},
    }


async def made(api: Served, kind: str, resources: dict[str, Any]) -> str:
    """The path of a new Assistant or Thread."""
    body = {"tool_resources": resources} | ({"model": "m-1"} if kind == "assistants" else {})
    answer = await api.http.post(f"/{kind}", json=body)
    return f"/{kind}/{answer.json()['id']}"


async def resources_of(api: Served, path: str) -> Any:
    """As they are read."""
    return (await api.http.get(path)).json()["tool_resources"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deleted_file_and_a_deleted_store_are_not_named(api: Served, kind: str) -> None:
    """By reading, and by a change of something else; the others stay in their order."""
    one, two, three = [await file_of(api, text) for text in ("a", "b", "c")]
    store = (await api.client.vector_stores.create()).id
    path = await made(api, kind, named([one, two, three], [store]))
    await api.client.files.delete(two)
    assert await resources_of(api, path) == named([one, three], [store])
    await api.client.vector_stores.delete(store)
    assert await resources_of(api, path) == named([one, three], [])
    changed = await api.http.post(path, json={"metadata": {"a": "b"}})
    assert changed.json()["tool_resources"] == named([one, three], [])


async def test_lists_do_not_name_it(api: Served) -> None:
    """Each Assistant of a page without what is gone of its own."""
    one, two = await file_of(api, "a"), await file_of(api, "b")
    for files in ([one], [one, two], [two]):
        await made(api, "assistants", named(files, []))
    await api.assistant()
    await api.client.files.delete(one)
    listed = await api.client.beta.assistants.list(order="asc")
    assert [wire(each)["tool_resources"] for each in listed.data] == [
        named([], []),
        named([two], []),
        named([two], []),
        None,
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_that_names_it_still_is_no_mistake(api: Served, kind: str) -> None:
    """The caller read it before it was deleted; what never was there is refused as ever."""
    one, two = await file_of(api, "a"), await file_of(api, "b")
    store = (await api.client.vector_stores.create()).id
    path = await made(api, kind, named([one], [store]))
    before = await resources_of(api, path)
    await api.client.files.delete(one)
    await api.client.vector_stores.delete(store)
    before["code_interpreter"]["file_ids"].append(two)
    changed = await api.http.post(path, json={"tool_resources": before})
    assert changed.status_code == 200
    assert changed.json()["tool_resources"] == named([two], []) == await resources_of(api, path)
    refused = await api.http.post(path, json={"tool_resources": named([one], [])})
    assert refused.status_code == 404  # it is named no longer


async def test_a_file_that_has_expired_is_not_named(api: Served) -> None:
    """It cannot be read either."""
    file_id = await file_of(api, "a")
    path = await made(api, "threads", named([file_id], []))
    objects = RedisObjectStore(api.store, 1)
    record = await objects.get("file", file_id)
    assert record is not None
    assert isinstance(record.value, File)
    ended = replace(record.value, expires_at=record.value.created_at)
    await objects.put(ObjectRecord(value=ended, state=record.state))
    assert await resources_of(api, path) == named([], [])
    with pytest.raises(NotFoundError):
        await api.client.files.retrieve(file_id)


async def test_files_that_are_gone_leave_room_for_others(api: Served) -> None:
    """Of the twenty for code that a Thread may have; a deleted store gives way to a new one."""
    files = [await file_of(api, str(number)) for number in range(20)]
    store = (await api.client.vector_stores.create()).id
    thread_id = (await made(api, "threads", named(files, [store]))).rpartition("/")[2]
    await api.client.files.delete(files[7])
    await api.client.vector_stores.delete(store)
    new = await file_of(api, "new")
    tools: Any = [{"type": "code_interpreter"}, {"type": "file_search"}]
    await api.client.beta.threads.messages.create(
        thread_id,
        role="user",
        content="Read it",
        attachments=[{"file_id": new, "tools": tools}],
    )
    shown = await resources_of(api, f"/threads/{thread_id}")
    (made_store,) = shown["file_search"]["vector_store_ids"]
    left = [one for one in files if one != files[7]]
    assert shown == named([*left, new], [made_store])
    await store_of(api, made_store)
