"""Names of models that are gone: through a whole process, to the bytes that the endpoint gets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from tests.fakes.model_server import ModelServer, Reply
from tests.guide.serving import Running, bobbin_api
from tests.story.bot import Bot

GONE = (
    "gpt-4-1106-preview",
    "gpt-4-turbo",
    "gpt-4-turbo-2024-04-09",
    "gpt-4",
    "gpt-4-0613",
    "gpt-3.5-turbo-16k",
    "gpt-35-turbo",
    "gpt-4o",
    "gpt-4o-mini-2024-07-18",
    "gpt-4.1-nano",
    "gpt-4.5-preview",
    "o1-preview",
    "o3-mini",
    "gpt-5-mini",
    "an-azure-deployment",
)
TUNED = "ft:gpt-4o-mini-2024-07-18:acme::a1b2c3"
LISTED = "another-here"


async def answered(running: Running, model: str) -> str:
    """The model that a Run shows, of an Assistant that asks for this one."""
    async with AsyncOpenAI(base_url=running.url, api_key="any", max_retries=0) as client:
        assistant = await client.beta.assistants.create(model=model)
        run = await client.beta.threads.create_and_run_poll(
            assistant_id=assistant.id,
            thread={"messages": [{"role": "user", "content": "What is 2 + 2?"}]},
        )
        assert run.status == "completed", run.last_error
        assert assistant.model == model
        return run.model


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_name_that_is_gone_is_answered_by_the_model_that_is_there(
    tmp_path: Path, api: str
) -> None:
    """The endpoint sees BOBBIN_MODEL, the Run shows the name, the log says it once."""
    async with ModelServer(lambda _: Reply(text="Four.")) as server:
        server.models = [{"id": "the-one", "object": "model"}, {"id": LISTED, "object": "model"}]
        variables = {
            "OPENAI_BASE_URL": server.base_url,
            "BOBBIN_MODEL_API": api,
            "BOBBIN_MODEL": "the-one",
        }
        async with bobbin_api(Bot(tmp_path / "data", variables)) as running:
            names = (*GONE, GONE[0], TUNED, LISTED, "the-one")
            shown = await asyncio.gather(*(answered(running, name) for name in names))
    assert shown == list(names)
    asked = [
        one.body["model"] for one in server.requests if one.path.startswith("/v1/") and one.body
    ]
    assert sorted(asked) == sorted(["the-one"] * (len(GONE) + 2) + [TUNED, LISTED])
    log = "".join(running.said)
    for name in GONE:
        assert log.count(f"{name!r}") == 1, name
    assert TUNED not in log


async def test_offline_every_name_will_do(tmp_path: Path) -> None:
    """The tutor answers, and a Run shows the name that was asked for."""
    async with bobbin_api(Bot(tmp_path / "data")) as running:
        names = (GONE[0], TUNED, "gpt-6-luna")
        assert await asyncio.gather(*(answered(running, name) for name in names)) == list(names)
