"""Responses as OpenAI streams it, and as servers that took it over do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.openai.responses import ResponsesModel
from core.engine.generation import Reasoning, TextDelta, Usage
from core.errors import ModelRateLimited, ModelRefused, ModelUnavailable
from tests.fakes.model_server import Call, ModelServer, Raw, Reply
from tests.fakes.rounds import ADD, Round, asking, run


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def message(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


COMPLETED = event("completed", response={"status": "completed"})
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a":1}'}


async def heard(
    server: ModelServer, responses: ResponsesModel, *events: dict[str, Any] | bytes, **how: Any
) -> Round:
    server.script(Raw(events=events, **how))
    return await run(responses, asking(tools=(ADD,)))


async def test_reasoning_comes_before_the_call_that_it_led_to_and_can_go_back(
    server: ModelServer, responses: ResponsesModel
) -> None:
    server.script(Reply(reasoning="x", calls=(Call("add"),)), Reply(text="Three."))
    first = await run(responses, asking("1+2?", tools=(ADD,)))
    assert isinstance(first.events[0], Reasoning)
    assert [item.item["encrypted_content"] for item in first.reasoning] == ["gAAA"]
    await run(responses, asking("1+2?", *first.reasoning, *first.calls))
    assert server.requests[1].body["input"][1] == first.reasoning[0].item


async def test_items_that_come_without_any_delta(
    server: ModelServer, responses: ResponsesModel
) -> None:
    done = await heard(
        server,
        responses,
        event("output_item.done", output_index=0, item=message("Four.")),
        event("output_item.done", output_index=1, item=CALL),
        COMPLETED,
    )
    assert done.text == "Four."
    assert [(call.call_id, call.arguments) for call in done.calls] == [("c1", '{"a":1}')]


async def test_only_the_whole_response(server: ModelServer, responses: ResponsesModel) -> None:
    whole = {
        "status": "completed",
        "output": [message("Four."), {**CALL, "call_id": "", "arguments": ""}],
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    done = await heard(server, responses, event("completed", response=whole))
    assert done.text == "Four."
    assert done.calls[0].arguments == "{}"
    assert done.calls[0].call_id.startswith("call_")
    assert done.finished.usage == Usage(3, 1)


async def test_nothing_is_said_twice(server: ModelServer, responses: ResponsesModel) -> None:
    item = message("Four.")
    done = await heard(
        server,
        responses,
        event("output_text.delta", output_index=0, delta="Fo"),
        event("output_text.delta", output_index=0, delta="ur"),
        event("output_item.done", output_index=0, item=item),
        event("completed", response={"status": "completed", "output": [item]}),
    )
    assert done.text == "Four."
    assert sum(isinstance(e, TextDelta) for e in done.events) == 3


async def test_two_messages_of_one_response_stand_apart(
    server: ModelServer, responses: ResponsesModel
) -> None:
    done = await heard(
        server,
        responses,
        event("output_text.delta", output_index=0, delta="First."),
        event("output_text.delta", output_index=1, delta="Second."),
        COMPLETED,
    )
    assert done.text == "First.\n\nSecond."


async def test_event_names_instead_of_types(server: ModelServer, responses: ResponsesModel) -> None:
    done = await heard(
        server,
        responses,
        b'event: response.output_text.delta\ndata: {"output_index": 0, "delta": "Hi"}\n\n',
        b'event: response.completed\ndata: {"response": {"status": "completed"}}\n\n',
        b"data: [DONE]\n\n",
    )
    assert done.text == "Hi"


async def test_an_answer_that_is_not_streamed_although_it_was_asked_for(
    server: ModelServer, responses: ResponsesModel
) -> None:
    body = json.dumps({"status": "completed", "output": [message("Hi")]}).encode()
    assert (await heard(server, responses, body, content_type="application/json")).text == "Hi"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("server_error", ModelUnavailable),
        ("rate_limit_exceeded", ModelRateLimited),
        ("invalid_prompt", ModelRefused),
    ],
)
@pytest.mark.parametrize("as_response", [True, False])
async def test_failures_within_a_stream(
    server: ModelServer,
    responses: ResponsesModel,
    code: str,
    expected: type[Exception],
    as_response: bool,
) -> None:
    error = {"code": code, "message": "sorry"}
    failed = event("failed", response={"status": "failed", "error": error})
    with pytest.raises(expected, match="sorry"):
        await heard(
            server,
            responses,
            event("output_text.delta", output_index=0, delta="Hi"),
            failed if as_response else {"type": "error", **error},
        )


async def test_the_end_of_the_stream_without_the_end_of_the_response_is_a_break(
    server: ModelServer, responses: ResponsesModel
) -> None:
    said = event("output_text.delta", output_index=0, delta="Hi")
    with pytest.raises(ModelUnavailable, match="broke off"):
        await heard(server, responses, said, b"data: [DONE]\n\n")
