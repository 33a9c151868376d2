"""Whatever a client sends, it is answered with the API's error body, and never with a 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.http.reading import DEPTH, Limits
from tests.api.serving import Served, served
from tests.servers import Server

JSON = {"content-type": "application/json"}
NOT_JSON = "We could not parse the JSON body of your request."


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b" ",
        b"{'model': 'm'}",
        b"\xff\xfe\x00",
        b'{"model": "\\ud800"}',
        b"NaN",
        b'{"a": 1e999}',
        b"\x00" * 100,
    ],
)
async def test_what_is_not_json(api: Served, body: bytes) -> None:
    """The API's hint, without a code."""
    answer = await api.http.post("/assistants", content=body, headers=JSON)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith(NOT_JSON)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"17"])
async def test_what_is_no_object(api: Served, body: bytes) -> None:
    """JSON, but no body."""
    answer = await api.http.post("/assistants", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Invalid body: expected a JSON object."


@pytest.mark.parametrize(
    ("path", "body", "param", "message"),
    [
        ("/assistants", {"model": 5}, "model", "expected a string, but got an integer"),
        ("/assistants", {"model": "m", "temperature": "1"}, "temperature", "expected a decimal"),
        ("/assistants", {"model": "m", "tools": {}}, "tools", "expected an array"),
        ("/assistants", {"model": "m", "metadata": {"a": 1}}, "metadata.a", "expected a string"),
        ("/threads/runs", {"assistant_id": "a", "stream": "yes"}, "stream", "expected a boolean"),
        (
            "/threads/runs",
            {"assistant_id": "a", "max_prompt_tokens": 300.0},
            "max_prompt_tokens",
            "expected an integer, but got a decimal",
        ),
        (
            "/threads/runs",
            {"assistant_id": "a", "tool_choice": 7},
            "tool_choice",
            "expected an object, but got an integer",
        ),
    ],
)
async def test_types_are_not_guessed(
    api: Served, path: str, body: dict[str, Any], param: str, message: str
) -> None:
    """A value of another JSON type is refused by its path, not converted."""
    answer = await api.http.post(path, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, "invalid_type")
    assert message in error["message"]


async def test_what_is_no_json_by_its_own_word(api: Served) -> None:
    """A form is not guessed to be JSON."""
    answer = await api.http.post("/assistants", data={"model": "m"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unsupported_content_type"


async def test_depth(api: Served) -> None:
    """A schema may nest as far as the limit, and no further; brackets in text do not count."""

    def nested(levels: int) -> dict[str, Any]:
        inner: dict[str, Any] = {}
        for _ in range(levels - 1):
            inner = {"a": inner}
        return inner

    def body(levels: int) -> dict[str, Any]:
        """`tools`, the array, the tool, the function: four levels above the schema."""
        function = {"name": "f", "parameters": nested(levels - 4), "description": "[{" * 500}
        return {"model": "m", "tools": [{"type": "function", "function": function}]}

    fits = await api.http.post("/assistants", json=body(DEPTH))
    assert fits.status_code == 200
    again = await api.http.get(f"/assistants/{fits.json()['id']}")
    assert again.json() == fits.json()
    deeper = await api.http.post("/assistants", json=body(DEPTH + 1))
    assert deeper.status_code == 400
    assert (
        deeper.json()["error"]["message"] == f"Invalid body: it nests deeper than {DEPTH} levels."
    )
    absurd = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    assert (await api.http.post("/assistants", content=absurd, headers=JSON)).status_code == 400


async def test_size(redis_url: str, tmp_path: Path) -> None:
    """413 as soon as it is known, whether the size is told or not."""
    async with served(redis_url, tmp_path, limits=Limits(json_bytes=1_000)) as api:
        fits = {"metadata": {"a": "x" * 500}}
        assert (await api.http.post("/threads", json=fits)).status_code == 200
        large = json.dumps({"metadata": {"a": "x" * 2_000}}).encode()
        told = await api.http.post("/threads", content=large, headers=JSON)
        assert told.status_code == 413
        assert told.json()["error"] == {
            "message": "The body of this request is too large: this server takes at most 1000 "
            "bytes.",
            "type": "invalid_request_error",
            "param": None,
            "code": "request_too_large",
        }

        host = api.url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        head = f"POST /v1/threads HTTP/1.1\r\nHost: {host}\r\nOpenAI-Beta: assistants=v2\r\n"
        writer.write(f"{head}Content-Length: 2000\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()
        await writer.wait_closed()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(large), 100):
                yield large[start : start + 100]

        assert (await api.http.post("/threads", content=pieces(), headers=JSON)).status_code == 413


async def test_what_is_not_served(api: Served) -> None:
    """Unknown paths, and known ones by another method."""
    unknown = await api.http.post("/x")
    assert unknown.status_code == 404
    assert unknown.json()["error"] == {
        "message": "Invalid URL (POST /v1/x)",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert (await api.http.get("/threads/thread_a/messages/")).status_code == 404
    for path in ("/healthz/", "/v1", "/threads/"):
        assert (await api.http.get(f"{api.url}{path}")).status_code == 404
    no_list = await api.http.get("/threads")
    assert no_list.status_code == 405
    assert no_list.headers["allow"] == "POST"
    assert no_list.json()["error"]["message"] == "Not allowed to GET on /v1/threads (it takes POST)"
    put = await api.http.put("/assistants/asst_a")
    assert {*put.headers["allow"].split(", ")} == {"GET", "HEAD", "POST", "DELETE"}


async def test_every_answer_has_an_id_and_a_mark(api: Served) -> None:
    """Also those that went wrong; ids differ."""
    answers = [await api.http.get(path) for path in ("/assistants", "/x", "/assistants/x")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 3
    assert all(one.startswith("req_") for one in ids)
    assert all(answer.headers["x-bobbin"] == "engine" for answer in answers)


async def test_a_store_that_is_gone(api_redis: Server, redis_url: str, tmp_path: Path) -> None:
    """503 in a sentence of ours; the client is told not to repeat what may have been written."""
    async with served(redis_url, tmp_path, executes=False) as api:
        api_redis.kill()
        try:
            answer = await api.http.get("/assistants")
            wrote = await api.http.post("/assistants", json={"model": "m"})
        finally:
            api_redis.start()
        assert answer.status_code == 503
        assert answer.json()["error"] == {
            "message": "The server's store cannot be reached just now. Try again later.",
            "type": "server_error",
            "param": None,
            "code": None,
        }
        assert "x-should-retry" not in answer.headers
        assert answer.headers["retry-after"] == "1"
        assert wrote.status_code == 503
        assert wrote.headers["x-should-retry"] == "false"
        assert wrote.headers["retry-after"] == "1"
