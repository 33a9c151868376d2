"""Each Run's event log in Redis, and the call to stop a Run.

A log is a stream whose ids are `1-0`, `2-0`, ...: `sequence` is the number, so a follower that
misses one sees it. Most Runs are followed in the process that executes them, from memory; the log
is for the others. They wait in blocking reads, at most `blocking` at once so that the client's
connections are never all taken; who comes on top of that looks again every quarter of a second.
Who waits leaves a mark beside the log, which lasts half a minute: the writer learns by it whether
small pieces are worth their cost. Memory: when each log was marked last, as long as that counts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from weakref import WeakSet

from redis.asyncio import RedisCluster

from adapters.redis import keys
from adapters.redis.codec import decode_event, encode_event, is_id
from adapters.redis.connection import LONGEST_BLOCK_S, Client, Script, decode, translate
from adapters.redis.listening import Listener
from adapters.redis.threads_scripts import PUBLISH, PUBLISHED_TO_READERS, READER_TTL_S
from core.assistants import StreamEvent
from core.engine.records import LoggedEvent, RunClaim
from core.errors import ClaimLost, InvalidRequest
from core.ids import Ids

CANCEL_CHANNEL = f"{keys.PREFIX}cancel"

_PUBLISH = Script(PUBLISH)
_SEQUENCE = re.compile(r"[0-9]{1,18}")
_AT_ONCE = 500
_POLL_S = 0.25
_MARK_S = READER_TTL_S / 3
"""How often a reader that goes on waiting renews its mark."""
_REQUESTS_KEPT = 1000
"""Requests to stop that nobody has taken yet; the heartbeat is the net for what is dropped."""


class RedisRunEvents:
    """`RunEvents` on the Redis protocol. Close it with `aclose` before the client.

    `sequence` counts 1, 2, 3, ...: where a number is missing, the log has dropped events and the
    stored objects are to be read instead.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
        ids: for the tokens by which a publication that was sent twice is recognised.
        blocking: how many of the client's connections waiting readers may hold.
    """

    def __init__(self, client: Client, partitions: int, ids: Ids, *, blocking: int = 16) -> None:
        self._client = client
        self._commands: Any = client  # whose types are partly unknown
        self._partitions = partitions
        self._ids = ids
        self._places = asyncio.Semaphore(blocking)
        self._listeners: WeakSet[asyncio.Queue[str]] = WeakSet()
        self._marked: dict[str, float] = {}
        self._cancels = Listener(
            client,
            channels=(CANCEL_CHANNEL,),
            on_message=self._tell,
            on_gap=lambda: None,
        )

    async def publish(self, claim: RunClaim, events: Sequence[StreamEvent]) -> bool | None:
        if not events:
            return None
        args: list[str | bytes | int] = [self._ids.new(""), claim.thread_id, claim.run_id]
        args.append(claim.epoch)
        for event in events:
            args += encode_event(event)
        answer = await _PUBLISH(self._client, [self._base(claim.thread_id)], args)
        if answer == 0:
            raise ClaimLost(f"{claim.run_id} is not claimed under epoch {claim.epoch} any more")
        return answer == PUBLISHED_TO_READERS

    async def read(
        self, thread_id: str, run_id: str, after: str, timeout_s: float
    ) -> list[LoggedEvent]:
        """Events behind `after` ("0" is the start), at most 500; waits for the first one.

        Raises:
            InvalidRequest: `after` is not a sequence.
        """
        if not _SEQUENCE.fullmatch(after):
            raise InvalidRequest(f"{after!r} is not the sequence of an event: pass a whole number.")
        if not (is_id(thread_id) and is_id(run_id)):
            return []
        head = f"{self._base(thread_id)}thread:{thread_id}"
        log = f"{head}:log:{run_id}"
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            left = deadline - loop.time()
            if left <= 0:
                return await self._read(log, after)
            await self._mark(f"{head}:reader:{run_id}", loop.time())
            if self._places.locked():
                found = await self._read(log, after)
                if not found:
                    await asyncio.sleep(min(left, _POLL_S))
            else:
                async with self._places:
                    found = await self._read(log, after, block_s=min(left, LONGEST_BLOCK_S))
            if found:
                return found

    async def request_cancel(self, thread_id: str, run_id: str) -> None:
        del thread_id
        with translate():
            await self._commands.publish(CANCEL_CHANNEL, run_id)

    def cancel_requests(self) -> AsyncIterator[str]:
        """Ids of Runs that are to stop, from the call of this on.

        The connection listens as soon as it is subscribed, some milliseconds after the first call.
        """
        waiting: asyncio.Queue[str] = asyncio.Queue(_REQUESTS_KEPT)
        self._listeners.add(waiting)
        self._cancels.start()
        return _requests(waiting)

    async def aclose(self) -> None:
        """End the connection that listens. The client stays open."""
        await self._cancels.aclose()

    async def _mark(self, reader: str, now: float) -> None:
        """Say that somebody waits for this log, unless that was said a moment ago."""
        if now - self._marked.get(reader, -READER_TTL_S) < _MARK_S:
            return
        self._marked = {key: at for key, at in self._marked.items() if now - at < _MARK_S}
        self._marked[reader] = now
        with translate():
            await self._commands.set(reader, 1, ex=READER_TTL_S)

    def _tell(self, _: str, data: bytes) -> None:
        for waiting in self._listeners:
            if not waiting.full():
                waiting.put_nowait(data.decode())

    async def _read(self, log: str, after: str, *, block_s: float = 0.0) -> list[LoggedEvent]:
        words: list[str | int] = ["COUNT", _AT_ONCE]
        if block_s > 0:
            words += ["BLOCK", max(1, int(block_s * 1000))]
        words += ["STREAMS", log, after]
        with translate():
            # Left to itself, a cluster client asks the server where the key of an XREAD stands.
            target = (
                {"target_nodes": self._client.get_node_from_key(log)}
                if isinstance(self._client, RedisCluster)
                else {}
            )
            answer = await self._commands.execute_command("XREAD", *words, **target)
        streams = cast("list[tuple[Any, list[tuple[bytes, dict[bytes, bytes]]]]]", answer or [])
        return [
            LoggedEvent(
                decode(number).partition("-")[0],
                decode_event(decode(entry[b"event"]), entry[b"data"]),
            )
            for _, entries in streams
            for number, entry in entries
        ]

    def _base(self, thread_id: str) -> str:
        return keys.base("t", keys.partition(thread_id, self._partitions))


async def _requests(waiting: asyncio.Queue[str]) -> AsyncIterator[str]:
    while True:
        yield await waiting.get()
