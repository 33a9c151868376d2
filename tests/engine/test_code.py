"""The code interpreter: code runs between the model's rounds, figures end up in the answer."""

from __future__ import annotations

import asyncio
from typing import Any

from core.assistants import Json
from core.engine.generation import TextPart, ToolCall, ToolOutput, UserItem
from core.engine.models import ModelFacts
from core.engine.records import RESET, Execution, Figure, Logs, ProducedFile
from core.engine.requests import FileRequest, MessageRequest, RunRequest, ThreadRequest
from tests.engine.listening import Client
from tests.engine.world import CODE, END, WEATHER, Process, process, until
from tests.fakes.clock import settled
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls, says

RUNS = ("call_a", "code_interpreter", '{"code": "print(6*7)"}')
ASKS = ("call_b", "weather", "{}")


def answered(code: str, *outputs: Logs | Figure, **values: Any) -> ScriptedInterpreter:
    interpreter = ScriptedInterpreter()
    interpreter.answer(code, Execution(outputs, **values))
    return interpreter


async def outputs_of(here: Process, run: Any) -> list[Json]:
    (step, *_) = await here.steps(run)
    return step.step_details["tool_calls"][0]["code_interpreter"]["outputs"]


async def test_code_runs_and_its_output_goes_to_the_model() -> None:
    interpreter = answered("print(6*7)", Logs("42\n"))
    async with process(calls(RUNS), says("42."), interpreter=interpreter) as here:
        run = await here.start("6*7?", tools=(CODE,))
        client = Client(await here.events(run))
        assert client.short()[3:7] == [
            "run.step.created",
            "run.step.in_progress",
            "run.step.delta",
            "run.step.completed",
        ]
        assert client.short()[-1] == "run.completed"
        assert interpreter.ran == [(run.thread_id, "print(6*7)")]
        assert await outputs_of(here, run) == [{"type": "logs", "logs": "42"}]
        assert here.model.requests[1].items == (
            UserItem((TextPart("6*7?"),)),
            ToolCall("call_a", "code_interpreter", '{"code": "print(6*7)"}'),
            ToolOutput("call_a", "42"),
        )
        (offered,) = here.model.requests[0].tools
        assert offered.name == "code_interpreter"
        assert offered.parameters["required"] == ["code"]


async def test_a_follower_sees_the_code_before_it_has_run() -> None:
    interpreter = answered("print(6*7)", Logs("42"))
    interpreter.hold = asyncio.Event()
    async with process(calls(RUNS), says("42."), interpreter=interpreter) as here:
        run = await here.start(tools=(CODE,))
        client = Client()
        async for event in here.engine.runs.follow(run.thread_id, run.id):
            client.hear(event)
            if event.name == "thread.run.step.delta":
                interpreter.hold.set()
        assert client.names.count("thread.run.step.delta") == 2


async def test_a_figure_becomes_a_file_and_stands_before_the_answer() -> None:
    interpreter = answered("print(6*7)", Figure(b"\x89PNG 1"), Logs("drawn"), Figure(b"\x89PNG 2"))
    async with process(calls(RUNS), says("Look."), interpreter=interpreter) as here:
        run = await here.start(tools=(CODE,))
        client = Client(await here.events(run))
        assert client.text() == "Look."
        outputs = await outputs_of(here, run)
        assert [output["type"] for output in outputs] == ["logs", "image", "image"]
        ids = [output["image"]["file_id"] for output in outputs[1:]]
        (message,) = await here.messages(run)
        assert [part["type"] for part in message.content] == ["image_file", "image_file", "text"]
        assert [part["image_file"]["file_id"] for part in message.content[:2]] == ids
        file = await here.engine.files.get(ids[0])
        assert (file.purpose, file.filename) == ("assistants_output", f"{ids[0]}.png")
        assert await here.engine.files.content(ids[0]) == b"\x89PNG 1"
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert ids[0] in told.output


async def test_a_figure_is_shown_once() -> None:
    interpreter = answered("print(6*7)", Figure(b"\x89PNG"))
    again = ("call_c", "code_interpreter", '{"code": "1"}')
    rounds = [calls(RUNS), calls(again, text="Here it is."), says("Done.")]
    async with process(*rounds, interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE,)))
        first, second = await here.messages(run)
        assert [part["type"] for part in first.content] == ["image_file", "text"]
        assert [part["type"] for part in second.content] == ["text"]


