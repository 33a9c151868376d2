"""What kind of place a channel is: the gateway says so once, and elsewhere it is asked for.

A message names its channel by id only, and a thread, a channel and direct messages are three
different things here. Bounded: `MOST` places, the oldest go first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from adapters.discord.api import DiscordApi
from adapters.discord.events import Room, room_of

Json = Mapping[str, Any]

MOST: Final = 50_000

_TOLD: Final = frozenset({"CHANNEL_CREATE", "CHANNEL_UPDATE", "THREAD_CREATE", "THREAD_UPDATE"})


class Rooms:
    """Places by channel id."""

    def __init__(self, api: DiscordApi) -> None:
        self._api = api
        self._known: dict[str, Room] = {}

    def hear(self, name: str, data: Json) -> None:
        """An event that may tell of places."""
        if name == "GUILD_CREATE":
            for one in [*data.get("channels", ()), *data.get("threads", ())]:
                self.learn({**one, "guild_id": data["id"]})
        elif name == "THREAD_LIST_SYNC":
            for one in data.get("threads", ()):
                self.learn({**one, "guild_id": data["guild_id"]})
        elif name in _TOLD:
            self.learn(data)

    def learn(self, channel: Json) -> Room:
        """A channel as Discord describes it."""
        room = room_of(channel)
        self._known[room.channel] = room
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return room

    async def of(self, channel: str) -> Room:
        """The place of a channel.

        Raises:
            PlatformError: Discord does not say.
        """
        known = self._known.get(channel)
        if known is None:
            found = await self._api.read(f"/channels/{channel}")
            known = self.learn(cast("Json", found))
        return known

    def remember_direct(self, channel: str, user: str) -> None:
        """Somebody wrote to us there."""
        if channel not in self._known:
            self._known[channel] = Room("direct", channel, user=user)
