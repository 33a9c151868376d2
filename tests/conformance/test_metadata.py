"""Metadata of every kind of object: an update names the keys that change, the others stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.stage import Stage
from tests.fakes.model_server import Reply

pytestmark = pytest.mark.asyncio(loop_scope="session")

KINDS = ("assistant", "thread", "message", "run", "vector store")


async def _made(stage: Stage, kind: str) -> str:
    """The path of a new object with two keys."""
    told = {"metadata": {"a": "1", "b": "2"}}
    if kind == "assistant":
        return f"/assistants/{await stage.assistant(**told)}"
    if kind == "vector store":
        return f"/vector_stores/{(await stage.http.post('/vector_stores', json=told)).json()['id']}"
    if kind == "thread":
        return f"/threads/{(await stage.http.post('/threads', json=told)).json()['id']}"
    thread_id = await stage.thread()
    if kind == "message":
        said = {"role": "user", "content": "Hi", **told}
        made = await stage.http.post(f"/threads/{thread_id}/messages", json=said)
        return f"/threads/{thread_id}/messages/{made.json()['id']}"
    stage.script(Reply(text="Yes."))
    run = await stage.done(thread_id, await stage.assistant(), **told)
    return f"/threads/{thread_id}/runs/{run.id}"


@pytest.mark.parametrize("kind", KINDS)
async def test_updates(stage: Stage, kind: str) -> None:
    """Merged; what is not named stays, `null` removes all; the limits hold for the whole."""
    path = await _made(stage, kind)
    changes: list[tuple[Any, Any]] = [
        ({"metadata": {"b": "3", "c": "4"}}, {"a": "1", "b": "3", "c": "4"}),
        ({"metadata": {}}, {"a": "1", "b": "3", "c": "4"}),
        ({}, {"a": "1", "b": "3", "c": "4"}),
        ({"metadata": None}, {}),
        ({"metadata": {"d": ""}}, {"d": ""}),
    ]
    for change, left in changes:
        changed: Any = (await stage.http.post(path, json=change)).json()
        assert changed["metadata"] == left, changed
        assert (await stage.http.get(path)).json()["metadata"] == left
    error = await stage.refusal(path, {"metadata": {str(number): "x" for number in range(16)}})
    assert error["param"] == "metadata"
    assert (await stage.http.get(path)).json()["metadata"] == {"d": ""}