async def test_a_figure_without_any_words_gets_a_message_of_its_own() -> None:
    interpreter = answered("print(6*7)", Figure(b"\x89PNG"))
    async with process(calls(RUNS), says(""), interpreter=interpreter) as here:
        run = await here.start(tools=(CODE,))
        client = Client(await here.events(run))
        assert client.short()[-1] == "run.completed"
        (message,) = await here.messages(run)
        assert [part["type"] for part in message.content] == ["image_file"]


async def test_a_figure_of_an_earlier_turn_is_mentioned_to_the_model() -> None:
    interpreter = answered("print(6*7)", Figure(b"\x89PNG"))
    async with process(calls(RUNS), says("Look."), interpreter=interpreter) as here:
        first = await here.ended(await here.start(tools=(CODE,)))
        here.model.then(*says("Yes."))
        more = (MessageRequest(content="Nice."),)
        request = RunRequest(assistant_id=first.assistant_id, additional_messages=more)
        await here.ended(await here.engine.runs.create(first.thread_id, request))
        assert "figure" in getattr(here.model.requests[2].items[1], "text", "")


async def test_code_first_then_functions() -> None:
    interpreter = answered("print(6*7)", Logs("42"))
    both = calls(ASKS, RUNS)
    async with process(both, says("Sunny."), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE, WEATHER)))
        assert run.status == "requires_action"
        assert len(interpreter.ran) == 1
        assert run.required_action is not None
        asked = run.required_action["submit_tool_outputs"]["tool_calls"]
        assert [call["id"] for call in asked] == ["call_b"]
        await here.submit(run, call_b="sun")
        assert (await here.ended(run)).status == "completed"
        assert len(interpreter.ran) == 1, "answered calls are not repeated"
        assert here.model.requests[1].items[-2:] == (
            ToolOutput("call_b", "sun"),
            ToolOutput("call_a", "42"),
        )


async def test_long_logs_are_cut_in_the_middle() -> None:
    interpreter = answered("print(6*7)", Logs("a" * 50_000 + "the end"))
    async with process(calls(RUNS), says("Long."), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE,)))
        (output,) = await outputs_of(here, run)
        assert 19_000 < len(output["logs"].encode()) < 20_100
        assert output["logs"].endswith("the end")
        assert "left out" in output["logs"]
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert told.output == output["logs"]


async def test_the_model_is_told_of_files_and_of_a_lost_session() -> None:
    interpreter = answered(
        "print(6*7)", Logs("boom"), files=(ProducedFile("a.csv", 12),), state="reset", failed=True
    )
    async with process(calls(RUNS), says("Oh."), interpreter=interpreter) as here:
        await here.ended(await here.start(tools=(CODE,)))
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert "a.csv (12 bytes)" in told.output
        assert told.output.count("variables are gone") == 1


async def test_an_interpreter_that_says_why_a_session_was_lost_is_not_repeated() -> None:
    why = Logs(f"Its process ended. {RESET}\n")
    interpreter = answered("print(6*7)", why, state="reset", failed=True)
    async with process(calls(RUNS), says("Oh."), interpreter=interpreter) as here:
        await here.ended(await here.start(tools=(CODE,)))
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert told.output == why.text.strip()


async def test_code_that_prints_nothing() -> None:
    interpreter = answered("print(6*7)")
    async with process(calls(RUNS), says("Done."), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE,)))
        assert await outputs_of(here, run) == [{"type": "logs", "logs": ""}]
        told = here.model.requests[1].items[-1]
        assert isinstance(told, ToolOutput)
        assert "nothing" in told.output


async def test_code_that_is_no_json_is_taken_as_it_is() -> None:
    interpreter = ScriptedInterpreter()
    raw = ("call_a", "code_interpreter", "print(1)")
    async with process(calls(raw), says("1."), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE,)))
        assert interpreter.ran == [(run.thread_id, "print(1)")]


