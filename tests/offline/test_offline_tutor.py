"""The tutor behind the model port: two rounds, tool choices, failures, and without interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from adapters.offline import MARK, OfflineTutor
from core.engine.generation import (
    AssistantItem,
    ImagePart,
    InputItem,
    ModelRequest,
    TextPart,
    ToolOutput,
    ToolSpec,
    UserItem,
)
from core.engine.ports import ChatModel
from tests.offline.conftest import (
    Round,
    answer,
    code_of,
    one_round,
    request,
    run_all,
    user,
)
from tests.offline.phrasings_first import CASES as FIRST
from tests.offline.phrasings_second import CASES as SECOND
from tests.offline.test_offline_grammar import check_program

EXAMPLE = "I need to solve the equation `3x + 11 = 14`. Can you help me?"


def test_it_is_a_chat_model() -> None:
    model: ChatModel = OfflineTutor()
    assert model is not None


async def test_the_first_round_asks_for_readable_python() -> None:
    got = await one_round(request([user(EXAMPLE)]))
    assert got.text == ""
    assert got.finished is not None
    assert got.finished.reason == "tool_calls"
    (call,) = got.calls
    assert call.name == "code_interpreter"
    code = code_of(call)
    assert "left = 3*x + 11" in code
    assert "solve(left - right, x)" in code
    assert set(json.loads(call.arguments)) == {"code"}


async def test_the_second_round_explains_what_came_back() -> None:
    text = await answer([user(EXAMPLE)])
    lines = text.splitlines()
    assert "1. Subtract 11 from both sides: 3x = 3" in lines
    assert "2. Divide both sides by 3: x = 1" in lines
    assert "Check with x = 1: 3·1 + 11 = 14 ✓" in text
    assert lines[-3:] == ["**x = 1**", "", MARK]


async def test_the_same_thread_gets_the_same_bytes() -> None:
    first = await one_round(request([user(EXAMPLE)]))
    again = await one_round(request([user(EXAMPLE)]))
    assert first.calls == again.calls


async def test_the_answer_streams_in_pieces() -> None:
    got = await _second_round(EXAMPLE)
    assert len(got.chunks) > 5
    assert max(map(len, got.chunks)) < 200


async def _second_round(text: str, output: str | None = None) -> Round:
    first = await one_round(request([user(text)]))
    results = [
        ToolOutput(call.call_id, output if output is not None else run_all([code_of(call)])[0])
        for call in first.calls
    ]
    return await one_round(request([user(text), *first.calls, *results]))


async def test_usage_counts_words_and_says_that_it_is_an_estimate() -> None:
    got = await one_round(request([user("hello there")]))
    assert got.finished is not None
    usage = got.finished.usage
    assert usage is not None
    assert usage.estimated
    assert usage.prompt_tokens == 7
    assert usage.completion_tokens == len(got.text.split())


def _wrapped(text: str, how: str) -> str:
    match how:
        case "list":
            return json.dumps([{"type": "logs", "logs": text}])
        case "object":
            return json.dumps({"outputs": [{"type": "logs", "logs": text}]})
        case "prose":
            return f"stdout:\n{text}\n(the session keeps its variables)"
        case _:
            return json.dumps(text)


@pytest.mark.parametrize("how", ["list", "object", "prose", "string"])
async def test_however_the_engine_wraps_the_output_it_is_read(how: str) -> None:
    first = await one_round(request([user("solve 2x = 8")]))
    output = _wrapped(run_all([code_of(first.calls[0])])[0], how)
    got = await _second_round("solve 2x = 8", output)
    assert "**x = 4**" in got.text


@pytest.mark.parametrize(
    "output", ["", "TimeoutError: too slow", "{}", '{"solutions": 3}', "null", "\x00", "[" * 5_000]
)
async def test_code_that_failed_is_said_and_the_closed_arithmetic_answers(output: str) -> None:
    got = await _second_round("solve 2x = 8", output)
    assert "failed or ran out of time" in got.text
    assert "**x = 4**" in got.text


async def test_code_that_failed_and_cannot_be_replaced_is_said() -> None:
    got = await _second_round("integrate x^2", "MemoryError")
    assert "failed or ran out of time" in got.text
    assert "x³/3" not in got.text


async def test_several_questions_are_several_calls_in_one_round() -> None:
    got = await one_round(request([user("derivative of x^2"), user("what is 2 + 2")]))
    assert len(got.calls) == 2
    assert len({call.call_id for call in got.calls}) == 2


async def test_without_parallel_calls_they_come_one_by_one() -> None:
    items = [user("derivative of x^2"), user("what is 2 + 2")]
    first = await one_round(request(items, parallel_tool_calls=False))
    assert len(first.calls) == 1
    text = await answer(items, parallel_tool_calls=False)
    assert "2x" in text
    assert "2 + 2 = 4" in text


async def test_tool_choice_none_means_no_call() -> None:
    got = await one_round(request([user("solve 2x = 8")], tool_choice="none"))
    assert not got.calls
    assert "**x = 4**" in got.text
    assert "interpreter is off" in got.text


@pytest.mark.parametrize("choice", ["required", "code_interpreter"])
async def test_a_required_call_is_made_once(choice: str) -> None:
    got = await one_round(request([user("hello")], tool_choice=choice))
    assert len(got.calls) == 1
    text = await answer([user("hello")], tool_choice=choice)
    assert "Hello" in text


async def test_other_tools_are_left_alone() -> None:
    other = ToolSpec("get_weather", "", {})
    asked = ModelRequest(
        model="offline", instructions="", items=(user("solve 2x = 8"),), tools=(other,)
    )
    got = await one_round(asked)
    assert not got.calls
    assert "**x = 4**" in got.text


async def test_a_picture_alone_is_refused_kindly() -> None:
    got = await one_round(request([UserItem((ImagePart("data:image/png;base64,AA=="),))]))
    assert "cannot see pictures" in got.text


async def test_words_beside_a_picture_are_answered() -> None:
    item = UserItem((TextPart("solve 2x = 8"), ImagePart("data:image/png;base64,AA==")))
    assert (await one_round(request([item]))).calls


async def test_instructions_and_formats_change_nothing() -> None:
    plain = await one_round(request([user(EXAMPLE)]))
    odd = await one_round(
        request(
            [user(EXAMPLE)],
            response_format={"type": "json_object"},
            temperature=2.0,
            reasoning_effort="high",
        )
    )
    assert plain.calls == odd.calls


async def test_a_token_limit_ends_the_round_as_incomplete() -> None:
    got = await one_round(request([user("what can you do?")], max_output_tokens=20))
    assert got.finished is not None
    assert got.finished.reason == "length"
    assert len(got.text.split()) <= 20


async def test_a_long_history_is_read_quickly_and_rightly() -> None:
    items: list[InputItem] = []
    for index in range(60):
        items += [user(f"what is {index} + 1"), AssistantItem(f"{index + 1}")]
    items.append(user("now double that"))
    got = await one_round(request(items))
    assert len(got.calls) == 1
    assert "59 + 1" in code_of(got.calls[0])


@pytest.mark.parametrize("case", [*FIRST, *SECOND], ids=lambda case: case[0][:50])
async def test_every_program_is_made_of_known_names(case: tuple[str, ...]) -> None:
    got = await one_round(request([user(case[0])]))
    assert got.calls
    for call in got.calls:
        check_program(code_of(call))


# -- without an interpreter ----------------------------------------------------------------------

CLOSED: tuple[tuple[str, str], ...] = (
    ("solve 3x + 11 = 14", "**x = 1**"),
    ("2(x - 3) = 4x + 10", "**x = -8**"),
    ("x/3 + 1/2 = 2", "9/2"),
    ("x^2 - 5x + 6 = 0", "x = 2 or x = 3"),
    ("x^2 = 2", "√2"),
    ("x^2 - 2x - 1 = 0", "1 + √2"),
    ("2x^2 + x + 5 = 0", "no real solution"),
    ("3x + 2 = 3x + 5", "no solution"),
    ("3x + 2 = 3x + 2", "Every value"),
    ("2x + y = 5, x - y = 1", "x = 2, y = 1"),
    ("x + y + z = 6, x - y = 0, z = 2", "x = 2, y = 2, z = 2"),
    ("what is 3 + 4 * 2", "= 11"),
    ("15% of 240", "= 36"),
    ("2/3 + 1/6", "5/6"),
    ("2^100", "1267650600228229401496703205376"),
    ("sqrt(2)", "1.41421"),
    ("sin(30°)", "0.5"),
    ("10!", "3628800"),
    ("0.1 + 0.2", "= 0.3"),
    ("5 choose 2", "= 10"),
    ("what percent of 60 is 15", "25%"),
    ("convert 13 to binary", "1101"),
    ("is 3/4 greater than 2/3?", "true"),
    ("mean of 2, 4, 9", "= 5"),
    ("area of a circle with radius 2", "12.56637"),
    ("1/0", "divides by zero"),
)


@pytest.mark.parametrize(("text", "expected"), CLOSED)
async def test_without_an_interpreter_arithmetic_and_equations_are_answered(
    text: str, expected: str
) -> None:
    got = await one_round(request([user(text)], tools=False))
    assert not got.calls
    assert expected in got.text
    assert "code interpreter is off" in got.text
    assert got.text.endswith(MARK)


@pytest.mark.parametrize(
    "text",
    [
        "derivative of x^2",
        "integrate x^2",
        "plot sin x",
        "x^5 - x + 1 = 0",
        "sin x = 1/2",
        "x^2 > 4",
    ],
)
async def test_without_an_interpreter_the_rest_says_that_it_needs_one(text: str) -> None:
    got = await one_round(request([user(text)], tools=False))
    assert "needs the code interpreter, which is off" in got.text
    assert "2x" not in got.text


def test_nothing_here_imports_sympy_or_evaluates_text() -> None:
    code = (
        "import sys, asyncio\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from adapters.offline import message\n"
        "message.understand('integrate x^2 from 0 to 1 and plot it', message.State())\n"
        "heavy = {'sympy', 'numpy', 'matplotlib', 'mpmath'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code, _root()], check=True, timeout=60)


def _root() -> str:
    from pathlib import Path

    return str(Path(__file__).resolve().parents[2])


def test_no_module_of_it_calls_eval() -> None:
    import ast
    from pathlib import Path

    for path in (Path(_root()) / "adapters" / "offline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                banned = {"eval", "exec", "compile", "__import__", "sympify", "parse_expr"}
                assert node.func.id not in banned, path
