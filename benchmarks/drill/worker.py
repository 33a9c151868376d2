"""A worker of the drill: the product's own roles, with the fake platform and the echo model.

It is started, stopped, continued and killed by the drill; `--without` switches one mechanism off,
to show that the drill notices.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.drill.echo import Echo
from bots.lifetime import stop_signal
from bots.wiring.bobbin import open_bobbin
from bots.wiring.chat import Chat
from bots.wiring.service import StandIns
from config.loading import AssistantFile
from config.logs import configure_logging
from config.settings import Settings
from core.chat.messages import (
    Author,
    Capabilities,
    ConversationKey,
    Inbound,
    Post,
    Sign,
)
from core.engine.records import Execution, InterpreterStatus
from core.errors import BobbinError, DeliveryUnclear, InterpreterUnavailable, NotFound

Json = dict[str, Any]

ANSWER_S = 5.0


class NoInterpreter:
    """The drill runs no code."""

    async def run(self, session: str, code: str) -> Execution:
        raise InterpreterUnavailable("the drill runs no code")

    async def put(self, session: str, name: str, data: bytes, *, key: str = "") -> None:
        raise InterpreterUnavailable("the drill runs no code")

    async def placed(self, session: str) -> None:
        raise InterpreterUnavailable("the drill runs no code")

    async def get(self, session: str, name: str) -> bytes:
        raise NotFound.object("file", name)

    async def close(self, session: str) -> None:
        return

    async def status(self) -> InterpreterStatus:
        return InterpreterStatus(False, (), "the drill runs no code")


class DrillPlatform:
    """The fake platform from a worker's side: one connection, calls and deliveries on it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._calls = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self.capabilities = Capabilities(max_chars=4000, edits=True)

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        answer = await self._call(conversation, "send", part=post.part_id, text=post.text)
        if answer["lost"]:
            raise DeliveryUnclear("the answer was lost")
        return str(answer["ref"])

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        await self._call(conversation, "edit", ref=ref, text=post.text)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        return (await self._call(conversation, "find", part=part_id))["ref"]

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        return

    def answered(self, body: Json) -> None:
        """An answer of the platform came in."""
        waiting = self._waiting.pop(body["answer"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(body)

    def tell(self, body: Json) -> None:
        """Send a line to the platform."""
        self._writer.write(json.dumps(body).encode() + b"\n")

    async def _call(self, conversation: ConversationKey, op: str, **fields: str) -> Json:
        number = next(self._calls)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self.tell({"call": number, "op": op, "conversation": conversation.parts[1], **fields})
        try:
            async with asyncio.timeout(ANSWER_S):
                return await waiting
        except TimeoutError as error:
            raise DeliveryUnclear("the platform did not answer") from error


async def main(options: argparse.Namespace) -> None:
    """Work until SIGTERM."""
    settings = Settings(
        redis_url=options.redis,
        bobbin_data_dir=options.data,
        bobbin_lease_s=options.lease,
        bobbin_partitions=options.partitions,
    )
    configure_logging("ERROR")
    reader, writer = await asyncio.open_connection("127.0.0.1", options.platform, limit=1 << 20)
    platform = DrillPlatform(writer)
    stand_ins = StandIns(
        model=Echo(os.getpid()),
        slots=options.slots,
        interpreter=NoInterpreter(),
        files={"echo": AssistantFile(slug="echo", name="Echo", instructions="")},
        relay={
            "max_lost": 50,  # the drill kills far more often than any turn deserves
            "read_back": "readback" not in options.without,
        },
        dispatcher={"drain_s": 0.2, "fenced": "fence" not in options.without},
    )
    async with (
        stop_signal() as stop,
        open_bobbin(
            settings, assistant="echo", platforms={"drill": platform}, stand_ins=stand_ins
        ) as bobbin,
    ):
        assert bobbin.chat is not None
        listening = asyncio.create_task(listen(reader, platform, bobbin.chat))
        await asyncio.wait(
            {listening, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    writer.close()


async def listen(reader: asyncio.StreamReader, platform: DrillPlatform, chat: Chat) -> None:
    """Take deliveries in; acknowledge each after the mailbox has it, and never before."""
    tasks: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        body: Json = json.loads(line)
        if "answer" in body:
            platform.answered(body)
            continue
        task = asyncio.create_task(take_in(body, platform, chat))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def take_in(body: Json, platform: DrillPlatform, chat: Chat) -> None:
    """One delivery."""
    inbound = Inbound(
        id=body["event"],
        message_id=body["event"],
        conversation=ConversationKey("drill", ("w", body["conversation"])),
        author=Author(id="somebody"),
        text=body["event"],
        received_at=time.time(),
    )
    with contextlib.suppress(BobbinError):  # not stored, so not acknowledged: it comes again
        await chat.intake.deliver(inbound)
        platform.tell({"ack": body["event"]})


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--platform", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lease", type=float, default=2.0)
    parser.add_argument("--slots", type=int, default=40)
    parser.add_argument("--partitions", type=int, default=None)
    parser.add_argument("--without", action="append", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(parse()))
