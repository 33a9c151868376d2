"""Functions on the real engine: what a Run shows of them, and whose Runs they serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots.wiring.assistants import assistant_id
from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from core.chat.messages import Author, ConversationKey, Inbound
from core.engine.generation import (
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCallDelta,
    ToolOutput,
    Usage,
)
from core.engine.records import Cursor
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from core.engine.service.engine import Engine
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE_S
from tests.servers import Server

ROOM = ConversationKey("fake", ("w", "room"))
SHOP = '''
from pathlib import Path

def count(things: str) -> int:
    """How many there are."""
    with Path({book!r}).open("a") as book:
        book.write(things + "\\n")
    return 7
'''


class Clerk:
    """A model that counts before it says anything."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        last = request.items[-1]
        if isinstance(last, ToolOutput):
            yield TextDelta(f"There are {last.output}.")
            yield Finished("stop", Usage(1, 1))
        else:
            assert [spec.name for spec in request.tools] == ["count"]
            yield ToolCallDelta(0, '{"things": "apples"}', "call_1", "count")
            yield Finished("tool_calls", Usage(1, 1))


@asynccontextmanager
async def bot(server: Server, folder: Path, platform: FakePlatform) -> AsyncIterator[Bobbin]:
    """A whole bot whose Assistant can count."""
    server.ask("FLUSHALL")
    for name, text in (
        ("assistants/clerk.toml", 'name = "Clerk"\nfunctions = ["shop.count"]\n'),
        ("functions/shop.py", SHOP.format(book=str(folder / "book"))),
    ):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    settings = Settings.model_validate(
        {
            "redis_url": server.url,
            "bobbin_data_dir": folder / "data",
            "bobbin_config_dir": folder,
            "bobbin_assistant": "clerk",
        }
    )
    stand_ins = StandIns(model=Clerk(), interpreter=ScriptedInterpreter())
    async with open_bobbin(settings, platforms={"fake": platform}, stand_ins=stand_ins) as opened:
        yield opened


def engine_of(bobbin: Bobbin) -> Engine:
    assert bobbin.service.side is not None
    return bobbin.service.side.engine


async def asks(bobbin: Bobbin, platform: FakePlatform) -> str:
    """Somebody asks in the chat; the answer."""
    assert bobbin.chat is not None
    await bobbin.chat.intake.deliver(
        Inbound(
            id="m1",
            message_id="m1",
            conversation=ROOM,
            author=Author(id="ann"),
            text="How many apples?",
            received_at=0.0,
        )
    )
    (answer,) = await platform.until_answered(ROOM, 1)
    return answer


async def test_a_runs_steps_show_the_call_and_its_output(
    chat_server: Server, tmp_path: Path
) -> None:
    platform = FakePlatform()
    async with bot(chat_server, tmp_path, platform) as bobbin:
        assert await asks(bobbin, platform) == "There are 7."
        engine = engine_of(bobbin)
        session = await bobbin.stores.sessions.current(ROOM)
        async with asyncio.timeout(PATIENCE_S):
            while session.last is None or session.thread_id is None:
                await asyncio.sleep(0.01)
                session = await bobbin.stores.sessions.current(ROOM)
        steps = await engine.runs.steps(session.thread_id, session.last.run_id, Cursor(order="asc"))
        (call,) = steps.data[0].step_details["tool_calls"]
        assert call["function"] == {
            "name": "count",
            "arguments": '{"things": "apples"}',
            "output": "7",
        }
    assert (tmp_path / "book").read_text() == "apples\n"


async def test_a_run_of_an_api_client_waits_for_that_client(
    chat_server: Server, tmp_path: Path
) -> None:
    """The chat serves its own Runs meanwhile, and leaves the client's alone."""
    platform = FakePlatform()
    async with bot(chat_server, tmp_path, platform) as bobbin:
        engine = engine_of(bobbin)
        run = await engine.runs.create_with_thread(
            ThreadRequest(messages=(MessageRequest(content="How many pears?"),)),
            RunRequest(assistant_id=assistant_id("clerk")),
        )
        async with asyncio.timeout(PATIENCE_S):
            while (await engine.runs.get(run.thread_id, run.id)).status != "requires_action":
                await asyncio.sleep(0.01)
        assert await asks(bobbin, platform) == "There are 7."
        assert (await engine.runs.get(run.thread_id, run.id)).status == "requires_action"
    assert (tmp_path / "book").read_text() == "apples\n", "one call: the chat's"
