"""What holds for every operation that names an object, and for every list."""

from __future__ import annotations

from typing import Any

from tests.api.page import Row, rows
from tests.api.schema import Description
from tests.api.serving import WEATHER, Served
from tests.api.test_limits import LONG
from tests.api.test_tenants import BODIES, filled
from tests.fakes.scripted_model import calls, says

OBJECTS = {
    "assistant_id": ("asst", "assistant"),
    "thread_id": ("thread", "thread"),
    "message_id": ("msg", "message"),
    "run_id": ("run", "run"),
    "step_id": ("step", "run step"),
    "file_id": ("file", "file"),
    "vector_store_id": ("vs", "vector store"),
    "batch_id": ("vsfb", "file batch"),
}
"""How their ids begin, and what refusals call them."""

ABSENT = {
    name: f"{prefix}{'-' if prefix == 'file' else '_'}none" for name, (prefix, _) in OBJECTS.items()
}


def names_in(row: Row) -> list[str]:
    """The parameters of its path, outer ones first."""
    return [part[1:-1] for part in row.path.split("/") if part.startswith("{")]


async def objects_in(api: Served) -> dict[str, str]:
    """What has other objects in it, each with none of those that are asked for."""
    api.model.then(*says("Hello"))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(),
        thread={"messages": [{"role": "user", "content": "Hi"}]},
    )
    store = await api.client.vector_stores.create()
    return ABSENT | {
        "assistant_id": run.assistant_id,
        "thread_id": run.thread_id,
        "run_id": run.id,
        "vector_store_id": store.id,
    }


def body_for(row: Row, there: dict[str, str]) -> dict[str, Any]:
    """A request that is not at fault itself."""
    if row.method != "POST":
        return {}
    if row.path.endswith("/runs"):
        return {"json": {"assistant_id": there["assistant_id"]}}
    return {"json": BODIES.get(row.path, {})}


async def test_ids(api: Served) -> None:
    """Of nothing: 404. Of another kind, as the well-known `undefined`: 400. For each id of a path,
    while those before it are of something."""
    there = await objects_in(api)
    seen = 0
    for row in rows():
        names = names_in(row)
        for place, name in enumerate(names):
            prefix, kind = OBJECTS[name]
            ids = ABSENT | {outer: there[outer] for outer in names[:place]}
            answer = await api.http.request(
                row.method, filled(row.path, ids), **body_for(row, there)
            )
            sentence = f"No {kind} found with id '{ABSENT[name]}'"
            if name == "file_id" and place:
                sentence += f" in vector store '{there['vector_store_id']}'"
            refusal = {
                "message": f"{sentence}.",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
            assert (answer.status_code, answer.json()) == (404, {"error": refusal}), row
            answer = await api.http.request(
                row.method, filled(row.path, ids | {name: "undefined"}), **body_for(row, there)
            )
            refusal = {
                "message": f"Invalid '{name}': 'undefined'. Expected an ID that begins with "
                f"'{prefix}'.",
                "type": "invalid_request_error",
                "param": name,
                "code": "invalid_value",
            }
            assert (answer.status_code, answer.json()) == (400, {"error": refusal}), row
            seen += 1
    assert seen == sum(row.path.count("{") for row in rows()) > 40


async def test_bodies(api: Served, own: Description) -> None:
    """What takes JSON refuses a field that nobody knows; what takes metadata refuses too much of
    it, whatever is there."""
    there = await objects_in(api)
    known = {"model": "m", "assistant_id": there["assistant_id"]}
    seen: set[bool] = set()
    for row in rows():
        fields = fields_of(own, row)
        if not fields:
            continue
        path = filled(row.path, there)
        body = BODIES.get(row.path, {}) | {name: known[name] for name in known if name in fields}
        answer = await api.http.post(path, json=body | {"x": 1})
        assert (answer.status_code, answer.json()["error"]) == (
            400,
            {
                "message": "Unknown parameter: 'x'.",
                "type": "invalid_request_error",
                "param": "x",
                "code": "unknown_parameter",
            },
        ), row
        seen.add("metadata" in fields)
        if "metadata" in fields:
            answer = await api.http.post(path, json=body | {"metadata": LONG})
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (400, "object_above_max_properties"), row
    assert seen == {True, False}


async def test_no_header(api: Served) -> None:
    """Assistants and threads want `OpenAI-Beta`, before anything else; the rest does not."""
    for row in rows():
        path = filled(row.path, ABSENT)
        answer = await api.http.request(row.method, path, headers={"openai-beta": ""}, json={})
        wants = row.path.startswith(("/assistants", "/threads"))
        assert ("'OpenAI-Beta' header" in answer.text) is wants, row
        if wants:
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_beta")


async def test_pages(api: Served, own: Description) -> None:
    """Every list refuses a `limit` and an `order` that is none, and is empty where a cursor leads
    nowhere."""
    there = await objects_in(api)
    batch: Any = {"file_ids": [await _file(api)]}
    made = await api.http.post(
        f"/vector_stores/{there['vector_store_id']}/file_batches", json=batch
    )
    there["batch_id"] = made.json()["id"]
    lists = [row for row in rows() if is_list(own, row)]
    assert len(lists) == 8
    for row in lists:
        path = filled(row.path, there)
        for query, param in (("limit=0", "limit"), ("limit=x", "limit"), ("order=up", "order")):
            answer = await api.http.get(f"{path}?{query}")
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), row
        answer = await api.http.get(f"{path}?after=none")
        assert (answer.status_code, answer.json()["data"]) == (200, []), row


async def test_pages_of_steps_go_both_ways(api: Served) -> None:
    """Newest first unless asked otherwise; `after` and `before` are exclusive."""
    api.model.then(*calls(("call_1", "weather", "{}")))
    api.model.then(*calls(("call_2", "weather", "{}")))
    api.model.then(*says("Rain."))
    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    runs = api.client.beta.threads.runs
    run = await runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    for call in ("call_1", "call_2"):
        run = await runs.submit_tool_outputs_and_poll(
            run_id=run.id,
            thread_id=thread_id,
            tool_outputs=[{"tool_call_id": call, "output": "rain"}],
        )

    async def page(**options: Any) -> list[str]:
        listed = await runs.steps.list(run.id, thread_id=thread_id, **options)
        return [one.id for one in listed.data]

    newest = await page()
    assert len(newest) == 3
    assert await page(order="asc") == newest[::-1]
    assert await page(limit=1, after=newest[0]) == [newest[1]]
    assert await page(order="asc", after=newest[1]) == [newest[0]]
    assert await page(before=newest[2]) == newest[:2]
    assert await page(order="asc", before=newest[1]) == [newest[2]]
    every = runs.steps.list(run.id, thread_id=thread_id, limit=1)
    assert [one.id async for one in every] == newest


def is_list(own: Description, row: Row) -> bool:
    """Whether the operation has cursors."""
    operation = own.document["paths"][row.path][row.method.lower()]
    return any(one.get("name") == "after" for one in operation.get("parameters", ()))


def fields_of(own: Description, row: Row) -> set[str]:
    """The fields of its body, if that is JSON."""
    operation = own.document["paths"][row.path][row.method.lower()]
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = own.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema.get("properties", {}))


async def _file(api: Served) -> str:
    return (await api.client.files.create(file=("a.txt", b"rain"), purpose="assistants")).id
