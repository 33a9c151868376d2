"""A place on the one port for an app that may come later."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Door:
    """Behind it is `app`; as long as there is none, whoever calls is asked to come again (503)."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = Response(status_code=503) if self.app is None else self.app
        await app(scope, receive, send)
