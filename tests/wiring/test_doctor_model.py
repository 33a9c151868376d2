"""What `bobbin doctor` says of a model's window: the endpoint's word counts unless it is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.commands.doctor import Report, examine_model
from config.settings import Settings
from tests.fakes.model_server import Call, ModelServer, Reply


@pytest.mark.parametrize(
    ("own", "warned"), [(None, False), (40_000, False), (50_000, False), (60_000, True)]
)
async def test_a_window_that_is_set_too_large_is_found(
    tmp_path: Path, own: int | None, warned: bool
) -> None:
    async with ModelServer() as server:
        server.models = [{"id": "m", "object": "model", "context_length": 50_000}]
        server.script(Reply(text="Yes."), Reply(calls=(Call("add", '{"a": 2, "b": 3}'),)))
        settings = Settings.model_validate(
            {
                "openai_base_url": server.base_url,
                "bobbin_model": "m",
                "bobbin_data_dir": tmp_path,
                "bobbin_context_window": own,
            }
        )
        report = Report()
        await examine_model(settings, report, call_model=True)
    said = "\n".join(report.lines)
    assert "50,000 tokens" in said
    assert "set BOBBIN_CONTEXT_WINDOW=" not in said
    assert ("BOBBIN_CONTEXT_WINDOW is 60,000 tokens" in said) is warned
    assert report.bad == warned
