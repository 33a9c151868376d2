"""Assistants, Threads and Messages as callers see them: limits and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from core.engine.records import Cursor
from core.engine.requests import (
    AssistantRequest,
    AssistantUpdate,
    MessageRequest,
    RunRequest,
    ThreadRequest,
    ThreadUpdate,
)
from core.errors import InvalidRequest, NotFound
from core.ids import derived
from tests.engine.world import CODE, END, process
from tests.fakes.scripted_model import says


async def refusal(attempt: Awaitable[Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        await attempt
    return refused.value


def text(size: int) -> str:
    return "x" * size


# ------------------------------------------------------------------------------ Assistants


async def test_the_life_of_an_assistant() -> None:
    async with process(executes=False) as here:
        made = await here.engine.assistants.create(
            AssistantRequest(model="gpt-4-1106-preview", name="Tutor", tools=(CODE,))
        )
        assert made.id.startswith("asst_")
        assert len(made.id) == len("asst_") + 24
        assert made.model == "gpt-4-1106-preview", "old names stay as they are"
        assert (made.temperature, made.top_p, made.response_format) == (1.0, 1.0, "auto")
        assert await here.engine.assistants.get(made.id) == made

        changed = await here.engine.assistants.update(
            made.id, AssistantUpdate(instructions="Be kind.", name=None)
        )
        assert (changed.instructions, changed.name) == ("Be kind.", None)
        assert changed.tools == (CODE,), "what is absent stays"
        assert changed.created_at == made.created_at

        await here.engine.assistants.delete(made.id)
        for attempt in (
            here.engine.assistants.get(made.id),
            here.engine.assistants.delete(made.id),
            here.engine.assistants.update(made.id, AssistantUpdate(name="x")),
        ):
            error = await refusal(attempt)
            assert isinstance(error, NotFound)
            assert error.message == f"No assistant found with id '{made.id}'."


async def test_assistants_are_listed_newest_first() -> None:
    async with process(executes=False) as here:
        made = [(await here.assistant(name=str(number))).id for number in range(5)]
        page = await here.engine.assistants.list(Cursor(limit=3))
        assert [assistant.id for assistant in page.data] == made[:1:-1]
        assert page.has_more
        rest = await here.engine.assistants.list(Cursor(limit=3, after=page.data[-1].id))
        assert [assistant.id for assistant in rest.data] == [made[1], made[0]]
        assert not rest.has_more


async def test_only_what_somebody_set_is_sent_to_the_model() -> None:
    async with process(says("a"), says("b"), says("c")) as here:
        plain = await here.assistant()
        warm = await here.assistant(temperature=0.7, reasoning_effort="low")
        thread = await here.thread("Hi")
        for request in (
            RunRequest(assistant_id=plain.id),
            RunRequest(assistant_id=warm.id),
            RunRequest(assistant_id=warm.id, temperature=1, top_p=0.5, reasoning_effort="high"),
        ):
            run = await here.engine.runs.create(thread.id, request)
            assert isinstance(run.temperature, float)
            await here.ended(run)
        sent = [(r.temperature, r.top_p, r.reasoning_effort) for r in here.model.requests]
        assert sent == [(None, None, None), (0.7, None, "low"), (1.0, 0.5, "high")]


async def test_an_assistant_under_a_given_id_is_made_once() -> None:
    async with process(executes=False) as here:
        name = derived("asst_", "math-tutor")
        first = await here.engine.assistants.create(
            AssistantRequest(model="m", name="one"), assistant_id=name
        )
        again = await here.engine.assistants.create(
            AssistantRequest(model="m", name="two"), assistant_id=name
        )
        assert again == first


@pytest.mark.parametrize(
    ("values", "sentence", "code"),
    [
        (
            {"name": text(257)},
            (
                "Invalid 'name': string too long. Expected a string with maximum length 256, but "
                "got a string with length 257 instead."
            ),
            "string_above_max_length",
        ),
        ({"description": text(513)}, "Invalid 'description': string too long.", None),
        ({"instructions": text(256_001)}, "Invalid 'instructions': string too long.", None),
        (
            {"tools": (CODE,) * 129},
            (
                "Invalid 'tools': array too long. Expected an array with maximum length 128, but "
                "got an array with length 129 instead."
            ),
            "array_above_max_length",
        ),
        (
            {"tools": ({"type": "browser"},)},
            (
                "Invalid value: 'browser'. Supported values are: 'code_interpreter', 'function', "
                "and 'file_search'."
            ),
            "invalid_value",
        ),
        (
            {"tools": ({"type": "function", "function": {"name": "a b"}},)},
            "Invalid 'tools[0].function.name': string does not match pattern.",
            "invalid_value",
        ),
        (
            {"temperature": 2.1},
            (
                "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but "
                "got 2.1 instead."
            ),
            "decimal_above_max_value",
        ),
        ({"top_p": -0.1}, "Invalid 'top_p': decimal below minimum value.", None),
        ({"temperature": float("nan")}, "Invalid 'temperature': decimal above", None),
        (
            {"metadata": {str(n): "" for n in range(17)}},
            (
                "Invalid 'metadata': too many properties. Expected an object with at most 16 "
                "properties, but got an object with 17 properties instead."
            ),
            "object_above_max_properties",
        ),
        ({"metadata": {text(65): ""}}, "Invalid 'metadata': string too long.", None),
        ({"metadata": {"k": text(513)}}, "Invalid 'metadata.k': string too long.", None),
    ],
)
async def test_limits_of_an_assistant(
    values: dict[str, Any], sentence: str, code: str | None
) -> None:
    async with process(executes=False) as here:
        error = await refusal(here.assistant(**values))
        assert error.message.startswith(sentence)
        assert code is None or error.code == code
        made = await here.assistant()
        again = await refusal(here.engine.assistants.update(made.id, AssistantUpdate(**values)))
        assert again.message == error.message


async def test_what_is_just_within_the_limits() -> None:
    async with process(executes=False) as here:
        await here.assistant(
            name=text(256),
            description=text(512),
            instructions=text(256_000),
            tools=(CODE,) * 128,
            metadata={f"{n:064}": text(512) for n in range(16)},
            temperature=2,
            top_p=0,
        )


# ------------------------------------------------------------------------------ Threads


async def test_the_life_of_a_thread() -> None:
    async with process(executes=False) as here:
        made = await here.engine.threads.create(
            ThreadRequest(
                messages=(
                    MessageRequest(content="Hi"),
                    MessageRequest(role="assistant", content="Hello"),
                ),
                metadata={"a": "b"},
            )
        )
        assert await here.engine.threads.get(made.id) == made
        page = await here.engine.messages.list(made.id, END)
        assert [(message.role, message.text) for message in page.data] == [
            ("user", "Hi"),
            ("assistant", "Hello"),
        ]
        assert all(message.status == "completed" for message in page.data)
        assert all(message.run_id is None for message in page.data)

        changed = await here.engine.threads.update(made.id, ThreadUpdate(metadata={"c": "d"}))
        assert changed.metadata == {"a": "b", "c": "d"}
        await here.engine.threads.delete(made.id)
        for attempt in (
            here.engine.threads.get(made.id),
            here.engine.threads.delete(made.id),
            here.engine.threads.update(made.id, ThreadUpdate(metadata={})),
            here.engine.messages.list(made.id, END),
            here.engine.messages.create(made.id, MessageRequest(content="x")),
            here.engine.runs.list(made.id, END),
        ):
            error = await refusal(attempt)
            assert isinstance(error, NotFound)
            assert error.message == f"No thread found with id '{made.id}'."


async def test_a_thread_under_a_given_id_is_made_once() -> None:
    async with process(executes=False) as here:
        name = derived("thread_", "slack:T1:C1")
        request = ThreadRequest(messages=(MessageRequest(content="Hi"),))
        made = await asyncio.gather(
            *(here.engine.threads.create(request, thread_id=name) for _ in range(3))
        )
        assert made[0] == made[1] == made[2]
        assert len((await here.engine.messages.list(name, END)).data) == 1


async def test_a_thread_begins_with_at_most_32_messages() -> None:
    async with process(executes=False) as here:
        many = (MessageRequest(content="x"),) * 33
        error = await refusal(here.engine.threads.create(ThreadRequest(messages=many)))
        assert error.message == (
            "Invalid 'messages': array too long. Expected an array with maximum length 32, but "
            "got an array with length 33 instead."
        )
        assert error.code == "array_above_max_length"


# ------------------------------------------------------------------------------ Messages


async def test_the_life_of_a_message() -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        request = MessageRequest(content="Hi", metadata={"from": "U1"})
        made = await here.engine.messages.create(thread.id, request)
        assert made.content == ({"type": "text", "text": {"value": "Hi", "annotations": []}},)
        assert await here.engine.messages.get(thread.id, made.id) == made
        changed = await here.engine.messages.update(thread.id, made.id, {"seen": "yes"})
        assert changed.metadata == {"from": "U1", "seen": "yes"}
        assert changed.content == made.content
        await here.engine.messages.delete(thread.id, made.id)
        for attempt in (
            here.engine.messages.get(thread.id, made.id),
            here.engine.messages.update(thread.id, made.id, {}),
            here.engine.messages.delete(thread.id, made.id),
        ):
            error = await refusal(attempt)
            assert isinstance(error, NotFound)
            assert error.message == f"No message found with id '{made.id}'."


async def test_parts_of_a_message_are_stored_as_answers_have_them() -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        parts = (
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        )
        made = await here.engine.messages.create(thread.id, MessageRequest(content=parts))
        assert made.content == (
            {"type": "text", "text": {"value": "Look", "annotations": []}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "auto"}},
        )


async def test_messages_made_in_one_second_list_newest_first() -> None:
    async with process(executes=False) as here:
        thread = await here.thread("one", "two", "three")
        page = await here.engine.messages.list(thread.id, Cursor())
        assert [message.text for message in page.data] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("content", "sentence", "code"),
    [
        (text(256_001), "Invalid 'content': string too long.", "string_above_max_length"),
        ((), "Invalid 'content': empty array.", "empty_array"),
        ("", "Invalid 'content': empty string.", "empty_string"),
        (
            ({"type": "text", "text": text(256_001)},),
            "Invalid 'content[0].text': string too long.",
            "string_above_max_length",
        ),
    ],
)
async def test_limits_of_a_message(content: Any, sentence: str, code: str) -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        request = MessageRequest(content=content)
        error = await refusal(here.engine.messages.create(thread.id, request))
        assert error.message.startswith(sentence)
        assert error.code == code


async def test_no_message_is_added_while_a_run_is_active() -> None:
    async with process(executes=False) as here:
        run = await here.start()
        request = MessageRequest(content="And?")
        error = await refusal(here.engine.messages.create(run.thread_id, request))
        assert error.message == (
            f"Can't add messages to {run.thread_id} while a run {run.id} is active."
        )
        assert (error.status, error.param, error.code) == (400, None, None)
        # the rest stays possible
        (message,) = (await here.engine.messages.list(run.thread_id, END)).data
        await here.engine.messages.update(run.thread_id, message.id, {"a": "b"})
        await here.engine.messages.delete(run.thread_id, message.id)
        await here.engine.threads.update(run.thread_id, ThreadUpdate(metadata={"a": "b"}))
        await here.engine.runs.update(run.thread_id, run.id, {"a": "b"})
        await here.engine.runs.cancel(run.thread_id, run.id)
        await here.engine.messages.create(run.thread_id, request)


async def test_a_message_under_a_given_id_is_added_once() -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        name = derived("msg_", "slack:T1:C1:170.1")
        request = MessageRequest(content="Hi")
        first = await here.engine.messages.create(thread.id, request, message_id=name)
        again = await here.engine.messages.create(thread.id, request, message_id=name)
        assert first == again
        assert len((await here.engine.messages.list(thread.id, END)).data) == 1


@pytest.mark.parametrize("limit", [0, 101])
async def test_a_page_has_1_to_100(limit: int) -> None:
    async with process(executes=False) as here:
        thread = await here.thread()
        error = await refusal(here.engine.messages.list(thread.id, Cursor(limit=limit)))
        assert error.param == "limit"


async def test_ids_of_the_wrong_kind() -> None:
    async with process(executes=False) as here:
        engine = here.engine
        wrong: list[tuple[Awaitable[Any], str, str]] = [
            (engine.threads.get("x"), "thread_id", "thread"),
            (engine.assistants.get("x"), "assistant_id", "asst"),
            (engine.runs.get("thread_x", "x"), "run_id", "run"),
            (engine.messages.get("thread_x", "x"), "message_id", "msg"),
            (engine.runs.step("thread_x", "run_x", "x"), "step_id", "step"),
            (engine.files.get("x"), "file_id", "file"),
        ]
        for attempt, param, prefix in wrong:
            error = await refusal(attempt)
            assert error.message == (
                f"Invalid '{param}': 'x'. Expected an ID that begins with '{prefix}'."
            )
            assert (error.status, error.param, error.code) == (400, param, "invalid_value")
