"""Streams: each event as it happens, in the reference's order, whoever executes the Run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncAssistantEventHandler, BadRequestError

from adapters.http.app import Mounted
from adapters.http.sse import EventStream
from core.assistants import StreamEvent, Thread
from core.engine.generation import Finished, TextDelta
from core.errors import StoreUnavailable
from tests.api.schema import Schema
from tests.api.serving import WEATHER, Served, served, wire
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_model import calls, says

ANSWER = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
]


async def test_the_first_word_is_there_before_the_second_is_made(api: Served) -> None:
    """The model holds its second piece back until the client has seen the first."""
    seen = asyncio.Event()
    api.model.then(TextDelta("Hel"), seen, TextDelta("lo"), Finished("stop", None))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    deltas: list[str] = []
    async with api.client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id
    ) as stream:
        async for text in stream.text_deltas:
            deltas.append(text)
            seen.set()
        run = stream.current_run
        final = await stream.get_final_messages()
    assert deltas == ["Hel", "lo"]
    assert run is not None
    assert run.status == "completed"
    assert [wire(part) for part in final[0].content] == [
        {"type": "text", "text": {"value": "Hello", "annotations": []}}
    ]


async def test_an_answer_on_the_wire(api: Served, found_schema: Any) -> None:
    """`event:` and `data:` lines with bare objects, then `done`."""
    api.model.then(*says("Hello"))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    body = {"assistant_id": assistant_id, "stream": True}
    async with api.http.stream("POST", f"/threads/{thread_id}/runs", json=body) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-cache"
        raw = await response.aread()
    assert raw.endswith(b"event: done\ndata: [DONE]\n\n")
    told = _told(raw)
    assert _names(told) == ANSWER
    assert [data["object"] for _, data in told] == [
        *["thread.run"] * 3,
        *["thread.run.step"] * 2,
        *["thread.message"] * 2,
        "thread.message.delta",
        "thread.message",
        "thread.run.step",
        "thread.run",
    ]
    delta = dict(told)["thread.message.delta"]["delta"]
    text: dict[str, Any] = {"value": "Hello", "annotations": []}
    assert delta == {"content": [{"index": 0, "type": "text", "text": text}]}
    assert dict(told)["thread.run.completed"]["usage"]["total_tokens"] == 15
    _check(found_schema[0], told)


async def test_a_thread_and_its_run_in_one_stream(api: Served, found_schema: Any) -> None:
    """`thread.created` comes first."""
    api.model.then(*says("Hello"))
    body = {
        "assistant_id": await api.assistant(),
        "thread": {"messages": [{"role": "user", "content": "Hi"}]},
        "stream": True,
    }
    response = await api.http.post("/threads/runs", json=body)
    told = _told(response.content)
    assert _names(told) == ["thread.created", *ANSWER]
    assert told[0][1]["id"] == told[1][1]["thread_id"]
    _check(found_schema[0], told)


async def test_a_function_call_in_streams(api: Served, found_schema: Any) -> None:
    """The first stream ends with the required action, the second begins behind it."""
    api.model.then(*calls(("call_1", "weather", '{"place": "Oslo"}')))
    api.model.then(*says("Rain."))
    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    body = {"assistant_id": assistant_id, "stream": True}
    first = _told((await api.http.post(f"/threads/{thread_id}/runs", json=body)).content)
    assert _names(first) == [
        *ANSWER[:5],
        "thread.run.step.delta",
        "thread.run.requires_action",
    ]
    _check(found_schema[0], first)
    run = first[-1][1]
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": '{"place": "Oslo"}'}
    body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "rain"}], "stream": True}
    path = f"/threads/{thread_id}/runs/{run['id']}/submit_tool_outputs"
    second = _told((await api.http.post(path, json=body)).content)
    assert _names(second) == ["thread.run.step.completed", *ANSWER[1:]]
    _check(found_schema[0], second)


async def test_the_official_handler_follows_functions(api: Served) -> None:
    """The guide's event handler: it submits outputs from inside the first stream."""
    api.model.then(*calls(("call_1", "weather", '{"place": "Oslo"}')))
    api.model.then(*says("Rain", "."))
    said: list[str] = []

    class Handler(AsyncAssistantEventHandler):
        async def on_event(self, event: Any) -> None:
            if event.event != "thread.run.requires_action":
                return
            (call,) = event.data.required_action.submit_tool_outputs.tool_calls
            async with api.client.beta.threads.runs.submit_tool_outputs_stream(
                thread_id=event.data.thread_id,
                run_id=event.data.id,
                tool_outputs=[{"tool_call_id": call.id, "output": "rain"}],
                event_handler=Handler(),
            ) as stream:
                await stream.until_done()

        async def on_text_delta(self, delta: Any, snapshot: Any) -> None:
            said.append(delta.value)

    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    async with api.client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=Handler()
    ) as stream:
        await stream.until_done()
    assert "".join(said) == "Rain."


async def test_a_client_that_leaves_stops_nothing(api: Served) -> None:
    """The Run goes on; the server holds nothing of the stream."""
    hold = asyncio.Event()
    api.model.then(TextDelta("Hel"), hold, TextDelta("lo"), Finished("stop", None))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    body = {"assistant_id": assistant_id, "stream": True}
    async with api.http.stream("POST", f"/threads/{thread_id}/runs", json=body) as response:
        async for line in response.aiter_lines():
            if line == "event: thread.message.delta":
                break
    while any("EventStream" in repr(task.get_coro()) for task in asyncio.all_tasks()):
        await asyncio.sleep(0)
    hold.set()
    (run,) = (await api.client.beta.threads.runs.list(thread_id)).data
    run = await api.client.beta.threads.runs.poll(run.id, thread_id=thread_id)
    assert run.status == "completed"
    (answer, _) = (await api.client.beta.threads.messages.list(thread_id)).data
    assert wire(answer.content[0])["text"]["value"] == "Hello"


