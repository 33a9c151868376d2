"""Chat Completions as Ollama, vLLM, llama.cpp, OpenRouter, Mistral and DeepSeek speak it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.openai.chat import ChatCompletionsModel
from core.engine.generation import Reasoning, ToolCall, ToolOutput
from core.errors import ModelRateLimited, ModelRefused, ModelUnavailable
from tests.fakes.model_server import Call, Failure, ModelServer, Raw, Reply, chunk
from tests.fakes.rounds import ADD, Round, asking, run

DONE = b"data: [DONE]\n\n"


async def heard(
    server: ModelServer, chat: ChatCompletionsModel, *events: dict[str, Any] | bytes, **how: Any
) -> Round:
    server.script(Raw(events=events, **how))
    return await run(chat, asking(tools=(ADD,)))


def called(*entries: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return chunk({"content": None, "tool_calls": list(entries)}, finish=finish)


async def test_a_whole_call_with_an_object_and_without_an_id_finished_by_stop(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    call = {"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}
    done = await heard(server, chat, called(call, finish="stop"), DONE)
    [made] = done.calls
    assert json.loads(made.arguments) == {"a": 1, "b": 2}
    assert made.call_id.startswith("call_")
    assert done.finished.reason == "tool_calls"


async def test_finish_reason_tool_calls_without_any_call_is_a_stop(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    done = await heard(server, chat, chunk({"content": "Hi"}, finish="tool_calls"), DONE)
    assert (done.text, done.finished.reason) == ("Hi", "stop")


async def test_an_id_used_earlier_in_the_conversation_is_replaced(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(Reply(calls=(Call("add", "{}", "call_0"),)))
    earlier = (ToolCall("call_0", "add", "{}"), ToolOutput("call_0", "3"))
    done = await run(chat, asking("add", *earlier, tools=(ADD,)))
    assert done.calls[0].call_id != "call_0"


async def test_thinking_is_dropped_wherever_it_is_put(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    done = await heard(
        server,
        chat,
        chunk({"reasoning_content": "hm "}),
        chunk({"reasoning": "hm"}),
        chunk({"content": "<thi"}),
        chunk({"content": "nk>secret</th"}),
        chunk({"content": "ink>\n\nFour"}),
        chunk({"content": "."}, finish="stop"),
        DONE,
    )
    assert done.text == "Four."
    assert done.reasoning == []


async def test_content_as_parts(server: ModelServer, chat: ChatCompletionsModel) -> None:
    parts: list[Any] = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Four."}]
    done = await heard(server, chat, chunk({"content": parts}, finish="stop"), DONE)
    assert done.text == "Four."


async def test_an_answer_that_is_not_streamed_although_it_was_asked_for(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    message = {"role": "assistant", "content": "Four."}
    whole = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    body = json.dumps(whole).encode()
    done = await heard(server, chat, body, content_type="application/json")
    assert done.text == "Four."
    assert done.finished.usage is not None
    assert not done.finished.usage.estimated


async def test_usage_in_every_chunk_counts_the_last(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    def counted(n: int) -> dict[str, int]:
        return {"prompt_tokens": 9, "completion_tokens": n}

    done = await heard(
        server,
        chat,
        chunk({"content": "a"}, usage=counted(1)),
        chunk({"content": "b"}, finish="stop", usage=counted(2)),
        DONE,
    )
    assert done.finished.usage is not None
    assert done.finished.usage.completion_tokens == 2


async def test_no_done_mark_after_a_finish_reason(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    assert (await heard(server, chat, chunk({"content": "Hi"}, finish="stop"))).text == "Hi"


async def test_a_break_after_the_finish_reason_loses_nothing(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    done = await heard(server, chat, chunk({"content": "Hi"}, finish="stop"), cut=True)
    assert (done.text, done.finished.reason) == ("Hi", "stop")


async def test_an_end_without_any_finish_reason_is_a_break(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    with pytest.raises(ModelUnavailable, match="broke off"):
        await heard(server, chat, chunk({"content": "Hi"}))


async def test_nothing_at_all_is_no_answer(server: ModelServer, chat: ChatCompletionsModel) -> None:
    with pytest.raises(ModelUnavailable, match="without a word"):
        await heard(server, chat, DONE)


async def test_no_json_is_no_answer(server: ModelServer, chat: ChatCompletionsModel) -> None:
    with pytest.raises(ModelUnavailable, match="no JSON"):
        await heard(server, chat, b"data: {oops\n\n")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"error": {"message": "overloaded", "code": 502}}, ModelUnavailable),
        ({"error": {"message": "slow", "code": 429}}, ModelRateLimited),
        ({"error": {"message": "long", "code": "context_length_exceeded"}}, ModelRefused),
        (b'event: error\ndata: {"message": "gone", "code": "server_error"}\n\n', ModelUnavailable),
        (chunk({"content": ""}, finish="error"), ModelUnavailable),
    ],
)
async def test_errors_within_a_stream(
    server: ModelServer,
    chat: ChatCompletionsModel,
    event: dict[str, Any] | bytes,
    expected: type[Exception],
) -> None:
    with pytest.raises(expected):
        await heard(server, chat, chunk({"content": "Hi"}), event, DONE)


async def test_reasoning_goes_back_only_to_a_model_that_asks_for_it(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(
        Reply(reasoning="I add.", calls=(Call("add", "{}", "c1"),)),
        Failure(
            400,
            {"error": {"message": "The `reasoning_content` of thinking mode must be passed back."}},
        ),
        Reply(text="Three."),
        Reply(text="Three."),
    )
    first = await run(chat, asking("1+2?", tools=(ADD,)))
    assert first.reasoning == [Reasoning({"type": "reasoning_content", "text": "I add."})]
    history = (*first.reasoning, *first.calls, ToolOutput("c1", "3"))
    for _ in range(2):
        assert (await run(chat, asking("1+2?", *history, tools=(ADD,)))).text == "Three."
    assistant = [request.body["messages"][2] for request in server.requests[1:]]
    assert ["reasoning_content" in message for message in assistant] == [False, True, True]
