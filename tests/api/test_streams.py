"""Streams: each event as it happens, in the reference's order, with bare objects."""

from __future__ import annotations

import asyncio
from typing import Any

from openai import AsyncAssistantEventHandler

from core.engine.generation import Finished, TextDelta
from tests.api.frames import ANSWER, check_told, names_of, told_by
from tests.api.serving import WEATHER, Served, wire
from tests.fakes.scripted_model import calls, says


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
    told = told_by(raw)
    assert names_of(told) == ANSWER
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
    check_told(found_schema[0], told)


async def test_a_thread_and_its_run_in_one_stream(api: Served, found_schema: Any) -> None:
    """`thread.created` comes first."""
    api.model.then(*says("Hello"))
    body = {
        "assistant_id": await api.assistant(),
        "thread": {"messages": [{"role": "user", "content": "Hi"}]},
        "stream": True,
    }
    response = await api.http.post("/threads/runs", json=body)
    told = told_by(response.content)
    assert names_of(told) == ["thread.created", *ANSWER]
    assert told[0][1]["id"] == told[1][1]["thread_id"]
    check_told(found_schema[0], told)


async def test_a_function_call_in_streams(api: Served, found_schema: Any) -> None:
    """The first stream ends with the required action, the second begins behind it."""
    api.model.then(*calls(("call_1", "weather", '{"place": "Oslo"}')))
    api.model.then(*says("Rain."))
    assistant_id, thread_id = await api.assistant(tools=[WEATHER]), await api.thread("Weather?")
    body = {"assistant_id": assistant_id, "stream": True}
    first = told_by((await api.http.post(f"/threads/{thread_id}/runs", json=body)).content)
    assert names_of(first) == [
        *ANSWER[:5],
        "thread.run.step.delta",
        "thread.run.requires_action",
    ]
    check_told(found_schema[0], first)
    run = first[-1][1]
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": '{"place": "Oslo"}'}
    body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "rain"}], "stream": True}
    path = f"/threads/{thread_id}/runs/{run['id']}/submit_tool_outputs"
    second = told_by((await api.http.post(path, json=body)).content)
    assert names_of(second) == ["thread.run.step.completed", *ANSWER[1:]]
    check_told(found_schema[0], second)


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
