"""Where a Discord message stands, as one word: the ids of its Inbound and reply begin with it.

    400000000000000001:1180000000000000001:300000000000000002
    channel            message             who wrote it

Any process may answer any turn, long after the event, so all that an answer needs of the place is
in the id. What came by a slash command or a button that only the person sees an answer to ends
with a letter, and has the interaction's id instead of a message's.
Source: https://docs.discord.com/developers/reference#snowflakes (the time is in the id).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

EPOCH_MS: Final = 1_420_070_400_000

Kind = Literal["", "s", "b"]
"""A message; a slash command, whose response is still to be written; a press of a button."""

_ORIGIN = re.compile(r"(?P<channel>\d+):(?P<message>\d+):(?P<user>\d+)(?P<kind>[sb]?)(?![\w:])")


@dataclass(frozen=True, slots=True)
class Origin:
    """A message of a person, or an interaction."""

    channel: str
    message: str
    user: str
    kind: Kind = ""

    def __str__(self) -> str:
        return f"{self.channel}:{self.message}:{self.user}{self.kind}"

    @classmethod
    def of(cls, name: str) -> Origin | None:
        """The origin that `name` (of an Inbound, or of a part of its reply) begins with."""
        found = _ORIGIN.match(name)
        if found is None:
            return None
        kinds: dict[str, Kind] = {"": "", "s": "s", "b": "b"}
        return cls(found["channel"], found["message"], found["user"], kinds[found["kind"]])


def snowflake_at(at: float) -> str:
    """The smallest id of something made at that time (seconds since the epoch)."""
    return str(max(0, int(at * 1000) - EPOCH_MS) << 22)


def made_at(snowflake: str) -> float:
    """When something was made, in seconds since the epoch."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000
