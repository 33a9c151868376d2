"""A guild that others wrote, simcord's, behind our fake's sockets: an independent judge of what we
send. simcord itself takes the place of discord.py's HTTP client, which we do not use; its rules
(limits, permissions, components, tokens) stand behind its table of routes, and that is asked here.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import discord
import simcord
from aiohttp import web
from simcord.backend.errors import BackendError
from simcord.backend.serializers import guild_create_payload
from simcord.http.router import RouteNotImplemented, UnsupportedField, dispatch

from tests.chat.flow import emptied
from tests.discord_chat.world import World
from tests.fakes.discord.gateway import Session
from tests.fakes.discord.looks import Json, Refusal
from tests.fakes.discord.people import FakeDiscord
from tests.fakes.discord.server import Doors
from tests.servers import Server


@dataclass
class Judged(Doors):
    """Our doors to simcord's guild. `gaps` are routes and fields that it does not know."""

    backend: Any = None
    gaps: int = 0

    def hear(self, event: str, payload: Mapping[str, Any]) -> None:
        """Something happened there."""
        self.emit(event, cast("Json", payload))

    def ready(self, session: Session) -> Json:
        bot: Json = dispatch(self.backend, "GET", "/users/@me")
        application: Json = dispatch(self.backend, "GET", "/oauth2/applications/@me")
        return {
            "v": 10,
            "user": bot,
            "guilds": [{"id": one["id"], "unavailable": True} for one in self.guilds_of(session)],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url,
            "application": {"id": application["id"], "flags": application.get("flags", 0)},
            "shard": list(session.shard),
        }

    def own(self, channel_id: str) -> list[Json]:
        page: list[Json] = dispatch(self.backend, "GET", f"/channels/{channel_id}/messages")
        bot = str(self.backend.bot_user.id)
        return [m for m in reversed(page) if m["author"]["id"] == bot and m["type"] in (0, 19, 20)]

    def guilds_of(self, session: Session) -> list[Json]:
        found = [guild_create_payload(self.backend, one) for one in self.backend.guilds.values()]
        return [json.loads(json.dumps(one)) for one in found]

    def _carry_out(self, request: web.Request, path: str, body: Any, files: dict[str, Any]) -> Any:
        attached = [
            discord.File(io.BytesIO(one["data"]), filename=one["name"]) for one in files.values()
        ]
        try:
            return dispatch(
                self.backend,
                request.method,
                path,
                json=body,
                params=dict(request.query),
                files=attached,
            )
        except (RouteNotImplemented, UnsupportedField):
            self.gaps += 1
            raise
        except BackendError as error:
            said: Json = error.to_json()
            raise Refusal(error.status, said["code"], said["message"]) from error


@asynccontextmanager
async def judged(server: Server) -> AsyncIterator[tuple[World, Any]]:
    """The bot's world with that guild in it, and simcord's environment, where people do things.

    simcord allows this in the context of a test alone: it is no fixture.
    """
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    intents.message_content = True
    async with (
        emptied(server) as client,
        simcord.run(discord.Client(intents=intents)) as env,
        Judged.running(backend=env.backend) as doors,
    ):
        env.backend.subscribers.append(doors.hear)
        world = World(client, cast("FakeDiscord", doors))
        yield world, env
        env.backend.subscribers.remove(doors.hear)
        await world.assistants.aclose()
        assert doors.gaps == 0, env.transcript()
