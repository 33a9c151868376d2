"""What a process says when it starts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.wiring.bobbin import open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import ScriptedModel
from tests.servers import Server, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path, fsync="no") as running:
        yield running


@pytest.mark.parametrize(
    ("host", "keys", "warned"),
    [("127.0.0.1", None, False), ("0.0.0.0", None, True), ("0.0.0.0", "sk-1", False)],
)
async def test_an_api_that_refuses_everybody_else_says_so(
    server: Server, tmp_path: Path, host: str, keys: str | None, warned: bool
) -> None:
    values = {"redis_url": server.url, "bobbin_data_dir": tmp_path / "data"}
    settings = Settings.model_validate(
        {**values, "bobbin_assistant": "asst_x", "bobbin_api_keys": keys}
    )
    stand_ins = StandIns(model=ScriptedModel(), interpreter=ScriptedInterpreter(), files={})
    said = io.StringIO()
    async with open_bobbin(settings, api=(host, 0), chat=False, stand_ins=stand_ins) as running:
        running.announce(said)
    assert "Assistants API at http://" in said.getvalue()
    assert ("until BOBBIN_API_KEYS is set" in said.getvalue()) is warned
