"""Assistants, as the official client sees them."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.api.serving import WEATHER, Served, wire


async def test_what_was_created_is_read_back(api: Served) -> None:
    """Every field comes back as it was given."""
    given: dict[str, Any] = {
        "name": "Math Tutor",
        "description": "Explains.",
        "instructions": "Explain, then answer.",
        "tools": [{"type": "code_interpreter"}, WEATHER],
        "metadata": {"team": "a"},
        "temperature": 0.5,
        "top_p": 1,
        "response_format": {"type": "json_object"},
    }
    made = await api.client.beta.assistants.create(model="gpt-4o", **given)
    read = await api.client.beta.assistants.retrieve(made.id)
    assert read == made
    assert made.id.startswith("asst_")
    assert made.model == "gpt-4o"
    body = wire(made)
    assert {name: body[name] for name in given} == given


async def test_numbers_have_the_types_of_the_reference(api: Served) -> None:
    """Sampling values are decimals on the wire even when whole; stamps are integers."""
    answer = await api.http.post("/assistants", json={"model": "m", "temperature": 1})
    assert b'"temperature":1.0' in answer.content
    assert b'"top_p":1.0' in answer.content
    assert isinstance(answer.json()["created_at"], int)


async def test_an_update_changes_what_it_names(api: Served) -> None:
    """Absent fields stay, null clears."""
    made = await api.client.beta.assistants.create(
        model="m", name="Ann", description="d", metadata={"a": "1"}, tools=[WEATHER]
    )
    changed = await api.client.beta.assistants.update(made.id, name="Bob")
    assert (changed.name, changed.description, changed.tools) == ("Bob", "d", made.tools)
    answer = await api.http.post(f"/assistants/{made.id}", json={"description": None})
    assert answer.json()["description"] is None
    assert answer.json()["metadata"] == {"a": "1"}


async def test_nulls_inside_are_as_good_as_absent(api: Served) -> None:
    """Clients send them for what they leave out; a schema's own nulls stay."""
    parameters: Any = {"type": "object", "properties": {}, "default": None}
    function: Any = {"name": "f", "description": None, "strict": None, "parameters": parameters}
    body = {"model": "m", "name": None, "tools": [{"type": "function", "function": function}]}
    made = (await api.http.post("/assistants", json=body)).json()
    assert made["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": parameters}}
    ]


async def test_a_deleted_one_is_gone(api: Served) -> None:
    """Deleting says so; reading it again is the reference's 404."""
    assistant_id = await api.assistant()
    deleted = await api.client.beta.assistants.delete(assistant_id)
    assert wire(deleted) == {"id": assistant_id, "object": "assistant.deleted", "deleted": True}
    with pytest.raises(NotFoundError) as refused:
        await api.client.beta.assistants.retrieve(assistant_id)
    assert refused.value.body == {
        "message": f"No assistant found with id '{assistant_id}'.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_pages_go_both_ways(api: Served) -> None:
    """Newest first unless asked otherwise; `after` and `before` are exclusive."""
    ids = [await api.assistant(name=str(number)) for number in range(5)]
    newest = await api.client.beta.assistants.list(limit=2)
    assert [one.id for one in newest.data] == [ids[4], ids[3]]
    assert (newest.has_more, wire(newest)["first_id"], wire(newest)["last_id"]) == (
        True,
        ids[4],
        ids[3],
    )
    oldest = await api.client.beta.assistants.list(order="asc", after=ids[2])
    assert [one.id for one in oldest.data] == ids[3:]
    back = await api.client.beta.assistants.list(before=ids[3])
    assert [one.id for one in back.data] == [ids[4]]
    everything = [one.id async for one in api.client.beta.assistants.list(limit=2)]
    assert everything == ids[::-1]


async def test_an_empty_list_has_no_ids(api: Served) -> None:
    """`first_id` and `last_id` are null, not absent."""
    answer = await api.http.get("/assistants")
    assert answer.json() == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


@pytest.mark.parametrize(
    ("query", "message", "param"),
    [
        (
            "limit=0",
            (
                "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 "
                "instead."
            ),
            "limit",
        ),
        (
            "limit=101",
            (
                "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got "
                "101 instead."
            ),
            "limit",
        ),
        (
            "limit=many",
            "Invalid type for 'limit': expected an integer, but got a string instead.",
            "limit",
        ),
        (
            "order=up",
            "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.",
            "order",
        ),
    ],
)
async def test_a_bad_page_is_refused(api: Served, query: str, message: str, param: str) -> None:
    """With the API's sentence and the parameter's name."""
    answer = await api.http.get(f"/assistants?{query}")
    assert answer.status_code == 400
    assert (answer.json()["error"]["message"], answer.json()["error"]["param"]) == (message, param)


async def test_an_id_of_another_kind_is_told_apart(api: Served) -> None:
    """What the well-known `undefined` of JavaScript clients gets."""
    with pytest.raises(BadRequestError) as refused:
        await api.client.beta.assistants.retrieve("undefined")
    assert refused.value.body == {
        "message": "Invalid 'assistant_id': 'undefined'. Expected an ID that begins with 'asst'.",
        "type": "invalid_request_error",
        "param": "assistant_id",
        "code": "invalid_value",
    }


async def test_a_list_can_be_deleted_while_it_is_read(api: Served) -> None:
    """What programs do that clear up: the cursor of a page may be gone when the next is asked."""
    assistants = api.client.beta.assistants
    made = {(await assistants.create(model="offline")).id for _ in range(5)}
    met = [one.id async for one in assistants.list(limit=2) if await assistants.delete(one.id)]
    assert made <= set(met)
    assert (await assistants.list()).data == []
