"""Runs, as the official client sees them: polling, functions, cancelling, the Thread's lock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from core.errors import ModelRefused
from tests.api.serving import WEATHER, Served, wire
from tests.fakes.scripted_model import says


async def test_create_and_poll(api: Served) -> None:
    """The guide's first program: assistant, thread, message, run, answer."""
    api.model.then(*says("x = ", "1"))
    assistant_id = await api.assistant(instructions="Solve it.")
    thread_id = await api.thread()
    await api.client.beta.threads.messages.create(
        thread_id, role="user", content="Solve 3x + 11 = 14."
    )
    run = await api.client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_instructions="Address the user as Jane.",
    )
    assert run.status == "completed"
    assert run.instructions == "Solve it. Address the user as Jane."
    assert run.usage is not None
    assert run.usage.total_tokens == 15
    messages = await api.client.beta.threads.messages.list(thread_id)
    assert [(one.role, wire(one.content[0])) for one in messages.data] == [
        ("assistant", {"type": "text", "text": {"value": "x = 1", "annotations": []}}),
        ("user", {"type": "text", "text": {"value": "Solve 3x + 11 = 14.", "annotations": []}}),
    ]
    (asked,) = api.model.requests
    assert asked.instructions == run.instructions


async def test_a_client_that_polls_is_told_when_to_ask_again(api: Served) -> None:
    """Only while there is something to wait for."""
    hold = asyncio.Event()
    api.model.then(hold, *says("Done"))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    runs = f"/threads/{thread_id}/runs"
    created = await api.http.post(runs, json={"assistant_id": assistant_id})
    assert created.headers["openai-poll-after-ms"] == "200"
    run_id = created.json()["id"]
    waiting = await api.http.get(f"{runs}/{run_id}")
    assert waiting.headers["openai-poll-after-ms"] == "200"
    hold.set()
    run = await api.client.beta.threads.runs.poll(run_id, thread_id=thread_id)
    assert run.status == "completed"
    done = await api.http.get(f"{runs}/{run_id}")
    assert "openai-poll-after-ms" not in done.headers


async def test_instructions_are_never_null(api: Served) -> None:
    """An Assistant without instructions gives a Run with empty ones."""
    api.model.then(*says("Yes"))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(instructions=None),
        thread={"messages": [{"role": "user", "content": "Hi"}]},
    )
    assert (run.status, run.instructions) == ("completed", "")


async def test_a_thread_is_locked_while_a_run_is_active(api: Served) -> None:
    """By 400 with OpenAI's sentences, never by 409, which clients would repeat."""
    hold = asyncio.Event()
    api.model.then(hold, *says("Done"))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    run = await api.client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    with pytest.raises(BadRequestError) as message:
        await api.client.beta.threads.messages.create(thread_id, role="user", content="And?")
    assert message.value.body == {
        "message": f"Can't add messages to {thread_id} while a run {run.id} is active.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    with pytest.raises(BadRequestError) as second:
        await api.client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    assert _message(second.value) == f"Thread {thread_id} already has an active run {run.id}."
    changed = await api.client.beta.threads.runs.update(
        run.id, thread_id=thread_id, metadata={"a": "b"}
    )
    assert changed.metadata == {"a": "b"}
    hold.set()
    run = await api.client.beta.threads.runs.poll(run.id, thread_id=thread_id)
    assert (run.status, run.metadata) == ("completed", {"a": "b"})
    await api.client.beta.threads.messages.create(thread_id, role="user", content="And?")


async def test_cancel(api: Served) -> None:
    """A Run that is being answered stops; one that has ended cannot be cancelled."""
    api.model.then(asyncio.Event())
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    runs = api.client.beta.threads.runs
    run = await runs.create(thread_id, assistant_id=assistant_id)
    while not api.model.requests:
        await asyncio.sleep(0)
    while run.status == "queued":
        run = await runs.retrieve(run.id, thread_id=thread_id)
    cancelled = await runs.cancel(run.id, thread_id=thread_id)
    assert cancelled.status in ("cancelling", "cancelled")
    run = await runs.poll(run.id, thread_id=thread_id)
    assert run.status == "cancelled"
    assert run.cancelled_at is not None
    with pytest.raises(BadRequestError) as refused:
        await runs.cancel(run.id, thread_id=thread_id)
    assert _message(refused.value) == "Cannot cancel run with status 'cancelled'."


async def test_a_failed_run_says_why(api: Served) -> None:
    """The model's refusal is the Run's `last_error`, not an HTTP error."""
    api.model.then(ModelRefused("no"))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(),
        thread={"messages": [{"role": "user", "content": "Hi"}]},
    )
    assert run.status == "failed"
    assert run.last_error is not None


