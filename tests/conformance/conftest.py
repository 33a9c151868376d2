"""Installations, each started once; every test of this folder runs on all four."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from tests.api.schema import find_schema
from tests.conformance.stage import Protocol, Shape, Stage, open_stage

PROTOCOLS: tuple[Protocol, ...] = ("responses", "chat")
SHAPES: tuple[Shape, ...] = ("one", "two")

Stages = dict[tuple[Protocol, Shape], Stage]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stages]:
    """All four installations."""
    schema, _ = find_schema()
    async with AsyncExitStack() as stack:
        yield {
            (protocol, shape): await stack.enter_async_context(
                open_stage(protocol, shape, tmp_path_factory.mktemp(f"{protocol}-{shape}"), schema)
            )
            for protocol, shape in itertools.product(PROTOCOLS, SHAPES)
        }


@pytest_asyncio.fixture(
    loop_scope="session",
    params=list(itertools.product(PROTOCOLS, SHAPES)),
    ids="-".join,
)
async def stage(request: Any, stages: Stages) -> AsyncIterator[Stage]:
    """One of them, with an empty script; at the end all that was scripted must have been asked."""
    found = stages[request.param]
    await found.begin()
    yield found
    found.check_executor()
    left = found.model.clear()
    assert not left, f"the model was not asked for {left}"
