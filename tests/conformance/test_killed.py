"""kill -9 of the process that executes a Run, seen by a client of the one that survives."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.api.frames import ANSWER, names_of
from tests.api.schema import find_schema
from tests.conformance.stage import (
    OCCUPY,
    WEATHER,
    Process,
    Protocol,
    Stage,
    clients_of,
    occupied,
    process,
    variables_of,
)
from tests.fakes.model_server import Call, Json, ModelServer, Reply
from tests.servers import redis_server

ASK = Call("weather", '{"place": "Oslo"}')


@dataclass
class Pair:
    """Two processes that both can execute; the first is full until `free` is set."""

    stage: Stage
    """Clients of the first one."""
    other: Process
    """The second one, which executes what the first one is asked."""
    free: asyncio.Event


@pytest_asyncio.fixture(params=["responses", "chat"])
async def pair(request: Any, tmp_path: Path) -> AsyncIterator[Pair]:
    """With short leases, so that nobody waits long for the dead; a process that stands still for
    a moment is not taken for one."""
    protocol: Protocol = request.param
    free = asyncio.Event()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path, fsync="no"))
        model = await stack.enter_async_context(ModelServer(occupied(free)))
        common = variables_of(protocol, model, redis.url, tmp_path, "sk-first")
        common["BOBBIN_LEASE_S"] = "4"
        first = stack.enter_context(
            process("api", tmp_path / "logs", common | {"BOBBIN_MODEL_SLOTS": "1"})
        )
        url = await first.word("Assistants API at ")
        schema, _ = find_schema()
        client, http = await stack.enter_async_context(clients_of(url, schema))
        stage = Stage(protocol, "two", model, url, client, http, "sk-second")
        await stage.run(await stage.thread(OCCUPY), await stage.assistant())
        await stage.until_asked(1)
        second = stack.enter_context(
            process("worker", tmp_path / "logs", common | {"OPENAI_API_KEY": "sk-second"})
        )
        await second.word("bobbin: store:")
        await stage.begin()
        yield Pair(stage, second, free)


async def test_in_mid_text(pair: Pair) -> None:
    """The stream goes on: the half Message is incomplete, a new one is the answer."""
    stage = pair.stage
    stage.script(Reply(text="Once upon a time", hold=asyncio.Event()), Reply(text="It is two."))
    body = {"assistant_id": await stage.assistant(), "metadata": {"k": "v"}}
    thread_id = await stage.thread("1 + 1?")
    told: list[tuple[str, Json]] = []
    async with stage.follow(f"/threads/{thread_id}/runs", body) as events:
        async for event in events:
            told.append(event)
            if event[0] == "thread.message.delta" and pair.other.child.poll() is None:
                stage.check_executor()
                pair.other.kill()
                pair.free.set()
    assert names_of(told) == [
        *ANSWER[:8],
        "thread.message.incomplete",
        "thread.run.step.failed",
        *ANSWER[3:],
    ]
    half, whole = (await stage.messages(thread_id))[1:]
    assert (half["status"], half["incomplete_details"]) == ("incomplete", {"reason": "run_failed"})
    assert half["content"][0]["text"]["value"] == "Once "
    assert (whole["status"], whole["content"][0]["text"]["value"]) == ("completed", "It is two.")
    run = told[-1][1]
    assert (run["status"], run["metadata"]) == ("completed", {"k": "v"})
    steps = await stage.steps(await stage.newest_run(thread_id))
    assert [step["status"] for step in steps] == ["failed", "completed"]
    assert [asked.messages for asked in stage.asked] == [(("user", "1 + 1?"),)] * 2


async def test_behind_tool_outputs(pair: Pair) -> None:
    """What was asked and answered is neither asked nor done again: the same prompt goes out."""
    stage = pair.stage
    stage.script(
        Reply(reasoning="hm", calls=(ASK, ASK)),
        Reply(text="It probably rains", hold=asyncio.Event()),
        Reply(text="It rains."),
    )
    assistant_id = await stage.assistant(tools=[WEATHER])
    run = await stage.done(await stage.thread("Weather?"), assistant_id)
    calls = run.required_action.submit_tool_outputs.tool_calls
    outputs = [{"tool_call_id": call.id, "output": f"wet {call.id}"} for call in calls]
    path = f"/threads/{run.thread_id}/runs/{run.id}/submit_tool_outputs"
    told: list[tuple[str, Json]] = []
    async with stage.follow(path, {"tool_outputs": outputs}) as events:
        async for event in events:
            told.append(event)
            if event[0] == "thread.message.delta" and pair.other.child.poll() is None:
                stage.check_executor()
                pair.other.kill()
                pair.free.set()
    names = names_of(told)
    assert names[:3] == ["thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"]
    assert names[3:] == [
        *ANSWER[3:8],
        "thread.message.incomplete",
        "thread.run.step.failed",
        *ANSWER[3:],
    ]
    steps = await stage.steps(run)
    assert [(step["type"], step["status"]) for step in steps] == [
        ("tool_calls", "completed"),
        ("message_creation", "failed"),
        ("message_creation", "completed"),
    ]
    said = [call["function"]["output"] for call in steps[0]["step_details"]["tool_calls"]]
    assert said == [output["output"] for output in outputs]
    first, second, third = stage.asked
    assert second.body == third.body
    assert len(first.messages) == 1
    usage = told[-1][1]["usage"]
    assert usage == {"prompt_tokens": 22, "completion_tokens": 14, "total_tokens": 36}


async def test_while_the_run_waits_for_outputs(pair: Pair) -> None:
    """A Run that waits needs nobody: the survivor takes the outputs and goes on."""
    stage = pair.stage
    stage.script(Reply(calls=(ASK,)), Reply(text="It rains."))
    run = await stage.done(await stage.thread("?"), await stage.assistant(tools=[WEATHER]))
    pair.other.kill()
    pair.free.set()
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    again = await stage.until(run, "requires_action")
    assert again.required_action == run.required_action
    outputs: Any = [{"tool_call_id": call.id, "output": "rain"}]
    run = await stage.client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs, poll_interval_ms=10
    )
    assert run.status == "completed"
    assert len(stage.asked) == 2


async def test_a_run_whose_process_stands_still(pair: Pair) -> None:
    """Frozen past its lease, it wakes up and changes nothing any more."""
    stage = pair.stage
    late = asyncio.Event()
    stage.script(Reply(text="Once upon a time", hold=late), Reply(text="It is two."))
    run = await stage.run(await stage.thread("1 + 1?"), await stage.assistant())
    await stage.until_asked(1)
    while not await stage.steps(run):
        await asyncio.sleep(0.01)
    pair.other.child.send_signal(signal.SIGSTOP)
    pair.free.set()
    run = await stage.poll(run)
    assert run.status == "completed"
    before = (await stage.messages(run.thread_id), await stage.steps(run))
    late.set()
    pair.other.child.send_signal(signal.SIGCONT)
    await asyncio.sleep(0.5)
    assert (await stage.messages(run.thread_id), await stage.steps(run)) == before
    assert (await stage.poll(run)) == run
    half, whole = await stage.said(run)
    assert half in ("", "Once ")  # its log has the word a moment later
    assert whole == "It is two."
