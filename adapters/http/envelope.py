"""What every answer of this server carries, and the last net under everything."""

from __future__ import annotations

import itertools
import logging
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.errors import server_error
from core.ids import Ids

log = logging.getLogger(__name__)

REQUEST: Final = "req_"

_RANDOM: Final = 12
"""Characters that tell the ids of one process from another's; the rest counts its requests."""


class Envelope:
    """Gives each request an id, marks the answer as ours, and answers what nobody else did.

    Headers: `x-request-id` (the official clients show it), `x-bobbin: engine`, and on a failure of
    ours `x-should-retry: false` unless the request was a read: the official clients repeat a
    failed request by themselves, and a repeated create makes a second object.
    """

    def __init__(self, app: ASGIApp, ids: Ids) -> None:
        self._app = app
        self._series = ids.new(REQUEST)[: len(REQUEST) + _RANDOM]
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = f"{self._series}{next(self._numbers):012x}"
        marks = [(b"x-request-id", request_id.encode()), (b"x-bobbin", b"engine")]
        is_read = scope["method"] in ("GET", "HEAD", "OPTIONS")
        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *marks]
                if message["status"] >= 500 and not is_read:
                    message["headers"].append((b"x-should-retry", b"false"))
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except ClientDisconnect:
            return
        except Exception:
            if started:
                raise  # the connection is cut, and the client sees that something is missing
            log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            await server_error()(scope, receive, marked)
