"""Other bots and webhooks that may ask: as long as people take part.

Two programs that answer each other would do so for ever. So turns that programs start are counted
by channel, its threads included, and the row ends when a person writes there, or after an hour.
Past `MOST` Bobbin says so once and answers programs there no more.

Parallel: channels. What survives a crash: the row is in the store; who wrote last is known to this
process alone, and a person's message counts again as soon as they write. Bounded: `MOST_PLACES`.
"""

from __future__ import annotations

from typing import Final

from adapters.discord.api import DiscordApi
from adapters.discord.events import PLATFORM, Room
from adapters.discord.origin import made_at
from adapters.discord.render import QUIET, nonce
from core.chat.hearing import Loops

MOST: Final = 5
MOST_PLACES: Final = 10_000

ENOUGH: Final = (
    f"I have answered other bots here {MOST} times with no person in between. So that we do not "
    "talk to each other for ever, I go on when a person writes, or in an hour."
)


class Programs:
    """Decides whether a program gets a turn."""

    def __init__(self, api: DiscordApi, loops: Loops) -> None:
        self._api = api
        self._loops = loops
        self._people: dict[str, float] = {}

    def person(self, room: Room, message: str) -> None:
        """A person wrote there."""
        at = made_at(message)
        last = self._people.pop(room.home, 0.0)
        self._people[room.home] = max(at, last)
        while len(self._people) > MOST_PLACES:
            del self._people[next(iter(self._people))]

    async def may(self, room: Room, message: str) -> bool:
        """Whether this message of a program is to be answered; asked twice, the same.

        Raises:
            StoreError: not known just now.
            PlatformError: that it is enough could not be said.
        """
        place = f"{PLATFORM}:{room.guild}:{room.home}"
        person_at = self._people.get(room.home, 0.0)
        number = await self._loops.turn(place, message, made_at(message), person_at, MOST)
        if number == MOST + 1:
            body = {
                "content": ENOUGH,
                "allowed_mentions": QUIET,
                "nonce": nonce(f"loop:{message}"),
                "enforce_nonce": True,
            }
            await self._api.write("POST", f"/channels/{room.channel}/messages", body)
        return number <= MOST
