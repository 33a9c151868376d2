"""What Bobbin says once where several people are: what it reads there, and where that goes.

It comes behind the first answer in a channel, as a part of that reply, so a process that dies in
between leaves it to the next owner. Pure but for the question whether it was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.chat.manners import LocalRulesOf, Places, rules_of
from core.chat.messages import Post
from core.chat.turns import Turn

MARK: Final = ".intro"
"""How the part's name ends."""

NOTICE: Final = (
    "This is my first answer in this channel, so you know: I read the threads that I was called "
    "into and nothing else here. What I read goes to the model that answers, and is kept with the "
    "conversation until it is deleted; `!forget` removes what you wrote. Answers are written by a "
    "machine and may be wrong. "
    "`!quiet` in a thread: I answer only when I am mentioned. `!leave`: I am silent in this "
    "channel, until somebody mentions me with `!return`."
)


class Introducing:
    """Introduces itself where it speaks for the first time. `wanted`: whether, where the
    moderators of a place (`local`, by platform) do not say."""

    def __init__(
        self, places: Places, *, wanted: bool, local: Mapping[str, LocalRulesOf] | None = None
    ) -> None:
        self._places = places
        self._wanted = wanted
        self._local = local

    async def post(self, turn: Turn) -> Post | None:
        """What is to be said behind the answer to this turn, if anything.

        Raises:
            StoreError: it is not known whether it was said.
        """
        claim = turn.claim
        introduce = rules_of(turn.conversation, self._local).introduce
        wanted = self._wanted if introduce is None else introduce
        if not wanted or not claim.mail[0].setting.shared:
            return None
        told = f"intro {turn.conversation.channel}"
        if not await self._places.first_time(told, claim.turn_id):
            return None
        name = f"{claim.turn_id}{MARK}"
        return Post(part_id=name, text=NOTICE, turn=turn.inbound_ids, kind="notice")
