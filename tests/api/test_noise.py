"""Anything at all is answered below 500, and every refusal has the whole error body."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.serving import WEATHER, Served, served
from tests.servers import Server

JSON = {"content-type": "application/json"}


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
        ["user", "function", "text", "auto", "code_interpreter", "@text", "json_schema", "[key]"]
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
        "/assistants",
        {
            "model": "m",
            "tools": [
                {
                    "type": "file_search",
                    "file_search": {
                        "max_num_results": 5,
                        "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
                    },
                }
            ],
            "tool_resources": {"file_search": {"vector_store_ids": []}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}},
        },
    ),
    (
        "/vector_stores",
        {
            "file_ids": [],
            "name": "s",
            "expires_after": {"anchor": "last_active_at", "days": 1},
            "chunking_strategy": {
                "type": "static",
                "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
            },
        },
    ),
    (
        "/vector_stores/vs_a/file_batches",
        {"files": [{"file_id": "file-a", "attributes": {"a": 1, "b": "c", "d": True}}]},
    ),
    (
        "/vector_stores/vs_a/search",
        {
            "query": ["x"],
            "filters": {"type": "and", "filters": [{"type": "eq", "key": "a", "value": 1}]},
            "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
        },
    ),
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
