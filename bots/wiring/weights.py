"""Pulled weights: where they lie, and the child process that serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.clock import Clock
from core.engine.ports import ChatModel
from core.ids import Ids


def folder(data_dir: Path) -> Path:
    """Where weights are kept."""
    return data_dir / "weights"


def pulled(data_dir: Path) -> Path | None:
    """The pulled weights, if there are any."""
    found = sorted(folder(data_dir).glob("*.gguf"))
    return found[0] if found else None


@asynccontextmanager
async def open_weights(path: Path, clock: Clock, ids: Ids) -> AsyncIterator[ChatModel]:
    """The model in its child process; started by the first call, stopped when idle."""
    from adapters.openai.connection import LocalConnection
    from adapters.weights.child import ChildSettings
    from adapters.weights.local import LocalWeights

    model = LocalWeights(
        ChildSettings(weights=path),
        lambda url, key: LocalConnection(url, key, clock=clock, ids=ids),
        clock=clock,
    )
    try:
        yield model
    finally:
        await model.close()
