"""A Run's events as server-sent events.

Source: the Assistants API reference, v2 (streaming): `event: <name>`, `data: <bare object>`, a
blank line; at the end `done` with `[DONE]`. Each event is sent as it happens.

Serial: the events of one stream. Parallel: streams, and each stream's three tasks: telling,
keeping alive, watching for the client to leave. A client that leaves ends its stream and changes
nothing for the Run. A slow client holds up its own stream only: what it has not taken stays with
the engine, joined. Memory is bounded by the server's write buffer for each stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.http.errors import UNEXPECTED, sentence_of
from adapters.http.versions import as_v1
from adapters.http.wire import object_bytes
from core.assistants import Json, RunStepDelta, StreamError, StreamEvent
from core.clock import Clock
from core.errors import BobbinError

log = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 15.0
"""Between comments, which keep proxies from closing a silent connection (HTML standard, 9.2.7)."""

_CODE: Final = "code_interpreter"
_COMMENT: Final = b": keep-alive\n\n"
_DONE: Final = b"event: done\ndata: [DONE]\n\n"


class EventStream(Response):
    """The answer that tells a Run's events until it ends or waits for tool outputs."""

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[StreamEvent, None], clock: Clock, *, is_v1: bool = False
    ) -> None:
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._clock = clock
        self._is_v1 = is_v1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        telling = asyncio.create_task(self._tell(scope, send))
        leaving = asyncio.create_task(_gone(receive))
        beating = asyncio.create_task(self._keep_alive(send))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving, beating):
                task.cancel()
            await asyncio.gather(telling, leaving, beating, return_exceptions=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, scope: Scope, send: Send) -> None:
        try:
            async for event in self._events:
                for one in as_clients_join(event):
                    await _write(send, frame(one, is_v1=self._is_v1))
        except BobbinError as error:
            log.error("the stream of request %s broke off: %s", scope.get("request_id"), error)
            await _write(send, frame(_failure(sentence_of(error))))
        except Exception:
            log.exception("the stream of request %s broke off", scope.get("request_id"))
            await _write(send, frame(_failure(UNEXPECTED)))
        finally:
            await self._events.aclose()  # left between two events, it still holds its place
        await _write(send, _DONE)

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await self._clock.sleep(KEEP_ALIVE_S)
            await _write(send, _COMMENT)


def frame(event: StreamEvent, *, is_v1: bool = False) -> bytes:
    """One event as it goes over the wire."""
    data = object_bytes(event.data)
    return b"event: %b\ndata: %b\n\n" % (event.name.encode(), as_v1(data) if is_v1 else data)


def as_clients_join(event: StreamEvent) -> tuple[StreamEvent, ...]:
    """The delta that opens a code call, as two: the call, then its code.

    The official clients tell their callers of a new call first and of what came in later deltas;
    code that stands in the opening delta would never be shown.
    """
    data = event.data
    if not isinstance(data, RunStepDelta):
        return (event,)
    (call,) = data.delta["step_details"]["tool_calls"]
    code: Json = call.get(_CODE) or {}
    if "id" not in call or not code.get("input"):
        return (event,)
    head = {**call, _CODE: {**code, "input": ""}}
    rest = {"index": call["index"], "type": _CODE, _CODE: {"input": code["input"]}}
    return tuple(
        StreamEvent(event.name, RunStepDelta(id=data.id, delta={"step_details": details}))
        for details in ({"type": "tool_calls", "tool_calls": [one]} for one in (head, rest))
    )


def _failure(sentence: str) -> StreamEvent:
    return StreamEvent("error", StreamError(message=sentence))


async def _write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
