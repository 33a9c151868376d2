"""The settings that bound a Run reach the engine, and the reason says which bound it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from openai.types.beta.threads import Run

from bots.wiring.bobbin import open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from core.engine.generation import Usage
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import ScriptedModel, calls, says
from tests.servers import redis_server

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


@asynccontextmanager
async def serving(folder: Path, model: ScriptedModel, **values: str) -> AsyncIterator[AsyncOpenAI]:
    """The official client of a Bobbin with these settings."""
    with redis_server(folder, fsync="no") as server:
        settings = Settings.model_validate(
            {
                "redis_url": server.url,
                "bobbin_data_dir": folder / "data",
                "bobbin_assistant": "asst_x",
                **values,
            }
        )
        stand_ins = StandIns(model=model, interpreter=ScriptedInterpreter(), files={})
        async with (
            open_bobbin(settings, api=("127.0.0.1", 0), chat=False, stand_ins=stand_ins) as bobbin,
            AsyncOpenAI(base_url=f"{bobbin.address}/v1", api_key="any", max_retries=0) as client,
        ):
            yield client


async def ended(client: AsyncOpenAI, *said: str) -> Run:
    """A Run that is over, in a Thread where a person said all this."""
    assistant = await client.beta.assistants.create(model="m", instructions="Be brief.")
    return await client.beta.threads.create_and_run_poll(
        assistant_id=assistant.id,
        thread={"messages": [{"role": "user", "content": text} for text in said]},
        poll_interval_ms=5,
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("bobbin_run_tokens", "2500", "used 3000 tokens; 2500 is the most"),
        ("bobbin_run_rounds", "2", "called tools 2 times"),
        ("bobbin_run_seconds", "1", "took more than 1 s"),
    ],
)
async def test_a_run_ends_at_the_ceiling_that_is_set(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    looping = calls(("call_1", "unknown", "{}"), usage=Usage(1000, 500))
    model = ScriptedModel(looping, looping, [asyncio.Event()])
    async with serving(tmp_path, model, **{name: value}) as client:
        run = await ended(client, "Go on for ever.")
    assert run.status == "failed"
    assert run.last_error is not None
    assert reason in run.last_error.message


async def test_a_prompt_takes_as_much_of_a_thread_as_is_set(tmp_path: Path) -> None:
    model = ScriptedModel(says("Yes."))
    said = [f"{number} {'word ' * 500}" for number in range(8)]
    async with serving(tmp_path, model, bobbin_history_tokens="2000") as client:
        run = await ended(client, *said)
    assert run.status == "completed"
    assert 1 < len(model.requests[0].items) < len(said)
