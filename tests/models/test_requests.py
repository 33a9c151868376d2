"""What is sent: only what was set, in the protocol's own words."""

from __future__ import annotations

from typing import Any

from adapters.openai.chat_request import chat_body
from adapters.openai.quirks import SYSTEM_AS_USER
from adapters.openai.responses_request import responses_body
from core.engine.generation import (
    AssistantItem,
    ImagePart,
    Reasoning,
    TextPart,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserItem,
)
from tests.fakes.rounds import ADD, asking, said

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "number"}}}
FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "point", "schema": SCHEMA, "strict": True},
}
PICTURE = UserItem((TextPart("What is this?"), ImagePart("data:image/png;base64,AA==")))


def test_chat_sends_nothing_that_was_not_set() -> None:
    assert chat_body(asking("Hi"), ()) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_responses_sends_nothing_that_was_not_set_and_stores_nothing() -> None:
    assert responses_body(asking("Hi"), ()) == {
        "model": "m",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


def test_everything_that_was_set() -> None:
    request = asking(
        "Hi",
        tools=(ADD,),
        tool_choice="add",
        parallel_tool_calls=False,
        response_format=FORMAT,
        temperature=0.0,
        top_p=0.5,
        reasoning_effort="low",
        max_output_tokens=99,
        user="u1",
    )
    chat, responses = chat_body(request, ()), responses_body(request, ())
    assert chat["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert responses["tool_choice"] == {"type": "function", "name": "add"}
    assert chat["response_format"] == FORMAT
    assert responses["text"] == {
        "format": {"type": "json_schema", "name": "point", "schema": SCHEMA, "strict": True}
    }
    assert (chat["max_tokens"], responses["max_output_tokens"]) == (99, 99)
    assert (chat["user"], responses["safety_identifier"]) == ("u1", "u1")
    assert (chat["reasoning_effort"], responses["reasoning"]) == ("low", {"effort": "low"})
    for body in (chat, responses):
        assert (body["temperature"], body["top_p"]) == (0.0, 0.5)
        assert body["parallel_tool_calls"] is False


def test_text_is_no_format() -> None:
    request = asking(response_format={"type": "text"})
    assert "response_format" not in chat_body(request, ())
    assert "text" not in responses_body(request, ())


def test_strict_is_always_said_to_responses_and_only_when_wanted_to_chat() -> None:
    strict = ToolSpec("add", "", ADD.parameters, strict=True)
    request = asking(tools=(ADD, strict))
    assert [tool["strict"] for tool in responses_body(request, ())["tools"]] == [False, True]
    functions = [tool["function"] for tool in chat_body(request, ())["tools"]]
    assert ["strict" in function for function in functions] == [False, True]


def test_choices_go_along_only_with_tools() -> None:
    request = asking(tool_choice="required", parallel_tool_calls=True)
    for body in (chat_body(request, ()), responses_body(request, ())):
        assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)


HISTORY = (
    said("One."),
    said("Two?"),
    AssistantItem("I add."),
    ToolCall("c1", "add", '{"a": 1}'),
    ToolCall("c2", "add", "{broken"),
    ToolOutput("c1", "1"),
    ToolOutput("c2", "no"),
    AssistantItem("So."),
)


def test_chat_history_takes_turns_and_calls_stand_with_the_words_before_them() -> None:
    messages = chat_body(asking(*HISTORY), ())["messages"]
    assert [message["role"] for message in messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
    ]
    assert messages[1]["content"] == "One.\n\nTwo?"
    assert messages[2]["content"] == "I add."
    calls = messages[2]["tool_calls"]
    assert [call["id"] for call in calls] == ["c1", "c2"]
    assert calls[0]["function"]["arguments"] == '{"a": 1}'
    assert calls[1]["function"]["arguments"] == '{"unreadable":"{broken"}'
    assert messages[3] == {"role": "tool", "tool_call_id": "c1", "content": "1"}


def test_responses_history_is_a_list_of_items() -> None:
    thought = Reasoning({"type": "reasoning", "id": "rs_1", "encrypted_content": "gA"})
    empty = Reasoning({"type": "reasoning", "id": "rs_2", "summary": []})
    foreign = Reasoning({"type": "reasoning_content", "text": "hm"})
    items = responses_body(asking(said("Hi"), thought, empty, foreign, *HISTORY[2:]), ())["input"]
    assert items[1] == thought.item
    assert [item.get("type", item.get("role")) for item in items] == [
        "user",
        "reasoning",
        "assistant",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
        "assistant",
    ]
    assert items[4]["arguments"] == "{broken"


def test_pictures() -> None:
    [_, message] = chat_body(asking(PICTURE), ())["messages"]
    assert message["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ]
    [item] = responses_body(asking(PICTURE), ())["input"]
    assert item["content"][1] == {
        "type": "input_image",
        "image_url": "data:image/png;base64,AA==",
        "detail": "auto",
    }


def test_a_model_without_a_system_role_hears_the_instructions_first() -> None:
    for first, expected in ((said("Hi"), "Be brief.\n\nHi"), (AssistantItem("Hi"), "Be brief.")):
        [message, *_] = chat_body(asking(first), {SYSTEM_AS_USER})["messages"]
        assert message == {"role": "user", "content": expected}


def test_no_instructions_no_system_message() -> None:
    request = asking("Hi", instructions="")
    assert [m["role"] for m in chat_body(request, ())["messages"]] == ["user"]
    assert "instructions" not in responses_body(request, ())
