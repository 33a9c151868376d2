"""What `bobbin doctor` finds out about an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.endpoint import Endpoint
from adapters.openai.probe import context_window, describe, find_ollama, is_bobbin, told_models
from core.ids import RandomIds
from tests.fakes.model_server import Call, Failure, ModelServer, Reply
from tests.models.conftest import PatientClock

OK = Reply(text="OK")
ADDED = Reply(calls=(Call("add", '{"a": 17, "b": 25}'),))


async def test_an_endpoint_in_good_order(
    server: ModelServer, endpoint: Endpoint, chat: ChatCompletionsModel
) -> None:
    server.models = [{"id": "m", "max_model_len": 32768}, {"id": "n"}]
    server.script(OK, ADDED)
    report = await describe(endpoint, chat, "m")
    assert (report.reachable, report.is_bobbin, report.answers) == (True, False, True)
    assert report.models == ("m", "n")
    assert (report.tool_mode, report.context_tokens) == ("native", 32768)
    assert report.sentences == (
        "m answers.",
        "It calls tools right.",
        "Its window: 32,768 tokens.",
    )
    assert [request.body.get("model") for request in server.requests if request.body] == ["m", "m"]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (Reply(text="42"), "did not call it"),
        (Reply(calls=(Call("add", '{"a": 1}'),)), "wrong arguments"),
        (Reply(calls=(Call("add", "17 + 25"),)), "wrong arguments"),
        (Failure(400, {"error": {"message": "m does not support tools"}}), "refuses tools"),
    ],
)
async def test_a_model_that_cannot_call_tools_gets_the_json_loop(
    server: ModelServer,
    endpoint: Endpoint,
    chat: ChatCompletionsModel,
    second: Reply | Failure,
    says: str,
) -> None:
    server.script(OK, second)
    report = await describe(endpoint, chat, "m")
    assert report.tool_mode == "json"
    assert says in report.sentences[1]
    assert 'tool_mode = "json"' in report.sentences[1]


async def test_a_model_that_is_not_there(
    server: ModelServer, endpoint: Endpoint, chat: ChatCompletionsModel
) -> None:
    server.models = [{"id": "llama3:latest"}, {"id": "qwen3:8b"}]
    server.script(Failure(404, {"error": {"message": 'model "gpt-4" not found'}}))
    report = await describe(endpoint, chat, "gpt-4")
    assert (report.reachable, report.answers, report.tool_mode) == (True, False, None)
    assert "BOBBIN_MODEL could be: llama3:latest, qwen3:8b." in report.sentences[0]
    assert "BOBBIN_MODEL" in report.sentences[1]
    server.script(OK, ADDED)
    assert "lists no model" not in (await describe(endpoint, chat, "llama3")).sentences[0]


async def test_nobody_there(clock: PatientClock) -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", None, clock=clock)
    report = await describe(endpoint, ChatCompletionsModel(endpoint, ids=RandomIds()), "m")
    assert not report.reachable
    assert "cannot be reached" in report.sentences[0]
    await endpoint.close()


async def test_an_endpoint_that_lists_nothing(server: ModelServer, clock: PatientClock) -> None:
    endpoint = Endpoint(f"{server.root}/elsewhere", None, clock=clock)
    chat = ChatCompletionsModel(endpoint, ids=RandomIds())
    report = await describe(endpoint, chat, "m")
    assert (report.reachable, report.models, report.answers) == (True, None, False)
    assert "OPENAI_BASE_URL, which usually ends with /v1" in report.sentences[0]
    await endpoint.close()


@pytest.mark.parametrize("by", ["header", "health page"])
async def test_bobbin_itself_is_found_out_before_it_is_asked_anything(
    server: ModelServer, endpoint: Endpoint, chat: ChatCompletionsModel, by: str
) -> None:
    if by == "header":
        server.headers["x-bobbin"] = "engine"
    else:
        server.pages["/healthz"] = {"service": "bobbin"}
    assert await is_bobbin(endpoint)
    report = await describe(endpoint, chat, "m")
    assert report.is_bobbin
    assert report.sentences == (
        "OPENAI_BASE_URL points at Bobbin itself: set it to a model's endpoint.",
    )
    assert not any("completions" in request.path for request in server.requests)


async def test_another_health_page_is_not_bobbin(server: ModelServer, endpoint: Endpoint) -> None:
    assert not await is_bobbin(endpoint)
    server.pages["/healthz"] = {"status": "ok"}
    assert not await is_bobbin(endpoint)


@pytest.mark.parametrize(
    ("models", "pages", "window"),
    [
        ([{"id": "m", "max_model_len": 4096}], {}, 4096),
        ([{"id": "m", "context_length": 131072}, {"id": "n", "context_length": 1}], {}, 131072),
        ([{"id": "m", "meta": {"n_ctx": 8192, "n_ctx_train": 32768}}], {}, 8192),
        (
            [{"id": "m", "meta": {"n_ctx_train": 32768}}],
            {"/props": {"default_generation_settings": {"n_ctx": 4096}}},
            4096,
        ),
        ([], {"/api/ps": {"models": [{"name": "m:latest", "context_length": 16384}]}}, 16384),
        (
            [],
            {
                "/api/show": {
                    "parameters": "stop x\nnum_ctx 8192",
                    "model_info": {"q.context_length": 9},
                }
            },
            8192,
        ),
        ([], {"/api/show": {"model_info": {"qwen3.context_length": 40960}}}, 4096),
        ([], {"/api/show": {"model_info": {"tiny.context_length": 512}}}, 512),
        ([{"id": "m"}], {}, None),
    ],
)
async def test_the_window_where_it_is_told(
    server: ModelServer,
    endpoint: Endpoint,
    models: list[dict[str, Any]],
    pages: dict[str, dict[str, Any]],
    window: int | None,
) -> None:
    server.models = models
    server.pages.update(pages)
    assert await context_window(endpoint, "m") == window


async def test_ollama_on_this_machine(server: ModelServer) -> None:
    assert await find_ollama(server.root) is None
    server.pages["/api/version"] = {"version": "0.13.3"}
    assert await find_ollama(server.root, timeout_s=5) == server.base_url
    assert await find_ollama("http://127.0.0.1:9") is None


async def test_something_that_keeps_silent_is_not_waited_for(silent: str) -> None:
    assert await find_ollama(silent, timeout_s=0.1) is None


async def test_what_an_endpoint_tells_without_answering(
    server: ModelServer, endpoint: Endpoint
) -> None:
    server.models = [{"id": "m"}, {"id": "n", "context_length": 9_000}]
    server.pages["/api/show"] = {"parameters": "num_ctx 5000"}
    told = await told_models(endpoint, "m")
    assert told.names == ("m", "n")
    assert told.windows == {"n": 9_000, "m": 5_000}
    assert not any("completions" in request.path for request in server.requests)
