"""What one turn costs: from the event to the model's call, to the reply, in milliseconds and CPU.

The product's own roles on a server of its own with `appendfsync always`; the model answers at once
and the platform is in memory, so what is measured is Bobbin.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from benchmarks.drill.worker import NoInterpreter
from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.chat import Chat
from bots.wiring.service import StandIns
from config.loading import AssistantFile
from config.settings import Settings
from core.chat.messages import Author, Capabilities, ConversationKey, Inbound, Post, Sign
from core.engine.generation import Finished, ModelEvent, ModelRequest, TextDelta, Usage, UserItem
from tests.servers import redis_server

SLOTS = 1000


class Stopwatch:
    """When each message was written, when the model was called for it, when its reply stood."""

    def __init__(self) -> None:
        self.written: dict[str, float] = {}
        self.called: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.capabilities = Capabilities(max_chars=4000, edits=True)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """The model: answers with the newest message."""
        text = next(i.text for i in reversed(request.items) if isinstance(i, UserItem))
        self.called[text] = time.perf_counter()
        yield TextDelta(text)
        yield Finished("stop", Usage(1, 1))

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        """The platform: shows a post."""
        self.shown[post.text] = time.perf_counter()
        return "1"

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        """Nothing is edited here."""

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        """Nothing is ever unclear here."""
        return None

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        """Signs are not measured."""


async def measure(conversations: int, turns: int, fsync: str) -> str:
    """`turns` turns in each of so many conversations, one after the other in each."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder), fsync=fsync) as server:
        settings = Settings.model_validate(
            {"redis_url": server.url, "bobbin_data_dir": Path(folder) / "data"}
        )
        async with bench_bobbin(settings, watch) as bobbin:
            chat = bobbin.chat
            assert chat is not None
            await _talk(chat, watch, min(conversations, 20), 2, "warm")
            cpu, begun = time.process_time(), time.perf_counter()
            await _talk(chat, watch, conversations, turns, "turn")
            cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    count = conversations * turns
    names = [name for name in watch.written if name.startswith("turn")]
    calls = sorted(1000 * (watch.called[n] - watch.written[n]) for n in names)
    shows = sorted(1000 * (watch.shown[n] - watch.written[n]) for n in names)
    return (
        f"{conversations:5} conversations, fsync {fsync:9}: event to model call p50 "
        f"{statistics.median(calls):6.1f} ms, to reply p50 {statistics.median(shows):6.1f} p95 "
        f"{shows[int(len(shows) * 0.95)]:6.1f} ms; {1000 * cpu / count:5.2f} ms CPU a turn, "
        f"{count / wall:5.0f} turns/s"
    )


def bench_bobbin(settings: Settings, watch: Stopwatch) -> AbstractAsyncContextManager[Bobbin]:
    """The product's own roles around the stopwatch."""
    return open_bobbin(
        settings,
        assistant="a",
        platforms={"bench": watch},
        stand_ins=StandIns(
            model=watch,
            slots=SLOTS,
            interpreter=NoInterpreter(),
            files={"a": AssistantFile(slug="a", name="A", instructions="")},
            dispatcher={"most_turns": SLOTS},
        ),
    )


async def _talk(chat: Chat, watch: Stopwatch, conversations: int, turns: int, name: str) -> None:
    async def one(number: int) -> None:
        key = ConversationKey("bench", ("w", f"{name}{number}"))
        for turn in range(turns):
            text = f"{name} {number} {turn}"
            watch.written[text] = time.perf_counter()
            await chat.intake.deliver(
                Inbound(
                    id=text,
                    message_id=text,
                    conversation=key,
                    author=Author(id="a"),
                    text=text,
                    received_at=0.0,
                )
            )
            async with asyncio.timeout(60):
                while text not in watch.shown:
                    await asyncio.sleep(0.002)

    await asyncio.gather(*(one(number) for number in range(conversations)))


def main() -> None:
    """Print one line a set-up."""
    for conversations, turns, fsync in ((1, 50, "always"), (50, 10, "always"), (50, 10, "no")):
        with contextlib.suppress(KeyboardInterrupt):
            print(asyncio.run(measure(conversations, turns, fsync)), flush=True)
