"""Two machines: one Redis, one bucket, and a data folder each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from bots.wiring.bobbin import open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from core.errors import ConfigurationError
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import ScriptedModel
from tests.servers import Server, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path, fsync="no") as running:
        yield running


@asynccontextmanager
async def machine(name: str, server: Server, tmp_path: Path, **more: Any) -> AsyncIterator[Any]:
    """A machine of that name; the official client of its API."""
    values: dict[str, Any] = {
        "redis_url": server.url,
        "bobbin_data_dir": tmp_path / name,
        "bobbin_blobs_url": (tmp_path / "bucket").as_uri(),
        "bobbin_assistant": "asst_x",
    }
    settings = Settings.model_validate(values | more)
    stand_ins = StandIns(model=ScriptedModel(), interpreter=ScriptedInterpreter(), files={})
    async with (
        open_bobbin(settings, api=("127.0.0.1", 0), chat=False, stand_ins=stand_ins) as running,
        AsyncOpenAI(base_url=f"{running.address}/v1", api_key="x", max_retries=0) as client,
    ):
        yield client


async def test_what_one_machine_was_given_the_other_one_finds(
    server: Server, tmp_path: Path
) -> None:
    async with machine("one", server, tmp_path) as one, machine("two", server, tmp_path) as two:
        text = b"The pump in hall seven is painted green."
        file = await one.files.create(file=("pumps.txt", text), purpose="assistants")
        assert (await two.files.content(file.id)).content == text
        store = await one.vector_stores.create(file_ids=[file.id])
        await one.vector_stores.files.poll(file.id, vector_store_id=store.id, poll_interval_ms=20)
        found = await two.vector_stores.search(store.id, query="Which colour has the pump?")
        assert "green" in found.data[0].content[0].text


async def test_a_machine_without_the_bucket_does_not_start(server: Server, tmp_path: Path) -> None:
    async with machine("one", server, tmp_path):
        pass
    with pytest.raises(ConfigurationError, match="BOBBIN_BLOBS_URL"):
        async with machine("two", server, tmp_path, bobbin_blobs_url=None):
            pass
