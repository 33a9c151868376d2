"""Where an answer goes that Discord does not take in its place: into the channel of a thread that
is closed, else to whoever asked, by direct message and with a sentence.

A place that was deleted is no such place: somebody did not want it.
Parallel: answers. Survives a crash: nothing; the sentence may come twice then. Bounded:
`MOST_TOLD`.
Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

from typing import Final

from adapters.discord.api import DiscordApi, DiscordRefused, Json
from adapters.discord.origin import Origin
from adapters.discord.posting import Posting
from adapters.discord.threads import Target
from core.chat.messages import ConversationKey, Post

CLOSED: Final = frozenset({50001, 50013, 160005, 50083, 50008, 50024})
"""No access, no permission, a thread that is locked or archived, a channel of another kind."""

NOT_THERE: Final = (
    "I may not write in <#{channel}>, so I answer you here. (I need *View Channel*, "
    "*Send Messages* and *Send Messages in Threads* there, and threads that are not locked.)"
)

MOST_TOLD: Final = 1_000


class Elsewhere:
    """The next best places."""

    def __init__(self, api: DiscordApi, posting: Posting) -> None:
        self._api = api
        self._posting = posting
        self._told: dict[str, None] = {}

    async def post(
        self, conversation: ConversationKey, origin: Origin, closed: Target, post: Post
    ) -> tuple[Target, Json]:
        """Send it to the first place that takes it; which place, and the message.

        Raises:
            DiscordRefused: none does.
            PlatformError: as `DiscordApi.write`.
        """
        channel = conversation.parts[1]
        if closed.channel != channel:
            there = Target(channel, closed.channel)
            try:
                return there, await self._posting.new(there, post)
            except DiscordRefused as error:
                if error.code not in CLOSED:
                    raise
        opened: Json = await self._api.write(
            "POST", "/users/@me/channels", {"recipient_id": origin.user}
        )
        there = Target(str(opened["id"]))
        await self._explain(there, origin, closed)
        return there, await self._posting.new(there, post)

    async def _explain(self, there: Target, origin: Origin, closed: Target) -> None:
        name = str(origin)
        if name in self._told:
            return
        text = NOT_THERE.format(channel=closed.channel)
        await self._posting.new(there, Post(part_id=f"{name}.elsewhere", text=text))
        self._told[name] = None
        while len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
