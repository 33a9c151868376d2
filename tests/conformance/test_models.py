"""The models behind the API: their names, and what the endpoint tells of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError

from tests.conformance.stage import MODEL, Protocol, open_stage

LISTED = (
    {"id": "other", "object": "model"},
    {"id": MODEL, "object": "model", "max_model_len": 16_000},
)


@pytest.mark.parametrize("protocol", ["responses", "chat"])
async def test_what_the_endpoint_lists(tmp_path: Path, protocol: Protocol) -> None:
    """The default first; retired names can be read; the window is the endpoint's."""
    unset = (("BOBBIN_CONTEXT_WINDOW", ""),)
    # Published descriptions of the Assistants API have no models.
    async with open_stage(protocol, "one", tmp_path, None, unset, listed=LISTED) as stage:
        models = stage.client.models
        while [model.id async for model in models.list()] != [MODEL, "other"]:
            await asyncio.sleep(0.01)
        found = await models.retrieve("other")
        assert (found.id, found.object, found.owned_by) == ("other", "model", "bobbin")
        assert (await models.retrieve("gpt-4-1106-preview")).id == "gpt-4-1106-preview"
        with pytest.raises(NotFoundError) as missing:
            await models.retrieve("nobody/knows")
        body: Any = missing.value.body
        assert body["message"] == "The model 'nobody/knows' does not exist."
        assert (body["param"], body["code"]) == ("model", "model_not_found")
        run = await stage.done(await stage.thread("word " * 30_000), await stage.assistant())
        assert (run.status, run.last_error.code) == ("failed", "invalid_prompt")
        assert "has room for 12000" in run.last_error.message
        assert stage.asked == []
