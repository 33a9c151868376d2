"""A parameter that an endpoint does not take is left out, once and for that model."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.responses import ResponsesModel
from core.engine.generation import (
    ImagePart,
    Reasoning,
    TextPart,
    ToolCall,
    ToolOutput,
    UserItem,
)
from core.engine.ports import ChatModel
from core.errors import ModelRefused
from tests.fakes.model_server import Failure, ModelServer, Reply, Scripted
from tests.fakes.rounds import ADD, asking, run

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "number"}}}
FORMAT: dict[str, Any] = {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA}}


def refusing(message: Any, status: int = 400, **fields: Any) -> Failure:
    return Failure(status, {"error": {"message": message, **fields}})


OPENAI = refusing(
    "Unsupported value: 'temperature' does not support 0.2 with this model.",
    param="temperature",
    code="unsupported_value",
)
VLLM = refusing(
    [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs"}]
)
MISTRAL = Failure(
    422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra"}]}
)
GROQ = refusing("property 'temperature' is unsupported")
GEMINI = refusing('Invalid JSON payload received. Unknown name "temperature": Cannot find field.')


@pytest.mark.parametrize("refusal", [OPENAI, VLLM, MISTRAL, GROQ, GEMINI])
async def test_each_way_of_naming_a_parameter_is_understood_and_remembered(
    server: ModelServer, chat: ChatCompletionsModel, refusal: Failure
) -> None:
    server.script(refusal, *[Reply(text="Hi")] * 4)
    for name in ("m", "m", "other"):
        await run(chat, asking(model=name, temperature=0.2, top_p=0.5))
    assert ["temperature" in request.body for request in server.requests] == [
        True,
        False,
        False,
        True,
    ]
    assert all(request.body["top_p"] == 0.5 for request in server.requests)


@pytest.mark.parametrize(
    "refusal",
    [
        refusing("temperature must be at most 2", param="temperature", code="decimal_above_max"),
        refusing("Unknown parameter: 'colour'.", param="colour", code="unknown_parameter"),
        refusing("This content is not allowed."),
    ],
)
async def test_a_refusal_about_anything_else_stands(
    server: ModelServer, chat: ChatCompletionsModel, refusal: Failure
) -> None:
    server.script(refusal)
    with pytest.raises(ModelRefused):
        await run(chat, asking(temperature=3.0))
    assert len(server.requests) == 1


async def test_an_endpoint_that_dislikes_one_thing_after_the_other(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    names = ["stream_options", "parallel_tool_calls", "user", "max_tokens", "max_completion_tokens"]
    refusals = [refusing(f"Unknown parameter: '{name}'.", param=name) for name in names]
    server.script(*refusals, Reply(text="Hi"))
    request = asking(tools=(ADD,), parallel_tool_calls=True, user="u", max_output_tokens=5)
    assert (await run(chat, request)).text == "Hi"
    assert "max_completion_tokens" in server.requests[-2].body
    assert set(server.requests[-1].body) == {"model", "messages", "stream", "tools"}


async def test_an_endpoint_that_is_never_content_is_given_up(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    def always(body: dict[str, Any]) -> Scripted:
        name = next((name for name in ("temperature", "stream_options") if name in body), "model")
        return refusing(f"Unknown parameter: '{name}'.", param=name)

    server.answer = always
    with pytest.raises(ModelRefused):
        await run(chat, asking(temperature=1.0))
    assert len(server.requests) == 3


async def test_rounds_that_learn_the_same_at_once_all_succeed(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    def picky(body: dict[str, Any]) -> Scripted:
        return OPENAI if "temperature" in body else Reply(text="Hi")

    server.answer = picky
    rounds = [run(chat, asking(temperature=0.2)) for _ in range(8)]
    assert {done.text for done in await asyncio.gather(*rounds)} == {"Hi"}


async def test_a_schema_falls_back_to_json_and_then_to_words(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(
        refusing("'response_format.type' json_schema is not supported", param="response_format"),
        refusing("response_format is not supported by this model"),
        *[Reply(text="{}")] * 2,
    )
    for _ in range(2):
        await run(chat, asking(response_format=FORMAT))
    formats = [request.body.get("response_format") for request in server.requests]
    assert formats == [FORMAT, {"type": "json_object"}, None, None]
    for request in server.requests[1:]:
        assert json.dumps(SCHEMA, separators=(",", ":")) in request.body["messages"][0]["content"]


@pytest.mark.parametrize(("choice", "words"), [("add", "`add` now"), ("required", "tools now")])
async def test_a_tool_that_cannot_be_forced_is_asked_for_in_words(
    server: ModelServer, chat: ChatCompletionsModel, choice: str, words: str
) -> None:
    server.script(refusing("tool_choice is not supported"), Reply(text="Hi"), Reply(text="Hi"))
    await run(chat, asking(tools=(ADD,), tool_choice=choice))
    await run(chat, asking(tools=(ADD,)))
    forced, plain = server.requests[1].body, server.requests[2].body
    assert "tool_choice" not in forced
    assert words in forced["messages"][0]["content"]
    assert plain["messages"][0]["content"] == "Be brief."


async def test_no_tools_where_their_use_cannot_be_forbidden(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(refusing("Unknown parameter: 'tool_choice'"), Reply(text="Hi"))
    await run(chat, asking(tools=(ADD,), tool_choice="none"))
    assert "tools" not in server.requests[1].body


async def test_a_model_without_a_system_role(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(refusing("System role not supported"), Reply(text="Hi"))
    await run(chat)
    assert [m["role"] for m in server.requests[1].body["messages"]] == ["user"]


async def test_responses_without_encrypted_reasoning(
    server: ModelServer, responses: ResponsesModel
) -> None:
    refusal = refusing("Encrypted content is not supported with this model.", param="include")
    server.script(refusal, Reply(text="Hi"), Reply(text="Hi"))
    await run(responses)
    await run(responses)
    assert ["include" in request.body for request in server.requests] == [True, False, False]
    assert all(request.body["store"] is False for request in server.requests)


async def test_reasoning_made_under_another_key_is_left_out_of_that_call_only(
    server: ModelServer, responses: ResponsesModel
) -> None:
    thought = Reasoning({"type": "reasoning", "id": "rs_1", "encrypted_content": "gA"})
    history = (thought, ToolCall("c1", "add", "{}"), ToolOutput("c1", "3"))
    stale = refusing(
        "The encrypted content could not be verified.", code="invalid_encrypted_content"
    )
    server.script(stale, Reply(text="Hi"), Reply(text="Hi"))
    for _ in range(2):
        assert (await run(responses, asking("1+2?", *history))).text == "Hi"
    kinds = [[item.get("type") for item in request.body["input"]] for request in server.requests]
    assert ["reasoning" in kind for kind in kinds] == [True, False, True]


async def test_responses_effort_and_format(server: ModelServer, responses: ResponsesModel) -> None:
    server.script(
        refusing("Unsupported parameter", param="reasoning.effort", code="unsupported_parameter"),
        refusing("json_schema is not supported", param="text.format"),
        Reply(text="{}"),
    )
    await run(responses, asking(reasoning_effort="low", response_format=FORMAT))
    last = server.requests[-1].body
    assert "reasoning" not in last
    assert last["text"] == {"format": {"type": "json_object"}}


VLLM_TEXT = refusing("m is not a multimodal model", type="BadRequestError")
VLLM_NONE = refusing("At most 0 image(s) may be provided in one prompt.")
LLAMA_CPP = refusing("image input is not supported - hint: you may need to provide the mmproj", 500)
OPENROUTER = refusing("No endpoints found that support image input", 404)
DEEPSEEK = refusing(
    "Failed to deserialize the JSON body: unknown variant `image_url`, expected `text`"
)
GROQ_TEXT = refusing("'messages.0' : content must be a string")
OPENAI_TEXT = refusing("Invalid content type. image_url is only supported by certain models.")
OLLAMA = refusing("this model is missing data required for image input", 500)


@pytest.mark.parametrize(
    "refusal",
    [VLLM_TEXT, VLLM_NONE, LLAMA_CPP, OPENROUTER, DEEPSEEK, GROQ_TEXT, OPENAI_TEXT, OLLAMA],
)
async def test_a_model_that_sees_nothing_is_told_of_pictures_in_words(
    server: ModelServer, model: ChatModel, refusal: Failure
) -> None:
    shown = UserItem((TextPart("What is it?"), ImagePart("data:image/png;base64,AA==")))
    server.script(refusal, Reply(text="No idea."), Reply(text="Still none."))
    for _ in range(2):
        await run(model, asking(shown))
    told = [json.dumps(request.body) for request in server.requests]
    assert ["data:image/png" in body for body in told] == [True, False, False]
    assert ["you cannot see" in body for body in told] == [False, True, True]


@pytest.mark.parametrize(
    "refusal",
    [
        refusing("You uploaded an unsupported image. Use PNG, JPEG, GIF or WEBP."),
        refusing("Failed to download image from https://x.test/a.png"),
        refusing("This model does not support image type image/tiff"),
        refusing("Too many images in request. Max is 5."),
    ],
)
async def test_a_picture_that_is_no_good_is_not_the_models_blindness(
    server: ModelServer, chat: ChatCompletionsModel, refusal: Failure
) -> None:
    server.script(refusal)
    with pytest.raises(ModelRefused):
        await run(chat, asking(UserItem((ImagePart("https://x.test/a.png"),))))
    assert len(server.requests) == 1
