"""Every limit of the API, by its own sentence, with the whole path of the field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.refusals import (
    Refusal,
    empty_array,
    empty_string,
    long_array,
    long_string,
    missing,
    out_of,
    unknown,
    unlike,
    unlisted,
    wrong,
)
from tests.api.serving import Served

Body = dict[str, Any]

LONG: Body = {str(number): "" for number in range(17)}
CODE: Body = {"type": "code_interpreter"}


def function(name: Any) -> Body:
    """A tool."""
    return {"type": "function", "function": {"name": name}}


def spoken(content: Any) -> Body:
    """A Message."""
    return {"role": "user", "content": content}


def text(value: Any) -> Body:
    """A part of a Message."""
    return {"type": "text", "text": value}


ASSISTANTS: list[tuple[Body, Refusal]] = [
    ({}, missing("model")),
    ({"model": ""}, empty_string("model")),
    ({"model": "m" * 257}, long_string("model", 256)),
    ({"model": None}, wrong("model", "a string", "null")),
    ({"model": "m", "name": "x" * 257}, long_string("name", 256)),
    ({"model": "m", "description": "x" * 513}, long_string("description", 512)),
    ({"model": "m", "instructions": "x" * 256_001}, long_string("instructions", 256_000)),
    ({"model": "m", "tools": [CODE] * 129}, long_array("tools", 128)),
    ({"model": "m", "tools": None}, wrong("tools", "an array", "null")),
    ({"model": "m", "tools": [CODE, function("a b")]}, unlike("tools[1].function.name")),
    ({"model": "m", "tools": [function("x" * 65)]}, unlike("tools[0].function.name")),
    ({"model": "m", "tools": [function("a\n")]}, unlike("tools[0].function.name")),
    ({"model": "m", "tools": [{}]}, missing("tools[0].type")),
    ({"model": "m", "tools": [{"type": "function"}]}, missing("tools[0].function")),
    ({"model": "m", "tools": [CODE | {"x": 1}]}, unknown("tools[0].x")),
    ({"model": "m", "tools": ["function"]}, wrong("tools[0]", "an object", "a string")),
    (
        {"model": "m", "tools": [{"type": "browser"}]},
        unlisted("tools[0].type", "browser", "code_interpreter", "function", "file_search"),
    ),
    (
        {"model": "m", "tools": [{"type": "file_search", "file_search": {"max_num_results": 51}}]},
        out_of("tools[0].file_search.max_num_results", "integer", "<=", "50", "51"),
    ),
    ({"model": "m", "temperature": 2.1}, out_of("temperature", "decimal", "<=", "2", "2.1")),
    ({"model": "m", "temperature": -1}, out_of("temperature", "decimal", ">=", "0", "-1")),
    ({"model": "m", "temperature": True}, wrong("temperature", "a decimal", "a boolean")),
    ({"model": "m", "top_p": 1.01}, out_of("top_p", "decimal", "<=", "1", "1.01")),
    (
        {"model": "m", "metadata": LONG},
        (
            ("Invalid 'metadata': too many properties. Expected an object with at most 16 "
            "properties, but got an object with 17 properties instead."),
            "metadata",
            "object_above_max_properties",
        ),
    ),
    ({"model": "m", "metadata": {"k" * 65: ""}}, long_string("metadata", 64)),
    ({"model": "m", "metadata": {"k": "v" * 513}}, long_string("metadata.k", 512)),
    ({"model": "m", "metadata": {"[key]": 1}}, wrong("metadata.[key]", "a string", "an integer")),
    ({"model": "m", "metadata": {"k": None}}, wrong("metadata.k", "a string", "null")),
    ({"model": "m", "metadata": []}, wrong("metadata", "an object", "an array")),
    ({"model": "m", "@x": 1}, unknown("@x")),
    (
        {"model": "m", "reasoning_effort": "huge"},
        unlisted(
            "reasoning_effort", "huge", "none", "minimal", "low", "medium", "high", "xhigh", "max"
        ),
    ),
    (
        {"model": "m", "response_format": {"type": "json_schema", "json_schema": {"name": ""}}},
        unlike("response_format.json_schema.name"),
    ),
    (
        {"model": "m", "response_format": {"type": "json_schema"}},
        missing("response_format.json_schema"),
    ),
    (
        {"model": "m", "response_format": {"type": "xml"}},
        unlisted("response_format.type", "xml", "text", "json_object", "json_schema"),
    ),
]  # fmt: skip

THREADS: list[tuple[Body, Refusal]] = [
    ({"messages": [spoken("x")] * 33}, long_array("messages", 32)),
    ({"messages": None}, wrong("messages", "an array", "null")),
    (
        {"messages": [spoken("x")] * 3 + [spoken("")]},
        empty_string("messages[3].content"),
    ),
    ({"messages": [spoken([])]}, empty_array("messages[0].content")),
    (
        {"messages": [spoken(None)]},
        wrong("messages[0].content", "one of a string or array of objects", "null"),
    ),
    ({"messages": [{"role": "user"}]}, missing("messages[0].content")),
    (
        {"messages": [spoken("x") | {"role": "system"}]},
        unlisted("messages[0].role", "system", "user", "assistant"),
    ),
    (
        {"messages": [spoken([text("x"), text({"value": "x"})])]},
        wrong("messages[0].content[1].text", "a string", "an object"),
    ),
    (
        {"messages": [spoken([text("x" * 256_001)])]},
        long_string("messages[0].content[0].text", 256_000),
    ),
    (
        {"messages": [spoken([{"type": "audio"}])]},
        unlisted("messages[0].content[0].type", "audio", "text", "image_file", "image_url"),
    ),
    (
        {"messages": [spoken([{"type": "image_file", "image_file": {}}])]},
        missing("messages[0].content[0].image_file.file_id"),
    ),
    (
        {
            "messages": [
                spoken([
                    {"type": "image_url", "image_url": {"url": "http://a.b", "detail": "no"}},
                ])
            ]
        },
        unlisted("messages[0].content[0].image_url.detail", "no", "auto", "low", "high"),
    ),
    (
        {"messages": [spoken("x") | {"metadata": {"k": "v" * 513}}]},
        long_string("messages[0].metadata.k", 512),
    ),
    (
        {"messages": [spoken("x") | {"attachments": [{"tools": []}]}]},
        missing("messages[0].attachments[0].file_id"),
    ),
]  # fmt: skip

RUNS: list[tuple[Body, Refusal]] = [
    ({"assistant_id": None}, wrong("assistant_id", "a string", "null")),
    ({"tools": [CODE] * 21}, long_array("tools", 20)),
    ({"instructions": "x" * 256_001}, long_string("instructions", 256_000)),
    ({"max_prompt_tokens": 255}, out_of("max_prompt_tokens", "integer", ">=", "256", "255")),
    ({"max_completion_tokens": 0}, out_of("max_completion_tokens", "integer", ">=", "256", "0")),
    ({"max_prompt_tokens": True}, wrong("max_prompt_tokens", "an integer", "a boolean")),
    ({"max_prompt_tokens": 256.0}, wrong("max_prompt_tokens", "an integer", "a decimal")),
    (
        {"max_prompt_tokens": 2**60},
        out_of("max_prompt_tokens", "integer", "<=", str(2**53 - 1), str(2**60)),
    ),
    ({"max_prompt_tokens": 2**80}, wrong("max_prompt_tokens", "an integer", "a decimal")),
    ({"stream": "true"}, wrong("stream", "a boolean", "a string")),
    ({"stream": 1}, wrong("stream", "a boolean", "an integer")),
    (
        {"truncation_strategy": {"type": "last_messages"}},
        missing("truncation_strategy.last_messages"),
    ),
    (
        {"truncation_strategy": {"type": "last_messages", "last_messages": 0}},
        out_of("truncation_strategy.last_messages", "integer", ">=", "1", "0"),
    ),
    (
        {"truncation_strategy": {"type": "oldest"}},
        unlisted("truncation_strategy.type", "oldest", "auto", "last_messages"),
    ),
    ({"tool_choice": "any"}, unlisted("tool_choice", "any", "none", "auto", "required")),
    ({"tool_choice": {"type": "function"}}, missing("tool_choice.function")),
    ({"additional_messages": [spoken("x")] * 33}, long_array("additional_messages", 32)),
    (
        {"additional_messages": [spoken([text("x"), text(None)])]},
        wrong("additional_messages[0].content[1].text", "a string", "null"),
    ),
    (
        {"additional_messages": [spoken("x"), spoken("")]},
        empty_string("additional_messages[1].content"),
    ),
    ({"thread": {}}, unknown("thread")),
]  # fmt: skip


async def check(api: Served, path: str, rows: list[tuple[Body, Refusal]]) -> None:
    """Each body gets its refusal."""
    for body, expected in rows:
        answer = await api.http.post(path, json=body)
        assert answer.status_code == 400, body
        error = answer.json()["error"]
        assert (error["message"], error["param"], error["code"]) == expected
        assert error["type"] == "invalid_request_error"


async def test_assistants(api: Served) -> None:
    """Where one is created, and where one is changed, but that nothing has to be there then."""
    await check(api, "/assistants", ASSISTANTS)
    await check(api, "/assistants/asst_a", ASSISTANTS[1:])


async def test_threads(api: Served) -> None:
    """Where one is created, and where a Run brings one."""
    await check(api, "/threads", THREADS)
    inside = [
        (
            {"assistant_id": "asst_a", "thread": body},
            (message.replace(f"'{param}'", f"'thread.{param}'"), f"thread.{param}", code),
        )
        for body, (message, param, code) in THREADS
    ]
    await check(api, "/threads/runs", inside)


async def test_runs(api: Served) -> None:
    """Where one is created."""
    rows = [({"assistant_id": "asst_a"} | body, expected) for body, expected in RUNS]
    await check(api, "/threads/thread_a/runs", rows)


async def test_what_is_just_within(api: Served) -> None:
    """Every limit can be reached."""
    made = await api.http.post(
        "/assistants",
        json={
            "model": "m" * 256,
            "name": "n" * 256,
            "description": "d" * 512,
            "instructions": "i" * 256_000,
            "tools": [CODE] * 127 + [function("f" * 64)],
            "temperature": 2,
            "top_p": 0,
            "metadata": {f"{n}".rjust(64): "v" * 512 for n in range(16)},
            "response_format": {"type": "json_schema", "json_schema": {"name": "s" * 64}},
        },
    )
    assert made.status_code == 200
    assert (made.json()["temperature"], made.json()["top_p"]) == (2.0, 0.0)
    messages = [spoken([text("x" * 1_000)])] * 32
    assert (await api.http.post("/threads", json={"messages": messages})).status_code == 200


async def test_null_is_nothing_where_it_may_stand(api: Served) -> None:
    """As clients send it that write out all they know."""
    names = (
        "name", "description", "instructions", "tool_resources", "metadata", "temperature",
        "top_p", "response_format", "reasoning_effort",
    )  # fmt: skip
    made = await api.http.post("/assistants", json={"model": "m"} | dict.fromkeys(names))
    assert made.status_code == 200
    bare = await api.http.post("/assistants", json={"model": "m"})
    own = {"id": None, "created_at": None}
    assert made.json() | own == bare.json() | own
    nothing = dict.fromkeys(("metadata", "tool_resources"))
    assert (await api.http.post("/threads", json=nothing)).json()["metadata"] == {}


@pytest.mark.parametrize("path", ["/assistants", "/files", "/threads/thread_a/messages"])
async def test_pages(api: Served, path: str) -> None:
    """Numbers and orders that are none."""
    for text_of_limit in ("", "1.0", "+1", "%D9%A1", "-1", "99999999999999999999999"):
        answer = await api.http.get(f"{path}?limit={text_of_limit}")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")
    for order in ("", "DESC"):
        answer = await api.http.get(f"{path}?order={order}")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "order")


async def test_cursors_that_lead_nowhere(api: Served) -> None:
    """Are an empty part of the list; empty ones are none."""
    await api.assistant()
    for query in ("after=asst_x", "before=asst_x", "after=thread_x", "after=asst_x&before=asst_y"):
        assert (await api.http.get(f"/assistants?{query}")).json()["data"] == []
    assert len((await api.http.get("/assistants?after=&before=")).json()["data"]) == 1


@pytest.mark.parametrize("name", ["include[]", "include"])
async def test_includes(api: Served, name: str) -> None:
    """One is known."""
    assistant_id, thread_id = await api.assistant(), await api.thread("x")
    path = f"/threads/{thread_id}/runs"
    body = {"assistant_id": assistant_id}
    answer = await api.http.post(path, params={name: "everything"}, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "include"


async def test_methods(api: Served) -> None:
    """HEAD is GET without a body; what a path does not take is refused with what it takes."""
    head = await api.http.head("/assistants")
    assert (head.status_code, head.content) == (200, b"")
    missing_one = await api.http.head("/assistants/asst_a")
    assert (missing_one.status_code, missing_one.content) == (404, b"")
    for method in ("OPTIONS", "PATCH", "PUT"):
        answer = await api.http.request(method, "/threads/thread_a")
        assert answer.status_code == 405
        assert {*answer.headers["allow"].split(", ")} == {"GET", "HEAD", "POST", "DELETE"}
        assert answer.json()["error"]["code"] == "method_not_supported"