async def test_what_a_run_can_be_told(api: Served) -> None:
    """Its own values win over the Assistant's, and are shown on the Run."""
    api.model.then(*says("{}"))
    run = await api.client.beta.threads.create_and_run_poll(
        assistant_id=await api.assistant(tools=[WEATHER], temperature=0.1),
        thread={
            "messages": [{"role": "user", "content": "Hi"}],
            "metadata": {"topic": "a"},
        },
        instructions="Other.",
        tools=[{"type": "code_interpreter"}],
        temperature=0.7,
        max_prompt_tokens=1000,
        max_completion_tokens=256,
        truncation_strategy={"type": "last_messages", "last_messages": 3},
        tool_choice="none",
        parallel_tool_calls=False,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {"type": "object", "default": None}},
        },
        metadata={"run": "1"},
    )
    body = wire(run)
    assert body["instructions"] == "Other."
    assert body["tools"] == [{"type": "code_interpreter"}]
    assert body["temperature"] == 0.7
    assert (body["max_prompt_tokens"], body["max_completion_tokens"]) == (1000, 256)
    assert body["truncation_strategy"] == {"type": "last_messages", "last_messages": 3}
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("none", False)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object", "default": None}},
    }
    thread = await api.client.beta.threads.retrieve(run.thread_id)
    assert thread.metadata == {"topic": "a"}


async def test_additional_messages_come_before_the_run(api: Served) -> None:
    """They are in the Thread, and the model reads them."""
    api.model.then(*says("3"))
    assistant_id, thread_id = await api.assistant(), await api.thread("1?")
    await api.client.beta.threads.runs.create_and_poll(
        thread_id=thread_id,
        assistant_id=assistant_id,
        additional_messages=[{"role": "user", "content": "2?"}],
    )
    listed = await api.client.beta.threads.messages.list(thread_id, order="asc")
    texts = [wire(one.content[0])["text"]["value"] for one in listed.data]
    assert texts == ["1?", "2?", "3"]
    assert [getattr(item, "text", None) for item in api.model.requests[0].items] == ["1?", "2?"]


async def test_runs_are_listed_both_ways(api: Served) -> None:
    """And Messages of one of them alone."""
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    ids: list[str] = []
    for number in range(3):
        api.model.then(*says(str(number)))
        run = await api.client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id
        )
        ids.append(run.id)
    runs = await api.client.beta.threads.runs.list(thread_id)
    assert [one.id for one in runs.data] == ids[::-1]
    page = await api.client.beta.threads.runs.list(thread_id, order="asc", after=ids[0], limit=1)
    assert [one.id for one in page.data] == [ids[1]]
    page = await api.client.beta.threads.runs.list(thread_id, before=ids[1])
    assert [one.id for one in page.data] == [ids[2]]
    of_one = await api.client.beta.threads.messages.list(thread_id, run_id=ids[1])
    assert [one.run_id for one in of_one.data] == [ids[1]]


async def test_resources_of_a_new_thread(api: Served) -> None:
    """Beside the Thread or inside it: they are the Thread's."""
    file = await api.client.files.create(file=("a.csv", b"1"), purpose="assistants")
    body = {
        "assistant_id": await api.assistant(),
        "thread": {"messages": [{"role": "user", "content": "Hi"}]},
        "tool_resources": {"code_interpreter": {"file_ids": [file.id]}},
    }
    api.model.then(*says("Hello"))
    made = await api.http.post("/threads/runs", json=body)
    thread = await api.client.beta.threads.retrieve(made.json()["thread_id"])
    assert wire(thread)["tool_resources"] == body["tool_resources"]


async def test_what_can_be_included(api: Served) -> None:
    """The reference's one value, and no other."""
    thread_id = await api.thread("Hi")
    for path in (f"/threads/{thread_id}/runs/run_a/steps", "/threads/a/runs/run_a/steps/step_a"):
        answer = await api.http.get(path, params={"include[]": "everything"})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "include"


async def test_what_is_not_there(api: Served) -> None:
    """404 with a sentence that names the id."""
    thread_id = await api.thread("Hi")
    with pytest.raises(NotFoundError) as refused:
        await api.client.beta.threads.runs.create(thread_id, assistant_id="asst_none")
    assert _message(refused.value) == "No assistant found with id 'asst_none'."
    with pytest.raises(NotFoundError) as refused:
        await api.client.beta.threads.runs.create("thread_no", assistant_id=await api.assistant())
    assert _message(refused.value) == "No thread found with id 'thread_no'."
    with pytest.raises(NotFoundError) as refused:
        await api.client.beta.threads.runs.retrieve("run_no", thread_id=thread_id)
    assert _message(refused.value) == "No run found with id 'run_no'."


async def test_a_run_needs_something_to_say(api: Served) -> None:
    """Neither a Message nor instructions: refused."""
    assistant_id, thread_id = await api.assistant(instructions=None), await api.thread()
    with pytest.raises(BadRequestError) as refused:
        await api.client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    assert _message(refused.value).startswith("Run creation requires a Thread with a user message")


def _message(error: BadRequestError | NotFoundError) -> str:
    body: Any = error.body
    return body["message"]
