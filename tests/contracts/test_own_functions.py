"""The bot's own functions: the fake of the chat's tests, and functions that were really loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bots.wiring.functions import load_declared
from core.chat.function_ports import Call, Caller, OwnFunctions, Traits
from core.chat.messages import Author, ConversationKey
from tests.fakes.functions import FakeFunctions

CALLER = Caller(
    askers=(Author(id="ann"),),
    conversation=ConversationKey("fake", ("w", "room")),
    assistant="asst_1",
)
MODULE = '''
import asyncio
from config.functions import function

@function(approval=True, idempotent=True, timeout_s=7)
def greet() -> str:
    """Say hello."""
    return "hello"

def fail() -> str:
    """Never works."""
    raise RuntimeError("a\\nb")

async def wait() -> str:
    """Never ends."""
    await asyncio.sleep(60)
    return "?"
'''


async def _hello(arguments: str) -> str:
    return "hello"


async def _fail(arguments: str) -> str:
    raise RuntimeError("a\nb")


async def _wait(arguments: str) -> str:
    await asyncio.sleep(60)
    return "?"


@pytest.fixture(params=["fake", "loaded"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> OwnFunctions:
    traits = Traits(approval=True, idempotent=True, timeout_s=7.0)
    if request.param == "fake":
        fake = FakeFunctions()
        fake.add("greet", _hello, traits)
        fake.add("fail", _fail)
        fake.add("wait", _wait)
        return fake
    for name, text in (
        ("assistants/a.toml", 'functions = ["m.greet", "m.fail", "m.wait"]'),
        ("functions/m.py", MODULE),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return load_declared(tmp_path)[1].callable(())


def call(name: str) -> Call:
    return Call(run_id="run_1", id="call_1", name=name, arguments="{}")


async def test_a_function_gives_its_output(own: OwnFunctions) -> None:
    assert await own.call(call("greet"), CALLER) == "hello"


def test_what_was_declared_is_known(own: OwnFunctions) -> None:
    assert own.traits("greet") == Traits(approval=True, idempotent=True, timeout_s=7.0)
    assert own.traits("fail") == Traits()


async def test_what_is_not_there_is_said_to_be_missing(own: OwnFunctions) -> None:
    assert own.traits("nothing") is None
    assert "no function named 'nothing'" in await own.call(call("nothing"), CALLER)


async def test_an_error_is_one_line(own: OwnFunctions) -> None:
    text = await own.call(call("fail"), CALLER)
    assert text.startswith("It failed: RuntimeError")
    assert "\n" not in text


async def test_cancellation_comes_out(own: OwnFunctions) -> None:
    task = asyncio.create_task(own.call(call("wait"), CALLER))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
