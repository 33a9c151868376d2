"""Threads and their Messages, as the official client sees them."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.api.serving import Served, wire


async def test_a_thread_with_its_first_messages(api: Served) -> None:
    """In the order in which they were given."""
    thread = await api.client.beta.threads.create(
        messages=[
            {"role": "user", "content": "1", "metadata": {"n": "1"}},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": [{"type": "text", "text": "3"}]},
        ],
        metadata={"topic": "a"},
    )
    assert thread.id.startswith("thread_")
    assert await api.client.beta.threads.retrieve(thread.id) == thread
    listed = await api.client.beta.threads.messages.list(thread.id, order="asc")
    bodies = [wire(one) for one in listed.data]
    assert [(one["role"], one["content"]) for one in bodies] == [
        ("user", [{"type": "text", "text": {"value": "1", "annotations": []}}]),
        ("assistant", [{"type": "text", "text": {"value": "2", "annotations": []}}]),
        ("user", [{"type": "text", "text": {"value": "3", "annotations": []}}]),
    ]
    assert bodies[0]["metadata"] == {"n": "1"}
    assert all(one["status"] == "completed" for one in bodies)
    assert all((one["run_id"], one["assistant_id"]) == (None, None) for one in bodies)


async def test_an_empty_body_makes_an_empty_thread(api: Served) -> None:
    """As in the reference's first example, which sends an empty string."""
    form = "application/x-www-form-urlencoded"  # what curl says of any body
    for content, kind in ((b"", "application/json"), (b"{}", "application/json"), (b"", form)):
        answer = await api.http.post("/threads", content=content, headers={"content-type": kind})
        assert answer.json()["object"] == "thread"
        assert answer.json()["metadata"] == {}


async def test_metadata_can_change(api: Served) -> None:
    """Of Threads and of Messages; an absent field leaves it alone."""
    thread_id = await api.thread("Hi")
    changed = await api.client.beta.threads.update(thread_id, metadata={"a": "b"})
    assert changed.metadata == {"a": "b"}
    assert (await api.http.post(f"/threads/{thread_id}", json={})).json()["metadata"] == {"a": "b"}
    (message,) = (await api.client.beta.threads.messages.list(thread_id)).data
    path = f"/threads/{thread_id}/messages/{message.id}"
    updated = await api.client.beta.threads.messages.update(
        message.id, thread_id=thread_id, metadata={"c": "d"}
    )
    assert updated.metadata == {"c": "d"}
    read = await api.client.beta.threads.messages.retrieve(message.id, thread_id=thread_id)
    assert read == updated
    assert (await api.http.post(path, json={})).json()["metadata"] == {"c": "d"}
    assert (await api.http.post(path, json={"metadata": None})).json()["metadata"] == {}


async def test_messages_of_one_second_keep_their_order(api: Served) -> None:
    """And pages go both ways."""
    thread_id = await api.thread()
    create = api.client.beta.threads.messages.create
    ids = [(await create(thread_id, role="user", content=str(n))).id for n in range(5)]
    messages = api.client.beta.threads.messages
    assert [one.id async for one in messages.list(thread_id, limit=2)] == ids[::-1]
    page = await messages.list(thread_id, before=ids[1])
    assert [one.id for one in page.data] == [ids[4], ids[3], ids[2]]
    page = await messages.list(thread_id, before=ids[4])
    assert page.data == []
    page = await messages.list(thread_id, order="asc", after=ids[3])
    assert [one.id for one in page.data] == [ids[4]]


async def test_what_is_deleted_is_gone(api: Served) -> None:
    """A Message, then its Thread with the rest."""
    thread_id = await api.thread("1", "2")
    second, first = (await api.client.beta.threads.messages.list(thread_id)).data
    gone = await api.client.beta.threads.messages.delete(first.id, thread_id=thread_id)
    assert wire(gone) == {
        "id": first.id,
        "object": "thread.message.deleted",
        "deleted": True,
    }
    with pytest.raises(NotFoundError, match=f"No message found with id '{first.id}'"):
        await api.client.beta.threads.messages.retrieve(first.id, thread_id=thread_id)
    left = await api.client.beta.threads.messages.list(thread_id)
    assert [one.id for one in left.data] == [second.id]
    gone = await api.client.beta.threads.delete(thread_id)
    assert wire(gone) == {"id": thread_id, "object": "thread.deleted", "deleted": True}
    with pytest.raises(NotFoundError, match=f"No thread found with id '{thread_id}'"):
        await api.client.beta.threads.messages.list(thread_id)


def _message(**values: Any) -> dict[str, Any]:
    return {"role": "user", "content": "x"} | values


@pytest.mark.parametrize(
    ("body", "message", "param", "code"),
    [
        (
            {"messages": [_message()] * 33},
            (
                "Invalid 'messages': array too long. Expected an array with maximum length 32, but "
                "got an array with length 33 instead."
            ),
            "messages",
            "array_above_max_length",
        ),
        (
            {"messages": [_message(), _message(role="system")]},
            "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
            "messages[1].role",
            "invalid_value",
        ),
        (
            {"messages": [_message(content=[{"type": "text", "text": {"value": "x"}}])]},
            (
                "Invalid type for 'messages[0].content[0].text': expected a string, but got an "
                "object instead."
            ),
            "messages[0].content[0].text",
            "invalid_type",
        ),
        (
            {"metadata": {f"k{number}": "v" for number in range(17)}},
            (
                "Invalid 'metadata': too many properties. Expected an object with at most 16 "
                "properties, but got an object with 17 properties instead."
            ),
            "metadata",
            "object_above_max_properties",
        ),
        (
            {"tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
            (
                "Invalid 'tool_resources.code_interpreter.file_ids': array too long. Expected an "
                "array with maximum length 20, but got an array with length 21 instead."
            ),
            "tool_resources.code_interpreter.file_ids",
            "array_above_max_length",
        ),
    ],
)
async def test_what_is_outside_the_limits(
    api: Served, body: dict[str, Any], message: str, param: str, code: str
) -> None:
    """Is refused with sentence, path and code."""
    with pytest.raises(BadRequestError) as refused:
        await api.client.beta.threads.create(**body)
    assert refused.value.body == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }
