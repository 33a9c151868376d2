"""What others let stand in for Slack: it knows some of the methods and says less than Slack."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from tests.fakes.slack.looks import Json
from tests.fakes.slack.people import FakeSlack

FEW: Final = frozenset({"auth.test", "apps.connections.open", "chat.postMessage"})
"""The least that an app can be answered with."""


@dataclass
class SparseSlack(FakeSlack):
    """A workspace of which little is there."""

    knows: frozenset[str] = FEW
    """Methods that are there; others are a 404 without a word of Slack's."""
    by_post: bool = False
    """Whether only POST is taken, as Node's client asks; GET is a 404."""
    terse: bool = False
    """Whether all that is said is `ok`."""
    everywhere: bool = False
    """Whether commands and presses go to every socket, not to one of them."""

    one_way: list[str] = field(default_factory=list[str])
    """Uploads whose arguments stood in the query alone, or in the form alone."""

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if method.startswith("files.") and request.method == "POST":
            form = {key: str(value) for key, value in (await request.post()).items()}
            if form != dict(request.query):
                self.one_way.append(method)
        if method not in self.knows or (self.by_post and request.method != "POST"):
            return web.json_response({"message": "Not Found"}, status=404)
        answer = await super()._api(request)
        if self.terse and method != "apps.connections.open":
            return web.json_response({"ok": True})
        return answer

    async def send(self, kind: str, payload: Json, *, retry: int = 0) -> Json:
        if kind == "events_api" or not self.everywhere:
            return await super().send(kind, payload, retry=retry)
        heard = FakeSlack.send  # `super` is not to be had in what runs in parallel
        answers = await asyncio.gather(*(heard(self, kind, payload) for _ in range(2)))
        return answers[0]

    async def say(self, user: str, channel: str, text: str, **event: str) -> str:
        """Somebody writes; the event has nothing that it can do without."""
        ts = self.stamp()
        said: Json = {"type": "message", "user": user, "text": text, "ts": ts, "channel": channel}
        said |= event
        self.messages[channel][ts] = said
        await self.send("events_api", {"type": "event_callback", "event": said})
        return ts
