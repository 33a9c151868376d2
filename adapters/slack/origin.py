"""Where a Slack message stands, as one word: the ids of its Inbound and reply begin with it.

    C024BE91L:1716932400.000100:1716932390.000000:U02AB
    channel   stamp of the post  root of its thread  who wrote it

Any process may answer any turn, long after the event, so all that an answer needs of the place is
in the id: the thread that it goes into, and for whom it is. Both events that Slack sends for one
mention (`app_mention` and `message`) give the same word, so the second one is a duplicate.
Source: https://docs.slack.dev/messaging (a post is named by its channel and `ts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NO_THREAD = "0.0"
"""The root of what stands in no thread: the answer to a slash command in direct messages."""

_STAMP = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_ID = r"[A-Za-z0-9_-]+"
"""Of capitals and digits in Slack, which promises no form; stand-ins for it write others."""
_ORIGIN = re.compile(rf"(?P<channel>{_ID}):(?P<ts>{_STAMP}):(?P<root>{_STAMP}):(?P<user>{_ID})")


@dataclass(frozen=True, slots=True)
class Origin:
    """A post of a person, or a press of a button (`ts` is then the moment of the press)."""

    channel: str
    ts: str
    root: str
    user: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.ts}:{self.root}:{self.user}"

    @classmethod
    def of(cls, name: str) -> Origin | None:
        """The origin that `name` (of an Inbound, or of a part of its reply) begins with."""
        found = _ORIGIN.match(name)
        return None if found is None else cls(**found.groupdict())


def is_stamp(value: object) -> bool:
    """Whether it is a Slack time stamp: a string, never a number."""
    return isinstance(value, str) and re.fullmatch(_STAMP, value) is not None
