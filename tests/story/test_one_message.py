"""One message, in order: the walk through ARCHITECTURE.md, on the real stores and the real engine.

Only the model (a script) and the platform (in memory) are stand-ins.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bots.wiring.bobbin import open_bobbin
from bots.wiring.chat import Chat
from bots.wiring.engine import EngineSide
from bots.wiring.service import StandIns
from config.loading import AssistantFile
from config.settings import Settings
from core.assistants import Message, Run
from core.chat.messages import Author, ConversationKey, Inbound
from core.chat.tags import INBOUND, TURN
from core.engine.generation import (
    AssistantItem,
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCallDelta,
    ToolOutput,
    Usage,
    UserItem,
)
from core.engine.records import Cursor
from core.errors import StoreUnavailable
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE_S
from tests.servers import redis_server


class Recorder:
    """A model that runs code for a sum and greets otherwise; it keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(request)
        last = request.items[-1]
        if isinstance(last, UserItem) and "+" in last.text:
            yield ToolCallDelta(
                0, f'{{"code": "print({last.text})"}}', "call_1", "code_interpreter"
            )
            yield Finished("tool_calls", Usage(10, 5))
            return
        word = last.output.strip() if isinstance(last, ToolOutput) else "Hello!"
        yield TextDelta(word[:2])
        yield TextDelta(word[2:])
        yield Finished("stop", Usage(10, 5))


@dataclass(slots=True)
class Home:
    """A whole bot over a store of its own."""

    chat: Chat
    side: EngineSide
    model: Recorder
    platform: FakePlatform

    async def hears(self, text: str, where: ConversationKey, name: str) -> None:
        """Somebody writes."""
        await self.chat.intake.deliver(
            Inbound(
                id=name,
                message_id=name,
                conversation=where,
                author=Author(id="ann"),
                text=text,
                received_at=0.0,
            )
        )


TUTOR = AssistantFile(
    slug="tutor", name="Tutor", instructions="Be kind.", tools=("code_interpreter",)
)


@asynccontextmanager
async def home(tmp_path: Path, *, slots: int = 50) -> AsyncIterator[Home]:
    """Put the bot together."""
    model, platform = Recorder(), FakePlatform()
    stand_ins = StandIns(
        model=model, slots=slots, files={"tutor": TUTOR}, dispatcher={"sweep_s": 0.1}
    )
    with redis_server(tmp_path, fsync="no") as server:
        settings = Settings.model_validate(
            {"redis_url": server.url, "bobbin_data_dir": tmp_path / "data"}
        )
        async with open_bobbin(
            settings, assistant="tutor", platforms={"fake": platform}, stand_ins=stand_ins
        ) as bobbin:
            assert bobbin.chat is not None
            assert bobbin.service.side is not None
            yield Home(bobbin.chat, bobbin.service.side, model, platform)


def room(name: str = "room") -> ConversationKey:
    """A conversation."""
    return ConversationKey("fake", ("w", name))


async def test_a_question_becomes_messages_a_run_steps_and_a_reply(tmp_path: Path) -> None:
    """Mailbox, Thread, Message, Run, code that ran, steps, reply: all of it can be looked at."""
    async with home(tmp_path) as bot:
        await bot.hears("1234 + 4321", room(), "m1")
        assert await bot.platform.until_answered(room(), 1) == ["5555"]
        async with asyncio.timeout(PATIENCE_S):
            while await bot.chat.stores.control.pending(room()):
                await asyncio.sleep(0.01)

        session = await bot.chat.stores.sessions.current(room())
        assert session.thread_id is not None
        assert session.last is not None
        run: Run = await bot.side.engine.runs.get(session.thread_id, session.last.run_id)
        assert run.status == "completed"
        assert run.metadata[TURN] == "m1"
        assert run.usage == {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}

        listed = await bot.side.engine.messages.list(session.thread_id, Cursor(order="asc"))
        said: list[Message] = list(listed.data)
        assert [(message.role, message.text) for message in said] == [
            ("user", "1234 + 4321"),
            ("assistant", "5555"),
        ]
        assert said[0].metadata[INBOUND] == "m1"

        steps = await bot.side.engine.runs.steps(session.thread_id, run.id, Cursor(order="asc"))
        assert [step.type for step in steps.data] == ["tool_calls", "message_creation"]
        (call,) = steps.data[0].step_details["tool_calls"]
        assert call["code_interpreter"]["input"] == "print(1234 + 4321)"
        assert "5555" in call["code_interpreter"]["outputs"][0]["logs"]


async def test_the_second_question_is_asked_with_the_first(tmp_path: Path) -> None:
    """That the tutor knows what was said before is shown by what its model was sent."""
    async with home(tmp_path) as bot:
        await bot.hears("my name is Ann", room(), "m1")
        await bot.platform.until_answered(room(), 1)
        await bot.hears("what is it?", room(), "m2")
        await bot.platform.until_answered(room(), 2)
    sent = bot.model.requests[-1]
    assert sent.instructions.startswith("Be kind.")
    assert [item.text for item in sent.items if isinstance(item, UserItem | AssistantItem)] == [
        "my name is Ann",
        "Hello!",
        "what is it?",
    ]


async def test_a_thousand_conversations_keep_their_own_threads(tmp_path: Path) -> None:
    """Everybody gets their own answer, in their own room, from their own Thread."""
    async with home(tmp_path) as bot:
        rooms = [room(f"r{number}") for number in range(1000)]
        gate = asyncio.Semaphore(100)

        async def ask(number: int) -> None:
            async with gate:
                while True:  # a platform delivers again what was not taken
                    with contextlib.suppress(StoreUnavailable):
                        await bot.hears(f"I am number {number}", rooms[number], f"m{number}")
                        return

        await asyncio.gather(*(ask(number) for number in range(1000)))
        async with asyncio.timeout(3 * PATIENCE_S):
            while sum(bool(bot.platform.answers(key)) for key in rooms) < 1000:
                await asyncio.sleep(0.1)
    asked = [
        [item.text for item in request.items if isinstance(item, UserItem)]
        for request in bot.model.requests
    ]
    assert sorted(asked) == sorted([f"I am number {number}"] for number in range(1000))
    assert all(len(bot.platform.texts(key)) == 1 for key in rooms)
