"""Whatever a client sends, it is answered with the API's error body, and never with a 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http.reading import DEPTH, Limits
from tests.api.serving import WEATHER, Served, served
from tests.servers import Server

JSON = {"content-type": "application/json"}
NOT_JSON = "We could not parse the JSON body of your request."


@pytest.mark.parametrize(
    "body",
    [
        b"{",
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
    no_list = await api.http.get("/threads")
    assert no_list.status_code == 405
    assert no_list.headers["allow"] == "POST"
    assert no_list.json()["error"]["message"] == "Not allowed to GET on /v1/threads (it takes POST)"
    put = await api.http.put("/assistants/asst_a")
    assert {*put.headers["allow"].split(", ")} == {"GET", "HEAD", "POST", "DELETE"}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_vector_stores_are_not_there_yet(api: Served, method: str) -> None:
    """A clear sentence, at every path of theirs."""
    for path in ("/vector_stores", "/vector_stores/vs_a", "/vector_stores/vs_a/files/file-a"):
        answer = await api.http.request(method, path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"].startswith("Vector stores are not available")


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


# --------------------------------------------------------------------------- anything at all

names = st.text(max_size=12) | st.sampled_from(
    ["model", "tools", "type", "function", "name", "metadata", "messages", "role", "content",
     "thread", "assistant_id", "stream", "tool_outputs", "output", "file_ids", "text"]
)  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["user", "function", "text", "auto", "code_interpreter", "@text", "json_schema"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
VALID: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "/assistants",
        {
            "model": "m",
            "tools": [WEATHER, {"type": "code_interpreter"}],
            "tool_resources": {"code_interpreter": {"file_ids": []}},
            "metadata": {"a": "b"},
            "temperature": 1,
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
        },
    ),
    (
        "/threads",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "x"},
                        {"type": "image_url", "image_url": {"url": "https://a.b"}},
                    ],
                    "attachments": [{"file_id": "file-a", "tools": []}],
                }
            ],
            "metadata": {"a": "b"},
        },
    ),
    ("/threads/thread_a/messages", {"role": "user", "content": "x", "metadata": {}}),
    (
        "/threads/thread_a/runs",
        {
            "assistant_id": "asst_a",
            "additional_messages": [{"role": "user", "content": "x"}],
            "truncation_strategy": {"type": "last_messages", "last_messages": 1},
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "max_prompt_tokens": 256,
        },
    ),
    ("/threads/runs", {"assistant_id": "asst_a", "thread": {"messages": []}}),
    (
        "/threads/thread_a/runs/run_a/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}]},
    ),
)  # fmt: skip


@dataclass
class Asker:
    """A server and the loop that it runs in, for tests that are functions of their input."""

    runner: asyncio.Runner
    api: Served

    def ask(self, method: str, path: str, **options: Any) -> int:
        """The status, after these checks: no 5xx, and every refusal has the whole error body."""
        answer = self.runner.run(self.api.http.request(method, path, **options))
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and method != "HEAD":
            error = answer.json()["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["message"]
        return answer.status_code


@pytest.fixture(scope="module")
def asker(
    api_redis: Server, tmp_path_factory: pytest.TempPathFactory, found_schema: Any
) -> Iterator[Asker]:
    """A server for all examples of this module."""
    api_redis.ask("FLUSHALL")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        api = runner.run(
            stack.enter_async_context(
                served(api_redis.url, tmp_path_factory.mktemp("border"), schema=found_schema[0])
            )
        )
        yield Asker(runner, api)
        runner.run(stack.aclose())


relaxed = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@relaxed
@given(path=st.sampled_from([path for path, _ in VALID]), body=st.binary(max_size=200))
def test_any_bytes(asker: Asker, path: str, body: bytes) -> None:
    """Noise."""
    asker.ask("POST", path, content=body, headers=JSON)


@relaxed
@given(path=st.sampled_from([path for path, _ in VALID]), body=st.dictionaries(names, values))
def test_any_json(asker: Asker, path: str, body: dict[str, Any]) -> None:
    """JSON that is no request."""
    asker.ask("POST", path, content=json.dumps(body).encode(), headers=JSON)


@relaxed
@given(data=st.data())
def test_requests_with_one_fault(asker: Asker, data: st.DataObject) -> None:
    """A good request in which anything stands at one place, however deep."""
    path, good = data.draw(st.sampled_from(VALID))
    body = json.loads(json.dumps(good))
    places = list(_places(body))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(values)
    asker.ask("POST", path, content=json.dumps(body).encode(), headers=JSON)


@relaxed
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS"]),
    parts=st.lists(
        st.sampled_from(["threads", "runs", "messages", "steps", "files", "assistants", "cancel"])
        | st.from_regex(r"(thread_|run_|msg_|asst_|step_|file-)[ -~]{0,9}", fullmatch=True)
        | st.text(max_size=9),
        max_size=6,
    ),
    query=st.dictionaries(
        st.sampled_from(["limit", "order", "after", "before", "run_id", "include[]", "purpose"]),
        st.text(max_size=12) | st.integers(-(10**40), 10**40).map(str),
    ),
)
def test_any_url(asker: Asker, method: str, parts: list[str], query: dict[str, str]) -> None:
    """Ids and parameters that are none."""
    path = "/".join(quote(part, safe="") for part in parts)
    asker.ask(method, f"{asker.api.url}/v1/{path}", params=query)


@relaxed
@given(
    headers=st.dictionaries(
        st.sampled_from(["openai-beta", "authorization", "api-key", "content-type", "accept"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip),
    )
)
def test_any_headers(asker: Asker, headers: dict[str, str]) -> None:
    """Header values that mean nothing."""
    asker.ask("POST", "/threads", content=b"{}", headers=headers)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    fields: Any = value
    keys: list[Any] = [*fields] if isinstance(value, dict) else [*range(len(fields))]
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
