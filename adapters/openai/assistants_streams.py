"""The stream that a Run was created with, kept until somebody follows the Run.

The Assistants API streams a Run only in answer to its creation, so that answer is left open and
found again under the Run's id. Serial: the events of one stream. Parallel: streams. A crash loses
them, and the Run goes on: whoever comes next polls. Memory: a stream that nobody reads holds what
its socket holds; at most `MOST_WAITING` of them wait, for `LONGEST_WAIT_S` at least.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from adapters.openai.assistants_service import RemoteService
from adapters.openai.sse import SseParser
from core.assistants import PARKED_RUN_STATUSES, STREAMED, Run, StreamEvent
from core.clock import Clock
from core.errors import ModelUnavailable

MOST_WAITING = 1000
LONGEST_WAIT_S = 60.0
_DRAIN_S = 1.0
_DONE = b"[DONE]"


class RunStream:
    """One open answer, read event by event."""

    def __init__(self, service: RemoteService, response: Any) -> None:
        self._service = service
        self._response: httpx2.Response = response
        self._events = self._read()
        self._first: list[StreamEvent] = []

    async def run(self) -> Run:
        """The Run as its first event has it. That event is not lost to who reads the stream.

        Raises:
            ModelUnavailable: the stream broke off before it told of a Run.
        """
        async for event in self._events:
            self._first.append(event)
            if isinstance(event.data, Run):
                return event.data
        raise self._service.faults.broken()

    async def events(self) -> AsyncGenerator[StreamEvent, None]:
        """All events, the first ones again.

        Raises:
            ModelUnavailable: the connection broke, fell silent, or the service reports a fault.
        """
        for event in self._first:
            yield event
        async for event in self._events:
            yield event

    async def close(self, *, drained: bool) -> None:
        """Give the connection back: `drained` reads the little that follows the Run's end, so that
        the next call can use it."""
        try:
            async with asyncio.timeout(_DRAIN_S):
                if drained:
                    async for _ in self._events:
                        pass
        except (ModelUnavailable, TimeoutError):
            pass
        finally:
            await self._events.aclose()
            await self._response.aclose()

    async def _read(self) -> AsyncGenerator[StreamEvent, None]:
        parser = SseParser()
        try:
            async for chunk in self._response.aiter_bytes():
                for event in self._understood(parser.feed(chunk)):
                    yield event
            for event in self._understood(parser.end()):
                yield event
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise self._service.faults.broken() from error

    def _understood(self, events: list[tuple[str, bytes]]) -> Iterator[StreamEvent]:
        """The events that this version knows."""
        for name, data in events:
            if data == _DONE:
                continue  # the server ends the answer behind it
            body = self._service.parsed(data)
            if name == "error":
                raise self._service.faults.in_stream(body)
            kind = STREAMED.get(str(body.get("object")))
            if kind:
                yield StreamEvent(name, self._service.read(kind, body))


@dataclass(frozen=True, slots=True)
class _Waiting:
    since: float
    stream: RunStream
    behind: frozenset[str]

    def serves(self, behind_call: str | None) -> bool:
        return not self.behind if behind_call is None else behind_call in self.behind


class WaitingStreams:
    """Streams by the Runs that they tell of."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: dict[str, _Waiting] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def put(self, run_id: str, stream: RunStream, behind: Collection[str]) -> None:
        """Keep it, in the place of an earlier one of that Run; `behind` are the calls whose outputs
        it follows. Those that nobody wanted for long are closed."""
        now = self._clock.monotonic()
        self._forget(run_id)
        self._streams[run_id] = _Waiting(now, stream, frozenset(behind))
        for old, waiting in list(self._streams.items()):
            if now - waiting.since < LONGEST_WAIT_S and len(self._streams) <= MOST_WAITING:
                break
            self._forget(old)

    async def follow(
        self, run_id: str, behind_call: str | None
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of that Run, from its creation or behind that call.

        Raises:
            NotImplementedError: no such stream waits here.
        """
        waiting = self._streams.get(run_id)
        if waiting is None or not waiting.serves(behind_call):
            raise NotImplementedError
        del self._streams[run_id]
        ended = False
        try:
            async for event in waiting.stream.events():
                ended = isinstance(event.data, Run) and event.data.status in PARKED_RUN_STATUSES
                yield event
        finally:
            self._close(waiting.stream, drained=ended)

    async def aclose(self) -> None:
        """Close what waits."""
        for run_id in list(self._streams):
            self._forget(run_id)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _forget(self, run_id: str) -> None:
        waiting = self._streams.pop(run_id, None)
        if waiting is not None:
            self._close(waiting.stream, drained=False)

    def _close(self, stream: RunStream, *, drained: bool) -> None:
        task = asyncio.create_task(stream.close(drained=drained))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
