"""What others let stand in for Discord: it has some of the routes and tells the least it can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.fakes.discord.gateway import Session
from tests.fakes.discord.looks import Json, Refusal
from tests.fakes.discord.people import FakeDiscord

_KEPT: Final = {
    name: fields.split()
    for name, fields in {
        "READY": "v user session_id",
        "GUILD_CREATE": "id name",
        "MESSAGE_CREATE": "id channel_id guild_id author content",
        "INTERACTION_CREATE": (
            "id application_id type token data channel_id guild_id member user message"
        ),
    }.items()
}
_PERSON: Final = ("id", "username", "bot")


@dataclass
class SparseDiscord(FakeDiscord):
    """A guild of which little is told."""

    without: str = r"^$"
    """The routes that are not there: a pattern of `GET /users/@me`."""

    def _carry_out(self, request: web.Request, path: str, body: Any, files: dict[str, Any]) -> Any:
        if re.search(self.without, f"{request.method} {path}"):
            raise Refusal(404, 0, "404: Not Found")
        return super()._carry_out(request, path, body, files)

    async def _tell(self, session: Session, name: str, data: Json) -> None:
        told = {key: data[key] for key in _KEPT.get(name, data) if key in data}
        if "author" in told:
            told["author"] = {key: told["author"][key] for key in _PERSON}
        await super()._tell(session, name, told)
