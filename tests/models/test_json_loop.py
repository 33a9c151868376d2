"""Tools for models that cannot call them: one JSON object a round, told as tool calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.json_loop import JsonActionModel
from adapters.openai.shown_output import MOST_LINES, output_block
from core.engine.generation import (
    AssistantItem,
    Finished,
    InputItem,
    ModelEvent,
    ModelRequest,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolOutput,
    ToolSpec,
    Usage,
    UserItem,
)
from core.ids import RandomIds
from tests.fakes.model_server import ModelServer, Reply
from tests.fakes.rounds import ADD, Round, asking, cut_at, run, said
from tests.patience import PATIENCE_S

CODE = ToolSpec(
    "code_interpreter",
    "Runs Python code.",
    {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
)


class Scripted:
    """A ChatModel that writes given pieces."""

    def __init__(self, *pieces: str, reason: Any = "stop") -> None:
        self.pieces = pieces
        self.reason = reason
        self.asked: list[ModelRequest] = []

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append(request)
        for piece in self.pieces:
            yield TextDelta(piece)
        yield Finished(self.reason, Usage(1, 2))


async def looped(model: Scripted, *items: InputItem | str, **fields: Any) -> Round:
    request = asking(*items, **{"tools": (CODE, ADD), **fields})
    return await run(JsonActionModel(model, ids=RandomIds()), request)


def branches(request: ModelRequest) -> dict[str, Any]:
    """The actions that a request allows, with the schema of what each carries."""
    assert request.response_format is not None
    schema = request.response_format["json_schema"]["schema"]
    found: dict[str, Any] = {}
    for branch in schema.get("anyOf", [schema]):
        _, field = branch["required"]
        found[branch["properties"]["action"]["const"]] = branch["properties"][field]
    return found


async def test_code_comes_out_as_a_call_of_the_real_tool() -> None:
    code = 'print("é\\n")\nx = {"a": 1}'
    done = await looped(Scripted(json.dumps({"action": "run_python", "code": code})))
    [call] = done.calls
    assert call.name == "code_interpreter"
    assert call.call_id.startswith("call_")
    assert json.loads(call.arguments) == {"code": code}
    assert done.text == ""
    assert done.finished == Finished("tool_calls", Usage(1, 2))


async def test_a_function_comes_out_as_a_call_with_its_arguments() -> None:
    done = await looped(Scripted('{"action": "add", "arguments": {"a": 1, "b": [2]}}'))
    assert [(c.name, c.arguments) for c in done.calls] == [("add", '{"a": 1, "b": [2]}')]


async def test_a_reply_is_text_while_it_is_written(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    gate = asyncio.Event()
    server.script(
        Reply(pieces=('{"action": "reply", "reply": "It is', " four.\\n", '"}'), hold=gate)
    )
    model = JsonActionModel(chat, ids=RandomIds())
    async with aclosing(cast("Any", model.stream(asking(tools=(CODE,))))) as stream:
        assert await anext(stream) == TextDelta("It is")
        gate.set()
        rest = [event async for event in stream]
    assert Round((TextDelta("It is"), *rest)).text == "It is four.\n"
    assert rest[-1] == Finished("stop", Usage(11, 7))
    assert "tools" not in server.requests[0].body


async def test_leaving_early_closes_the_inner_response(
    server: ModelServer, chat: ChatCompletionsModel
) -> None:
    server.script(
        Reply(pieces=('{"action": "reply", "reply": "a', " b", '"}'), hold=asyncio.Event())
    )
    model = JsonActionModel(chat, ids=RandomIds())
    async with aclosing(cast("Any", model.stream(asking(tools=(CODE,))))) as stream:
        await anext(stream)
    await asyncio.wait_for(server.requests[0].cut.wait(), PATIENCE_S)


async def test_the_model_is_told_its_actions_and_held_to_them() -> None:
    model = Scripted('{"action": "reply", "reply": "Hi"}')
    await looped(model, "Hello", instructions="You teach.", parallel_tool_calls=True)
    [asked] = model.asked
    assert branches(asked) == {
        "run_python": {"type": "string"},
        "add": ADD.parameters,
        "reply": {"type": "string"},
    }
    assert asked.instructions.startswith("You teach.\n\nAnswer with one JSON object")
    assert "Adds two numbers." in asked.instructions
    assert (asked.tools, asked.tool_choice, asked.parallel_tool_calls) == ((), "auto", None)


@pytest.mark.parametrize(
    ("choice", "allowed"),
    [
        ("auto", {"run_python", "add", "reply"}),
        ("required", {"run_python", "add"}),
        ("add", {"add"}),
        ("code_interpreter", {"run_python"}),
    ],
)
async def test_a_choice_narrows_the_actions(choice: str, allowed: set[str]) -> None:
    model = Scripted('{"action": "add", "arguments": {}}')
    await looped(model, tool_choice=choice)
    assert set(branches(model.asked[0])) == allowed


async def test_without_tools_the_model_just_talks() -> None:
    for fields in ({"tools": ()}, {"tool_choice": "none"}):
        model = Scripted("Four. {}")
        done = await looped(model, **fields)
        assert done.text == "Four. {}"
        assert model.asked[0].response_format is None
        assert model.asked[0].instructions == "Be brief."


RAN = (said("2+2?"), ToolCall("c1", "code_interpreter", '{"code": "print(4)"}'))
FAILURE = ToolOutput("c1", "Traceback (most recent call last):\n  ...\nNameError: x")


async def test_what_happened_is_retold_in_the_form_of_the_loop() -> None:
    model = Scripted('{"action": "reply", "reply": "4"}')
    added = (ToolCall("c2", "add", '{"a": 1}'), ToolOutput("c2", "5"), AssistantItem("Five."))
    await looped(model, *RAN, ToolOutput("c1", "4"), *added, "And now?")
    texts = [
        item.text for item in model.asked[0].items if isinstance(item, UserItem | AssistantItem)
    ]
    assert len(texts) == len(model.asked[0].items)
    assert json.loads(texts[1]) == {"action": "run_python", "code": "print(4)"}
    assert texts[2].startswith("Output of the code:\n4\n\nNow reply")
    assert json.loads(texts[3]) == {"action": "add", "arguments": {"a": 1}}
    assert texts[4].startswith("What the tool answered:\n5")
    assert texts[5:] == ["Five.", "And now?"]


async def test_code_that_failed_is_to_be_corrected_before_any_reply() -> None:
    model = Scripted('{"action": "run_python", "code": "1"}')
    await looped(model, *RAN, FAILURE)
    assert set(branches(model.asked[0])) == {"run_python"}
    assert cast("UserItem", model.asked[0].items[-1]).text.startswith("The code failed:")


async def test_after_two_corrections_that_failed_it_may_reply() -> None:
    model = Scripted('{"action": "reply", "reply": "I cannot."}')
    again = (ToolCall("c1", "code_interpreter", "{}"), FAILURE)
    await looped(model, *RAN, FAILURE, *again)
    await looped(model, *RAN, FAILURE, *again, *again)
    assert ["reply" in branches(asked) for asked in model.asked] == [False, True]


async def test_a_failure_before_the_last_question_narrows_nothing() -> None:
    model = Scripted('{"action": "reply", "reply": "Yes?"}')
    done = await looped(model, *RAN, FAILURE, AssistantItem("Sorry."), "Hello?")
    assert "reply" in branches(model.asked[0])
    assert done.text == "Yes?"


async def test_the_real_output_stands_below_words_that_do_not_have_it() -> None:
    model = Scripted('{"action": "reply", "reply": "The factors are 11 and 83."}')
    printed = ToolOutput("c1", "{97: 1, 103: 1}\n[Files in /mnt/data: a.csv (3 bytes)]")
    done = await looped(model, *RAN, printed)
    assert done.text == "The factors are 11 and 83.\n\n```text\n{97: 1, 103: 1}\n```"


@pytest.mark.parametrize(
    "items",
    [
        (*RAN, ToolOutput("c1", "4")),
        (*RAN, FAILURE, ToolCall("c3", "code_interpreter", "{}"), ToolOutput("c3", "4")),
        (*RAN, ToolOutput("c1", "5"), AssistantItem("Five."), said("And 2+2?")),
        (said("2+2?"), ToolCall("c2", "add", "{}"), ToolOutput("c2", "5")),
        (*RAN, ToolOutput("c1", "[The code ran and printed nothing.]")),
        (*RAN, FAILURE),
    ],
)
async def test_nothing_is_added_to_words_that_have_it_or_where_there_is_nothing(
    items: tuple[InputItem, ...],
) -> None:
    model = Scripted('{"action": "reply", "reply": "It is 4."}')
    assert (await looped(model, *items)).text == "It is 4."


async def test_an_own_format_is_what_the_reply_must_be_and_nothing_is_added() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "number"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "p", "schema": schema}}
    model = Scripted('{"action": "reply", "reply": {"x": 3}}')
    done = await looped(model, *RAN, ToolOutput("c1", "4"), response_format=wanted)
    assert branches(model.asked[0])["reply"] == schema
    assert json.loads(done.text) == {"x": 3}


async def test_an_answer_cut_short_stays_cut_short() -> None:
    model = Scripted('{"action": "run_python", "code": "print(', reason="length")
    done = await looped(model)
    assert done.finished.reason == "length"
    assert json.loads(done.calls[0].arguments) == {"code": "print("}
    model = Scripted('{"action": "reply", "reply": "It is', reason="length")
    done = await looped(model, *RAN, ToolOutput("c1", "4"))
    assert done.text == "It is"


@pytest.mark.parametrize(
    ("written", "text", "called"),
    [
        ("Just words.", "Just words.", None),
        ('```json\n{"action": "reply", "reply": "Hi"}\n```', "Hi", None),
        ('{"reply": "Hi", "action": "reply"}', "Hi", None),
        ('{"reply": "Hi"}', "Hi", None),
        ('{"code": "1", "action": "run_python"}', "", {"code": "1"}),
        ('{"code": "1"}', "", {"code": "1"}),
        ('{"action": "python", "code": "1"}', "", {"code": "1"}),
        ('{"action": "reply", "code": "1", "reply": "Hi"}', "Hi", None),
        ('{"action": "run_python", "code": "1", "reply": "Hi"}', "", {"code": "1"}),
        ('{"action": "add"}', "", {}),
        ('{"action": "add", "arguments": "{\\"a\\": 1}"}', "", {"a": 1}),
        ("{}", "", None),
        ('{"action": "reply"}', "", None),
    ],
)
async def test_models_that_nothing_holds_to_the_schema(
    written: str, text: str, called: dict[str, Any] | None
) -> None:
    for pieces in ((written,), tuple(written)):
        done = await looped(Scripted(*pieces))
        assert done.text == text
        assert [json.loads(call.arguments) for call in done.calls] == (
            [] if called is None else [called]
        )


_values = st.text(st.characters(codec="utf-8", exclude_characters="\f\b"), max_size=30)


@given(_values, st.booleans(), st.lists(st.integers(0, 200), max_size=20), st.booleans())
def test_any_cutting_means_the_same(
    value: str, is_code: bool, cuts: list[int], ascii_only: bool
) -> None:
    fields = {"action": "run_python", "code": value}
    if not is_code:
        fields = {"action": "reply", "reply": value}
    written = json.dumps(fields, ensure_ascii=ascii_only)
    done = asyncio.run(looped(Scripted(*cut_at(written, cuts))))
    if is_code:
        assert json.loads(done.calls[0].arguments) == {"code": value}
        assert sum(isinstance(event, ToolCallDelta) for event in done.events) >= 2
    else:
        assert (done.text, done.calls) == (value, [])


@pytest.mark.parametrize(
    ("output", "reply", "shown"),
    [
        ("[1]", "So x = 1.", False),
        ("1", "So x = 11.", True),
        ("1", "So x = 0.1", True),
        ("-1", "So x = 1.", True),
        ("-1", "So x = −1.", False),
        ("{x: 2, y: 3}", "x is 2 and y is 3", True),
        ("399.50000000000006", "It is 399.5.", False),
        ("399.50000000000006", "It is 400.", True),
        ("3.14159", "About 3.1", True),
        ("3.14159", "About 3.14", False),
        ("121932631112635269", "121,932,631,112,635,269", False),
        ("1e-05", "0.00001", False),
        ("x**2", "It is x**2 + 1.", False),
        ("x**2", "It is x**20.", True),
        ("sin(x)", "the sine of x", True),
        ("a\nb", "a and b", False),
        ("", "Nothing.", False),
        ("\n  \n", "Nothing.", False),
    ],
)
def test_when_the_output_is_shown(output: str, reply: str, shown: bool) -> None:
    assert bool(output_block(output, reply)) is shown


def test_a_long_output_is_cut_and_its_fences_stay_inside() -> None:
    block = output_block("\n".join(f"row {n}" for n in range(100)), "")
    assert block.count("\n") == MOST_LINES + 4
    assert "…" in block
    assert len(output_block("x" * 10_000, "")) < 1_300
    assert output_block("```\nx\n```", "").startswith("\n\n````text\n")


async def test_tools_whose_parameters_refer_to_definitions() -> None:
    parameters = {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/point"}},
        "$defs": {"point": {"type": "number"}},
    }
    model = Scripted('{"action": "plot", "arguments": {"at": 1}}')
    await looped(model, tools=(ToolSpec("plot", "", parameters),))
    assert model.asked[0].response_format is not None
    schema = model.asked[0].response_format["json_schema"]["schema"]
    assert schema["$defs"] == {"point": {"type": "number"}}


def test_a_question_in_parts_is_kept_whole() -> None:
    item = UserItem((TextPart("a"), TextPart("b")))
    model = Scripted('{"action": "reply", "reply": "Hi"}')
    asyncio.run(looped(model, item))
    assert model.asked[0].items == (item,)
