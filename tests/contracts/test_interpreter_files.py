"""The contract of an interpreter's files: what every `SessionFiles` guarantees."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.sandbox.interpreter import SandboxedInterpreter
from core.clock import SystemClock
from core.engine.ports import Interpreter
from core.errors import InvalidRequest, NotFound
from tests.fakes.interpreter import ScriptedInterpreter

TOO_MUCH = (32 << 20) + 1


@pytest_asyncio.fixture(params=["scripted", "sandbox"])
async def interpreter(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Interpreter]:
    """Each implementation."""
    if request.param == "scripted":
        yield ScriptedInterpreter()
        return
    async with SandboxedInterpreter(
        state_dir=tmp_path, python=Path(sys.executable), clock=SystemClock(), preload=()
    ) as real:
        status = await real.status()
        if not status.available:
            pytest.skip(status.sentence)
        yield real


async def test_a_session_that_nobody_used_is_unknown(interpreter: Interpreter) -> None:
    assert await interpreter.placed("s") is None


async def test_a_session_that_ran_code_is_known_and_was_given_nothing(
    interpreter: Interpreter,
) -> None:
    await interpreter.run("s", "1")
    assert await interpreter.placed("s") == {}


async def test_what_was_put_is_named_with_its_key(interpreter: Interpreter) -> None:
    await interpreter.put("s", "a.csv", b"1", key="file-1")
    await interpreter.put("s", "b.csv", b"2")
    assert await interpreter.placed("s") == {"a.csv": "file-1", "b.csv": ""}
    await interpreter.put("s", "a.csv", b"3", key="file-2")
    assert await interpreter.placed("s") == {"a.csv": "file-2", "b.csv": ""}
    assert await interpreter.get("s", "a.csv") == b"3"
    assert await interpreter.placed("other") is None


async def test_a_closed_session_was_given_nothing(interpreter: Interpreter) -> None:
    await interpreter.put("s", "a.csv", b"1", key="file-1")
    await interpreter.close("s")
    assert await interpreter.placed("s") is None
    with pytest.raises(NotFound):
        await interpreter.get("s", "a.csv")


async def test_a_file_that_does_not_fit_was_not_put(interpreter: Interpreter) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await interpreter.put("s", "big", bytes(TOO_MUCH), key="file-1")
    assert str(TOO_MUCH) in str(caught.value)
    assert "big" not in (await interpreter.placed("s") or {})
