"""The fake platform: delivers until acknowledged, keeps posts, loses answers. It is never killed.

Serial: the messages of one conversation (the next goes out after the last was acknowledged).
Parallel: conversations. A delivery that is not acknowledged in time, or whose connection breaks,
goes to another worker, as Slack and Discord do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

REDELIVER_S = 2.0
TAKES_S = (0.01, 0.4)
"""How long a post is on its way; nothing else is, so reading back may overtake it."""


@dataclass(slots=True)
class Count:
    """What came of a drill."""

    acknowledged: int = 0
    answered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    read_back: int = 0
    refused: int = 0

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.duplicated or self.reordered or self.refused)

    def __str__(self) -> str:
        return (
            f"acknowledged {self.acknowledged}, answered {self.answered}, lost {self.lost}, "
            f"duplicated {self.duplicated}, reordered {self.reordered}, refused {self.refused}; "
            f"parts read back {self.read_back}"
        )


@dataclass(slots=True)
class _Conversation:
    waiting: deque[int] = field(default_factory=deque[int])
    in_flight: int | None = None
    acknowledged: list[int] = field(default_factory=list[int])
    posts: list[Json] = field(default_factory=list[Json])


class Platform:
    """One fake platform on loopback."""

    def __init__(self, *, lose_answers: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._lose = lose_answers
        self._conversations: dict[str, _Conversation] = defaultdict(_Conversation)
        self._workers: list[asyncio.StreamWriter] = []
        self._acks: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.finds = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            server.close()
            for writer in self._workers:
                writer.close()
            await server.wait_closed()

    def write(self, conversation: str, number: int) -> None:
        """Somebody writes message `number` into `conversation`."""
        place = self._conversations[conversation]
        place.waiting.append(number)
        if place.in_flight is None:
            task = asyncio.create_task(self._deliver(conversation, place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------------- deliveries

    async def _deliver(self, conversation: str, place: _Conversation) -> None:
        while place.waiting:
            number = place.in_flight = place.waiting.popleft()
            event = f"{conversation}#{number}"
            acked = self._acks[event] = asyncio.Event()
            while not acked.is_set():
                self._send_somewhere({"event": event, "conversation": conversation})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REDELIVER_S):
                        await acked.wait()
            place.acknowledged.append(number)
            place.in_flight = None

    def _send_somewhere(self, body: Json) -> None:
        open_ones = [writer for writer in self._workers if not writer.is_closing()]
        if open_ones:
            _write(self._random.choice(open_ones), body)

    # ------------------------------------------------------------------- workers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._workers.append(writer)
        try:
            while line := await reader.readline():
                body: Json = json.loads(line)
                if body.get("op") == "send":
                    takes_s = self._random.uniform(*TAKES_S)
                    asyncio.get_running_loop().call_later(takes_s, self._hear, body, writer)
                else:
                    self._hear(body, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if writer in self._workers:
                self._workers.remove(writer)
            writer.close()

    def _hear(self, body: Json, writer: asyncio.StreamWriter) -> None:
        if "ack" in body:
            if (acked := self._acks.get(body["ack"])) is not None:
                acked.set()
            return
        posts = self._conversations[body["conversation"]].posts
        answer: Json = {"answer": body["call"]}
        if body["op"] == "send":
            posts.append({"part": body["part"], "texts": [body["text"]]})
            answer["ref"] = str(len(posts))
            answer["lost"] = self._random.random() < self._lose
        elif body["op"] == "edit":
            posts[int(body["ref"]) - 1]["texts"].append(body["text"])
        else:
            self.finds += 1
            found = [number for number, post in enumerate(posts, 1) if post["part"] == body["part"]]
            answer["ref"] = str(found[0]) if found else None
        _write(writer, answer)

    # ------------------------------------------------------------------- the count

    @property
    def posts(self) -> int:
        """How many posts there are."""
        return sum(len(place.posts) for place in self._conversations.values())

    @property
    def quiet(self) -> bool:
        """Whether everything that was written is acknowledged and answered."""
        return all(
            not place.waiting
            and place.in_flight is None
            and set(place.acknowledged) <= set(_numbers(place))
            for place in self._conversations.values()
        )

    def count(self) -> Count:
        """What stands in the conversations now."""
        total = Count(read_back=self.finds)
        for place in self._conversations.values():
            shown = _numbers(place)
            total.acknowledged += len(place.acknowledged)
            total.answered += len(set(shown) & set(place.acknowledged))
            total.lost += len(set(place.acknowledged) - set(shown))
            total.duplicated += len(shown) - len(set(shown))
            firsts = list(dict.fromkeys(shown))
            total.reordered += sum(1 for a, b in itertools.pairwise(firsts) if b < a)
            total.refused += sum("answer:" not in post["texts"][-1] for post in place.posts)
        return total


def _numbers(place: _Conversation) -> list[int]:
    """The numbers of the messages that the posts answer, top to bottom."""
    return [
        int(word.rpartition("#")[2])
        for post in place.posts
        for word in post["texts"][-1].split()
        if "#" in word
    ]


def _write(writer: asyncio.StreamWriter, body: Json) -> None:
    writer.write(json.dumps(body).encode() + b"\n")
