"""Runs, Files and tenants as callers see them: limits and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from core.engine.records import Cursor, Execution, Figure
from core.engine.requests import (
    AssistantRequest,
    AssistantUpdate,
    FileRequest,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ThreadUpdate,
)
from core.errors import InvalidRequest, NotFound
from core.ids import derived
from tests.engine.world import CODE, END, WEATHER, process
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls, says


async def refusal(attempt: Awaitable[Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        await attempt
    return refused.value


def text(size: int) -> str:
    return "x" * size


# ------------------------------------------------------------------------------ Runs


async def test_what_a_run_takes_from_its_assistant() -> None:
    async with process(executes=False) as here:
        assistant = await here.assistant(
            tools=(CODE,), response_format={"type": "json_object"}, temperature=0.3
        )
        thread = await here.thread("Hi")
        run = await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id))
        assert (run.model, run.instructions, run.tools) == ("m-1", "Be brief.", (CODE,))
        assert (run.temperature, run.top_p) == (0.3, 1.0)
        assert run.response_format == {"type": "json_object"}
        assert run.truncation_strategy == {"type": "auto", "last_messages": None}
        assert (run.tool_choice, run.parallel_tool_calls) == ("auto", True)


async def test_what_a_run_says_itself_wins() -> None:
    async with process(executes=False) as here:
        assistant = await here.assistant(tools=(CODE,), temperature=0.3)
        thread = await here.thread("Hi")
        run = await here.engine.runs.create(
            thread.id,
            RunRequest(
                assistant_id=assistant.id,
                model="m-2",
                instructions="Be long.",
                additional_instructions="The user is Ada.",
                tools=(WEATHER,),
                temperature=0,
                parallel_tool_calls=False,
                tool_choice={"type": "function", "function": {"name": "weather"}},
                truncation_strategy={"type": "last_messages", "last_messages": 4},
                response_format={"type": "text"},
            ),
        )
        assert run.model == "m-2"
        assert run.instructions == "Be long. The user is Ada."
        assert run.tools == (WEATHER,)
        assert run.temperature == 0.0
        assert run.parallel_tool_calls is False
        assert run.truncation_strategy == {"type": "last_messages", "last_messages": 4}


@pytest.mark.parametrize(
    ("base", "given", "more", "whole"),
    [
        ("Be brief.", None, "Now.", "Be brief. Now."),
        ("Be brief.", "", "Now.", "Now."),
        (None, None, None, ""),
        ("Be brief.", "Be long.", None, "Be long."),
    ],
)
async def test_instructions(
    base: str | None, given: str | None, more: str | None, whole: str
) -> None:
    async with process(executes=False) as here:
        assistant = await here.assistant(instructions=base)
        thread = await here.thread("Hi")
        request = RunRequest(
            assistant_id=assistant.id, instructions=given, additional_instructions=more
        )
        assert (await here.engine.runs.create(thread.id, request)).instructions == whole


async def test_one_run_of_a_thread_at_a_time() -> None:
    async with process(executes=False) as here:
        run = await here.start()
        request = RunRequest(assistant_id=run.assistant_id)
        error = await refusal(here.engine.runs.create(run.thread_id, request))
        assert error.message == f"Thread {run.thread_id} already has an active run {run.id}."
        assert (error.status, error.param, error.code) == (400, None, None)


async def test_of_two_runs_at_once_one_is_made() -> None:
    async with process(executes=False) as here:
        assistant, thread = await here.assistant(), await here.thread("Hi")
        request = RunRequest(assistant_id=assistant.id)
        made = await asyncio.gather(
            *(here.engine.runs.create(thread.id, request) for _ in range(5)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, InvalidRequest) for result in made) == 4


async def test_a_run_under_a_given_id_is_made_once_even_when_it_has_ended() -> None:
    async with process(says("Hello")) as here:
        assistant, thread = await here.assistant(), await here.thread("Hi")
        name = derived("run_", "turn-1")
        request = RunRequest(
            assistant_id=assistant.id, additional_messages=(MessageRequest(content="More"),)
        )
        made = await asyncio.gather(
            *(here.engine.runs.create(thread.id, request, run_id=name) for _ in range(3))
        )
        assert {run.id for run in made} == {name}
        await here.ended(made[0])
        again = await here.engine.runs.create(thread.id, request, run_id=name)
        assert again.status == "completed"
        texts = [m.text for m in (await here.engine.messages.list(thread.id, END)).data]
        assert texts == ["Hi", "More", "Hello"]


async def test_a_thread_and_its_run_under_given_ids_are_made_once() -> None:
    async with process(says("Hello")) as here:
        assistant = await here.assistant()
        ids = {"thread_id": derived("thread_", "c"), "run_id": derived("run_", "c")}
        start = ThreadRequest(messages=(MessageRequest(content="Hi"),))
        request = RunRequest(assistant_id=assistant.id)
        first = await here.engine.runs.create_with_thread(start, request, **ids)
        again = await here.engine.runs.create_with_thread(start, request, **ids)
        assert first.id == again.id
        await here.ended(first)
        assert len(here.model.requests) == 1


async def test_additional_messages_are_stored_before_the_run() -> None:
    async with process(says("Hello")) as here:
        run = await here.start(
            "Hi", additional_messages=(MessageRequest(content="More", metadata={"k": "v"}),)
        )
        await here.ended(run)
        page = await here.engine.messages.list(run.thread_id, END)
        assert [(m.text, m.metadata) for m in page.data] == [
            ("Hi", {}),
            ("More", {"k": "v"}),
            ("Hello", {}),
        ]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"max_prompt_tokens": 255}, "Invalid 'max_prompt_tokens': integer below minimum value."),
        ({"max_completion_tokens": 1}, "Invalid 'max_completion_tokens': integer below minimum"),
        (
            {"truncation_strategy": {"type": "last_messages", "last_messages": 0}},
            "Invalid 'truncation_strategy.last_messages': integer below minimum value.",
        ),
        (
            {"truncation_strategy": {"type": "last_messages"}},
            "Missing required parameter: 'truncation_strategy.last_messages'.",
        ),
        ({"tools": (CODE,) * 21}, "Invalid 'tools': array too long."),
        (
            {"tool_choice": {"type": "function", "function": {"name": "weather"}}},
            "Tool choice 'weather' not found in 'tools' parameter.",
        ),
        ({"temperature": 3}, "Invalid 'temperature': decimal above maximum value."),
        (
            {"additional_messages": (MessageRequest(content=""),)},
            "Invalid 'additional_messages[0].content'",
        ),
    ],
)
async def test_limits_of_a_run(values: dict[str, Any], sentence: str) -> None:
    async with process(executes=False) as here:
        assistant, thread = await here.assistant(), await here.thread("Hi")
        request = RunRequest(assistant_id=assistant.id, **values)
        error = await refusal(here.engine.runs.create(thread.id, request))
        assert error.message.startswith(sentence)
        assert here.store.leases == {}


async def test_a_run_of_nobody_on_nothing() -> None:
    async with process(executes=False) as here:
        thread = await here.thread("Hi")
        error = await refusal(here.engine.runs.create(thread.id, RunRequest(assistant_id="asst_x")))
        assert isinstance(error, NotFound)
        assert error.message == "No assistant found with id 'asst_x'."
        assistant = await here.assistant()
        error = await refusal(
            here.engine.runs.create("thread_x", RunRequest(assistant_id=assistant.id))
        )
        assert error.message == "No thread found with id 'thread_x'."


async def test_a_run_with_nothing_to_say() -> None:
    async with process(executes=False) as here:
        assistant, thread = await here.assistant(instructions=None), await here.thread()
        request = RunRequest(assistant_id=assistant.id)
        error = await refusal(here.engine.runs.create(thread.id, request))
        assert error.message == (
            "Run creation requires a Thread with a user message or an assistant with instructions"
        )


async def test_runs_and_steps_are_listed() -> None:
    async with process(says("one"), says("two")) as here:
        first = await here.ended(await here.start())
        request = RunRequest(assistant_id=first.assistant_id)
        second = await here.ended(await here.engine.runs.create(first.thread_id, request))
        page = await here.engine.runs.list(first.thread_id, Cursor())
        assert [run.id for run in page.data] == [second.id, first.id]
        (step,) = await here.steps(first)
        assert await here.engine.runs.step(first.thread_id, first.id, step.id) == step
        error = await refusal(here.engine.runs.step(first.thread_id, first.id, "step_x"))
        assert error.message == "No run step found with id 'step_x'."
        error = await refusal(here.engine.runs.steps(first.thread_id, "run_x", END))
        assert error.message == "No run found with id 'run_x'."


async def test_a_stream_of_nothing() -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        with pytest.raises(NotFound):
            await anext(here.engine.runs.follow(thread.id, "run_x"))


# ------------------------------------------------------------------------------ Files


async def test_the_life_of_a_file() -> None:
    async with process(executes=False) as here:
        request = FileRequest(filename="a.txt", purpose="assistants", data=b"hello")
        made = await here.engine.files.create(request)
        other = await here.engine.files.create(request)
        assert made.id.startswith("file-")
        assert (made.bytes, made.filename, made.status) == (5, "a.txt", "processed")
        assert await here.engine.files.content(made.id) == b"hello"
        assert [file.id for file in (await here.engine.files.list(Cursor())).data] == [
            other.id,
            made.id,
        ]
        await here.engine.files.delete(made.id)
        error = await refusal(here.engine.files.content(made.id))
        assert error.message == f"No file found with id '{made.id}'."
        assert await here.engine.files.content(other.id) == b"hello", "the same bytes, still there"


async def test_a_file_that_expires() -> None:
    async with process(executes=False) as here:
        made = await here.engine.files.create(
            FileRequest(filename="a", purpose="assistants", data=b"x", expires_after_s=3600)
        )
        assert made.expires_at == made.created_at + 3600
        await here.clock.advance(3601)
        assert isinstance(await refusal(here.engine.files.get(made.id)), NotFound)
        assert (await here.engine.files.list(Cursor())).data == ()


async def test_a_message_cannot_show_a_file_that_is_not_there() -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        part = {"type": "image_file", "image_file": {"file_id": "file-x"}}
        request = MessageRequest(content=(part,))
        error = await refusal(here.engine.messages.create(thread.id, request))
        assert error.message == "No file found with id 'file-x'."


# ------------------------------------------------------------------------------ tenants


async def test_a_tenant_finds_nothing_of_another() -> None:
    async with process(executes=False) as here:
        engine = here.engine
        assistant = await engine.assistants.create(AssistantRequest(model="m-1"), tenant="a")
        file = await engine.files.create(
            FileRequest(filename="a", purpose="assistants", data=b"x"), tenant="a"
        )
        thread = await engine.threads.create(
            ThreadRequest(messages=(MessageRequest(content="secret"),)), tenant="a"
        )
        (message,) = (await engine.messages.list(thread.id, END, tenant="a")).data
        request = RunRequest(assistant_id=assistant.id)
        run = await engine.runs.create(thread.id, request, tenant="a")
        names = (thread.id, run.id)
        own = await here.assistant()
        for tenant in ("b", ""):
            attempts = [
                engine.assistants.get(assistant.id, tenant=tenant),
                engine.assistants.update(assistant.id, AssistantUpdate(), tenant=tenant),
                engine.assistants.delete(assistant.id, tenant=tenant),
                engine.files.get(file.id, tenant=tenant),
                engine.files.content(file.id, tenant=tenant),
                engine.files.delete(file.id, tenant=tenant),
                engine.threads.get(thread.id, tenant=tenant),
                engine.threads.update(thread.id, ThreadUpdate(), tenant=tenant),
                engine.threads.delete(thread.id, tenant=tenant),
                engine.threads.create(ThreadRequest(), tenant=tenant, thread_id=thread.id),
                engine.messages.list(thread.id, END, tenant=tenant),
                engine.messages.get(thread.id, message.id, tenant=tenant),
                engine.messages.create(thread.id, MessageRequest(content="x"), tenant=tenant),
                engine.messages.update(thread.id, message.id, {}, tenant=tenant),
                engine.messages.delete(thread.id, message.id, tenant=tenant),
                engine.runs.create(thread.id, RunRequest(assistant_id=own.id), tenant=tenant),
                engine.runs.get(*names, tenant=tenant),
                engine.runs.list(thread.id, END, tenant=tenant),
                engine.runs.update(*names, {}, tenant=tenant),
                engine.runs.cancel(*names, tenant=tenant),
                engine.runs.submit_tool_outputs(*names, [], tenant=tenant),
                engine.runs.steps(*names, END, tenant=tenant),
                engine.runs.step(*names, "step_x", tenant=tenant),
                anext(engine.runs.follow(*names, tenant=tenant)),
            ]
            for attempt in attempts:
                assert isinstance(await refusal(attempt), NotFound), attempt
            assert assistant not in (await engine.assistants.list(END, tenant=tenant)).data
            assert (await engine.files.list(END, tenant=tenant)).data == ()
        assert (await engine.runs.get(*names, tenant="a")).status == "queued"


async def test_a_stream_from_memory_is_the_tenants_too() -> None:
    async with process([asyncio.Event()]) as here:
        engine = here.engine
        assistant = await engine.assistants.create(AssistantRequest(model="m-1"), tenant="a")
        run = await engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content="Hi"),)),
            RunRequest(assistant_id=assistant.id),
            tenant="a",
        )
        other = await here.thread()
        mine = engine.runs.follow(run.thread_id, run.id, tenant="a")
        assert (await anext(mine)).name == "thread.created"
        for attempt in (
            engine.runs.follow(run.thread_id, run.id),
            engine.runs.follow(other.id, run.id, tenant="a"),
        ):
            assert isinstance(await refusal(anext(attempt)), NotFound)


async def test_figures_belong_to_the_tenant_of_their_run() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.answer("x", Execution((Figure(b"png"),)))
    rounds = [calls(("call_a", "code_interpreter", '{"code": "x"}')), says(".")]
    async with process(*rounds, interpreter=interpreter) as here:
        engine = here.engine
        assistant = await engine.assistants.create(
            AssistantRequest(model="m-1", tools=(CODE,)), tenant="a"
        )
        run = await engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content="Draw"),)),
            RunRequest(assistant_id=assistant.id),
            tenant="a",
        )
        assert [event async for event in engine.runs.follow(run.thread_id, run.id, tenant="a")]
        (file,) = (await engine.files.list(END, tenant="a")).data
        assert isinstance(await refusal(engine.files.get(file.id)), NotFound)