async def test_what_cannot_start_is_an_ordinary_error(api: Served) -> None:
    """A refusal is no stream: status and body as without `stream`."""
    hold = asyncio.Event()
    api.model.then(hold, *says("Done"))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    run = await api.client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    with pytest.raises(BadRequestError, match=f"{thread_id} already has an active run {run.id}"):
        await api.client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    hold.set()
    await api.client.beta.threads.runs.poll(run.id, thread_id=thread_id)


async def test_half_a_surrogate_pair_breaks_no_stream(api: Served) -> None:
    """Models emit them; UTF-8 cannot carry them."""
    api.model.then(*says("a\ud83db"))
    assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
    body = {"assistant_id": assistant_id, "stream": True}
    told = _told((await api.http.post(f"/threads/{thread_id}/runs", json=body)).content)
    assert _names(told) == ANSWER
    done = dict(told)["thread.message.completed"]
    assert done["content"][0]["text"]["value"] == "a\ufffdb"


async def test_a_silent_stream_is_kept_open(redis_url: str, tmp_path: Path) -> None:
    """A comment every fifteen seconds."""
    clock = ManualClock()
    async with served(redis_url, tmp_path, clock=clock) as api:
        hold = asyncio.Event()
        api.model.then(hold, *says("Hello"))
        assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
        body = {"assistant_id": assistant_id, "stream": True}
        async with api.http.stream("POST", f"/threads/{thread_id}/runs", json=body) as response:
            lines = response.aiter_lines()
            while await anext(lines) != "event: thread.run.created":
                pass
            await clock.advance(15)
            while await anext(lines) != ": keep-alive":
                pass
            hold.set()
            names = [line.removeprefix("event: ") async for line in lines if "event: " in line]
        assert names[-2:] == ["thread.run.completed", "done"]


async def test_the_official_client_passes_over_comments(redis_url: str, tmp_path: Path) -> None:
    """It sees events only."""
    clock = ManualClock()
    async with served(redis_url, tmp_path, clock=clock) as api:
        hold = asyncio.Event()
        api.model.then(hold, *says("Hello"))
        assistant_id, thread_id = await api.assistant(), await api.thread("Hi")
        stream = await api.client.beta.threads.runs.create(
            thread_id, assistant_id=assistant_id, stream=True
        )
        names = [(await anext(stream)).event]
        await clock.advance(60)
        hold.set()
        names += [event.event async for event in stream]
        assert names == ANSWER


async def test_a_run_of_another_process_is_streamed(redis_url: str, tmp_path: Path) -> None:
    """A process that only serves follows what a worker elsewhere does, piece by piece."""
    async with (
        served(redis_url, tmp_path / "front", executes=False) as front,
        served(redis_url, tmp_path / "worker") as worker,
    ):
        seen = asyncio.Event()
        worker.model.then(TextDelta("Hel"), seen, TextDelta("lo"), Finished("stop", None))
        assistant_id, thread_id = await front.assistant(), await front.thread("Hi")
        stream = await front.client.beta.threads.runs.create(
            thread_id, assistant_id=assistant_id, stream=True
        )
        names: list[str] = []
        async for event in stream:
            names.append(event.event)
            if event.event == "thread.message.delta":
                seen.set()
        assert names == [*ANSWER[:8], *ANSWER[7:]]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            StoreUnavailable("redis at 10.0.0.1 is gone"),
            "The server's store cannot be reached just now. Try again later.",
        ),
        (RuntimeError("a bug"), "The server had an error while processing your request."),
    ],
)
async def test_a_stream_that_breaks_off_says_so(
    redis_url: str, tmp_path: Path, fault: Exception, sentence: str
) -> None:
    """An `error` event with a bare object that tells nothing of the inside."""

    async def events() -> AsyncIterator[StreamEvent]:
        yield StreamEvent("thread.created", Thread(id="thread_a", created_at=1))
        raise fault

    broken = Mounted("/broken", EventStream(events(), ManualClock()))
    async with served(redis_url, tmp_path, mounts=(broken,)) as api:
        response = await api.http.get(f"{api.url}/broken")
    told = _told(response.content)
    assert told[-1] == (
        "error",
        {"message": sentence, "type": "server_error", "code": None, "param": None},
    )


def _told(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Name and object of each event before `done`."""
    *frames, done, end = raw.decode().split("\n\n")
    assert (done, end) == ("event: done\ndata: [DONE]", "")
    told: list[tuple[str, dict[str, Any]]] = []
    for one in frames:
        first, second = one.split("\n")
        assert first.startswith("event: ")
        assert second.startswith("data: ")
        told.append((first[7:], json.loads(second[6:])))
    return told


def _names(told: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Names in order, deltas that follow each other as one."""
    names: list[str] = []
    for name, _ in told:
        if not (names and names[-1] == name and name.endswith(".delta")):
            names.append(name)
    return names


def _check(schema: Schema | None, told: list[tuple[str, dict[str, Any]]]) -> None:
    for name, data in told if schema else ():
        assert schema is not None
        schema.check_as("AssistantStreamEvent", {"event": name, "data": data})
