"""The slash command `/bobbin`: in a channel a conversation of the person's own, in direct messages
the one that is there.

    /bobbin ask QUESTION    answered for the person who asks alone
    /bobbin new | sessions | resume N | stop | regenerate | help
    /bobbin usage | forget    about the person, wherever they type it

Source: https://docs.slack.dev/interactivity/implementing-slash-commands. Slack tells of no thread
here, so threads have the same verbs as `!new`, `!stop` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.slack.ears import Deliver
from adapters.slack.events import PLATFORM, Me, private_place, slashed
from adapters.slack.origin import NO_THREAD, Origin
from core.chat.messages import Command, ConversationKey, Inbound
from core.chat.saying import HELP, OF_PEOPLE
from core.clock import Clock

UNKNOWN: Final = "I know no `/bobbin {name}`. `/bobbin help` lists what I know."
NO_QUESTION: Final = "Write the question behind it: `/bobbin ask what is a prime number?`"
APART: Final = "Each thread is a conversation of its own here: write `!{name}` in the one you mean."
TAKEN: Final = "Working on it. Only you will see the answer."


class Slash:
    """Carries out what is typed behind `/bobbin`."""

    def __init__(self, me: Me, deliver: Deliver, clock: Clock) -> None:
        self._me = me
        self._deliver = deliver
        self._clock = clock

    async def carry_out(self, payload: Mapping[str, Any]) -> str:
        """Do it; what the person is told at once.

        Raises:
            StoreError: nothing happened.
        """
        name, argument, author = slashed(payload, self._me)
        channel = str(payload["channel_id"])
        where = self._place(channel, author.id)
        now = self._clock.now()
        origin = Origin(channel, f"{now:.6f}", NO_THREAD, author.id)
        if name == "ask":
            if not argument:
                return NO_QUESTION
            await self._deliver(
                Inbound(
                    id=str(origin),
                    message_id=origin.ts,
                    conversation=where,
                    author=author,
                    text=argument,
                    received_at=now,
                )
            )
            return "" if where.platform == PLATFORM else TAKEN
        if name == "help":
            verbs = {"ask": "ask something; in a channel only you see the answer"} | HELP
            return "\n".join(f"`/bobbin {verb}` – {does}" for verb, does in verbs.items())
        if self._me.apart and where.platform == PLATFORM and name in HELP.keys() - OF_PEOPLE:
            return APART.format(name=name)
        if name not in HELP:
            return UNKNOWN.format(name=name[:30])
        await self._deliver(
            Command(
                id=str(origin),
                conversation=where,
                author=author,
                name=name,
                argument=argument,
                received_at=now,
            )
        )
        return ""

    def _place(self, channel: str, user: str) -> ConversationKey:
        if channel.startswith("D"):
            return ConversationKey(PLATFORM, (self._me.team, channel))
        return private_place(self._me.team, channel, user)