async def test_where_no_code_can_run_the_tool_is_not_offered_and_the_model_knows() -> None:
    interpreter = ScriptedInterpreter(available=False)
    async with process(says("By heart: 42."), says("Yes."), interpreter=interpreter) as here:
        run = await here.ended(await here.start(tools=(CODE,)))
        assert run.status == "completed"
        assert here.model.requests[0].tools == ()
        assert "The code interpreter is off" in here.model.requests[0].instructions
        await here.ended(await here.start(tools=(WEATHER,)))
        assert "interpreter" not in here.model.requests[1].instructions


async def test_a_forced_choice_holds_for_the_first_round_only() -> None:
    rounds = [calls(RUNS), says("42.")]
    async with process(*rounds) as here:
        choice = {"type": "code_interpreter"}
        await here.ended(await here.start(tools=(CODE,), tool_choice=choice))
        assert [asked.tool_choice for asked in here.model.requests] == ["code_interpreter", "auto"]


async def test_no_tools_are_used_where_none_may_be() -> None:
    async with process(says("42.")) as here:
        await here.ended(await here.start(tools=(CODE,), tool_choice="none"))
        assert here.model.requests[0].tool_choice == "none"


async def test_a_cancel_while_code_runs() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.hold = asyncio.Event()
    async with process(calls(RUNS), interpreter=interpreter) as here:
        run = await here.start(tools=(CODE,))
        await until(lambda: interpreter.ran)
        await settled()
        await here.engine.runs.cancel(run.thread_id, run.id)
        done = await here.ended(run)
        assert done.status == "cancelled"
        (step,) = await here.steps(run)
        assert step.status == "cancelled"
        assert step.step_details["tool_calls"][0]["code_interpreter"]["input"] == "print(6*7)"


async def test_pictures_of_users_reach_a_model_that_sees() -> None:
    facts = (ModelFacts(match="m-1", context_tokens=50_000, images=True),)
    async with process(says("A cat."), facts=facts) as here:
        file = await here.engine.files.create(
            FileRequest(filename="cat.jpg", purpose="vision", data=b"\xff\xd8\xff cat")
        )
        shown = {"type": "image_file", "image_file": {"file_id": file.id, "detail": "low"}}
        content = ({"type": "text", "text": "What is it?"}, shown)
        assistant = await here.assistant()
        run = await here.engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content=content),)),
            RunRequest(assistant_id=assistant.id),
        )
        await here.ended(run)
        (item,) = here.model.requests[0].items
        assert isinstance(item, UserItem)
        picture = item.content[1]
        assert getattr(picture, "url", "").startswith("data:image/jpeg;base64,")
        assert getattr(picture, "detail", "") == "low"


async def seen_of(here: Process, *parts: Json) -> list[Any]:
    """What a model that sees gets of a user's Message with these parts."""
    assistant = await here.assistant()
    request = ThreadRequest(messages=(MessageRequest(content=parts),))
    here.model.then(*says("I see."))
    run = await here.engine.runs.create_with_thread(request, RunRequest(assistant_id=assistant.id))
    await here.ended(run)
    (item,) = here.model.requests[-1].items
    assert isinstance(item, UserItem)
    return list(item.content)


SEES = (ModelFacts(match="m-1", context_tokens=50_000, images=True),)


async def test_a_figure_that_code_drew_can_be_shown_to_the_model() -> None:
    interpreter = answered("print(6*7)", Figure(b"\x89PNG 1"))
    async with process(calls(RUNS), says("."), interpreter=interpreter, facts=SEES) as here:
        await here.ended(await here.start(tools=(CODE,)))
        (figure,) = (await here.engine.files.list(END)).data
        shown = {"type": "image_file", "image_file": {"file_id": figure.id}}
        (picture,) = await seen_of(here, shown)
        assert picture.url.startswith("data:image/png;base64,")


async def test_a_picture_by_its_address_goes_as_it_is() -> None:
    async with process(facts=SEES) as here:
        url = "https://example.org/cat.png"
        shown = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
        (picture,) = await seen_of(here, shown)
        assert (picture.url, picture.detail) == (url, "high")


async def test_a_file_that_is_no_picture_is_not_sent_as_one() -> None:
    async with process(facts=SEES) as here:
        request = FileRequest(filename="cat.png", purpose="vision", data=b"a,b\n1,2\n")
        file = await here.engine.files.create(request)
        (part,) = await seen_of(here, {"type": "image_file", "image_file": {"file_id": file.id}})
        assert part == TextPart("[A picture, not shown here.]")
