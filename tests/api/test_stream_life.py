"""The life of a stream: leaving, silence, faults, and Runs that another process executes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from openai import BadRequestError

from adapters.http.app import Mounted
from adapters.http.sse import EventStream
from core.assistants import StreamEvent, Thread
from core.engine.generation import Finished, TextDelta
from core.errors import StoreUnavailable
from tests.api.frames import ANSWER, names_of, told_by
from tests.api.serving import Served, served, wire
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_model import says


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
    told = told_by((await api.http.post(f"/threads/{thread_id}/runs", json=body)).content)
    assert names_of(told) == ANSWER
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
            while await anext(lines) != "event: thread.run.in_progress":
                pass

            async def comment() -> None:
                while await anext(lines) != ": keep-alive":
                    pass

            reading = asyncio.create_task(comment())
            while not reading.done():
                await clock.advance(15)
                await asyncio.sleep(0.05)
            await reading
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

    async def events() -> AsyncGenerator[StreamEvent, None]:
        yield StreamEvent("thread.created", Thread(id="thread_a", created_at=1))
        raise fault

    broken = Mounted("/broken", EventStream(events(), ManualClock()))
    async with served(redis_url, tmp_path, mounts=(broken,)) as api:
        response = await api.http.get(f"{api.url}/broken")
    told = told_by(response.content)
    assert told[-1] == (
        "error",
        {"message": sentence, "type": "server_error", "code": None, "param": None},
    )
