"""Runs whose time is up, in every status that they can be in, and Runs that nobody takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.frames import ANSWER, names_of
from tests.api.schema import find_schema
from tests.conformance.stage import WEATHER, Stage, open_stage
from tests.fakes.model_server import Call, Json, Reply


@pytest_asyncio.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Stage]:
    """One process with one model slot, whose Runs live for ten seconds."""
    schema, _ = find_schema()
    extra = (("BOBBIN_RUN_TTL_S", "10"), ("BOBBIN_MODEL_SLOTS", "1"))
    async with open_stage("chat", "one", tmp_path, schema, extra) as stage:
        yield stage


async def _told(stage: Stage, thread_id: str, assistant_id: str) -> list[tuple[str, Json]]:
    return await stage.stream(f"/threads/{thread_id}/runs", {"assistant_id": assistant_id})


_Told = asyncio.Task[list[tuple[str, Json]]]


async def _together(stage: Stage, assistant_id: str) -> tuple[list[str], list[_Told]]:
    """Threads and streams of a Run that writes and of one queued behind it.

    Both were created in one second and so expire in one: otherwise the first one's end would
    leave its slot to the second for a moment.
    """
    while True:
        stage.script(Reply(text="Once upon a time", hold=asyncio.Event()))
        threads = [await stage.thread(text) for text in ("writes", "queues")]
        asked = len(stage.requests)
        told = [asyncio.create_task(_told(stage, threads[0], assistant_id))]
        await stage.until_asked(asked + 1)
        told.append(asyncio.create_task(_told(stage, threads[1], assistant_id)))
        await stage.until_run(threads[1])
        runs = [await stage.newest_run(thread_id) for thread_id in threads]
        if runs[0].created_at == runs[1].created_at:
            return threads, told
        for run in reversed(runs):
            await stage.client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
        await asyncio.gather(*told)


@pytest.mark.slow
async def test_expired(narrow: Stage) -> None:
    """Waiting for outputs, in mid text, queued: each expires ten seconds after its creation."""
    stage = narrow
    stage.script(Reply(calls=(Call("weather", "{}"),)))
    assistant_id = await stage.assistant(tools=[WEATHER])
    threads = [await stage.thread(text) for text in ("waits", "is cancelled")]
    waiting = await stage.done(threads[0], assistant_id)
    assert waiting.expires_at == waiting.created_at + 10
    both, (writing, queued) = await _together(stage, assistant_id)
    unwanted = await stage.run(threads[1], assistant_id)
    cancel = await stage.http.post(f"/threads/{threads[1]}/runs/{unwanted.id}/cancel")
    assert cancel.json()["status"] == "cancelling"
    unwanted = await stage.poll(unwanted)
    assert (unwanted.status, unwanted.started_at) == ("cancelled", None)

    told = await writing
    assert names_of(told) == [
        *ANSWER[:8],
        "thread.message.incomplete",
        "thread.run.step.expired",
        "thread.run.expired",
    ]
    run = told[-1][1]
    assert (run["completed_at"], run["failed_at"], run["last_error"]) == (None,) * 3
    assert run["usage"] is not None
    (_, message) = await stage.messages(both[0])
    assert message["incomplete_details"] == {"reason": "run_expired"}
    assert message["content"][0]["text"]["value"] == "Once "
    assert names_of(await queued) == [
        "thread.run.created",
        "thread.run.queued",
        "thread.run.expired",
    ]
    waiting = await stage.until(waiting, "expired")
    assert waiting.required_action is None
    (step,) = await stage.steps(waiting)
    assert (step["status"], step["expired_at"] is None) == ("expired", False)
    path = f"/threads/{waiting.thread_id}/runs/{waiting.id}"
    given = {"tool_outputs": [{"tool_call_id": "call_x", "output": ""}]}
    error = await stage.refusal(f"{path}/submit_tool_outputs", given)
    assert error["message"] == 'Runs in status "expired" do not accept tool outputs.'
    error = await stage.refusal(f"{path}/cancel")
    assert error["message"] == "Cannot cancel run with status 'expired'."
    for thread_id in (*threads, *both):
        stage.script(Reply(text="Free again."))
        assert (await stage.done(thread_id, assistant_id)).status == "completed"
