"""Slack's calls by HTTP: signed, and only what can be one of them gets as far as slack-bolt.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack. Bolt checks signature
and age; what it answers with a traceback (a time stamp that is no number) is refused before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler

from adapters.slack.ears import Ears

PATH: Final = "/slack/events"

MOST_BYTES: Final = 1024 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def http_app(ears: Ears) -> Asgi:
    """The ASGI app at `/slack/events`: events, buttons, and slash commands alike."""
    bolt: Any = AsyncSlackRequestHandler(ears.app, path=PATH)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (status := _refusal(scope)):
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await bolt({**scope, "path": PATH}, receive, send)

    return app


def _refusal(scope: Scope) -> int:
    """The status with which a request is refused at once; 0 for one that Bolt may look at."""
    headers = {
        bytes(name).lower(): bytes(value).decode("latin-1")
        for name, value in scope.get("headers", ())
    }
    size = headers.get(b"content-length", "")
    if scope.get("method") != "POST":
        return 405
    if not size.isdecimal() or int(size[:12]) > MOST_BYTES:
        return 413
    stamp = headers.get(b"x-slack-request-timestamp", "")
    return 0 if stamp.isdecimal() and len(stamp) <= 12 else 401
