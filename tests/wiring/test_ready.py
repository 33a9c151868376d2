"""/readyz: whoever sends requests here learns whether this process can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import ScriptedModel
from tests.patience import PATIENCE_S
from tests.servers import Server, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path, fsync="no") as running:
        yield running


@pytest.fixture
async def bobbin(server: Server, tmp_path: Path) -> AsyncIterator[Bobbin]:
    settings = Settings.model_validate(
        {
            "redis_url": server.url,
            "bobbin_data_dir": tmp_path / "data",
            "bobbin_assistant": "asst_x",
        }
    )
    stand_ins = StandIns(model=ScriptedModel(), interpreter=ScriptedInterpreter(), files={})
    async with open_bobbin(
        settings, api=("127.0.0.1", 0), chat=False, stand_ins=stand_ins
    ) as running:
        yield running


async def readiness(bobbin: Bobbin) -> httpx2.Response:
    """The answer of /readyz."""
    async with httpx2.AsyncClient(verify=False) as client:
        return await client.get(f"{bobbin.address}/readyz", timeout=30)


async def test_a_store_that_is_gone_is_unready_until_it_is_back(
    bobbin: Bobbin, server: Server
) -> None:
    assert (await readiness(bobbin)).status_code == 200
    server.kill()
    answer = await readiness(bobbin)
    assert answer.status_code == 503
    assert "store" in answer.text
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(PATIENCE_S):
        while (await readiness(bobbin)).status_code != 200:
            await asyncio.sleep(0.05)


async def test_other_files_than_the_store_refers_to_are_unready(
    bobbin: Bobbin, tmp_path: Path
) -> None:
    (tmp_path / "data" / "blobs" / "id").write_text("blobs_of_another_store")
    assert (await readiness(bobbin)).status_code == 503
