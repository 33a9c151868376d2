"""Telling people what they used, each of them their own."""

from __future__ import annotations

from typing import Final

from core.chat.messages import Command, ConversationKey
from core.chat.people import Accounts, Used, day_of, home_of, person_of
from core.chat.ports import ChatPlatform
from core.chat.saying import Saying
from core.clock import Clock

PERIODS: Final = (("Today", 1), ("The last 7 days", 7), ("The last 30 days", 30))

COUNTED: Final = (
    "This counts what you asked me on {home}{together}. Days begin at midnight UTC; after 32 days "
    "I keep nothing of this."
)
TOGETHER: Final = (
    ", in direct messages, threads and channels together. The tokens of an answer that several "
    "people asked for are divided among them"
)
ELSEWHERE: Final = (
    "Only you should see this: use the slash command for it, or write `!usage` in a direct message."
)


class Using:
    """Tells what was used."""

    def __init__(
        self, accounts: Accounts, platforms: dict[str, ChatPlatform], clock: Clock
    ) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._saying = Saying(platforms)
        self._clock = clock

    async def tell(self, command: Command) -> None:
        """Tell the person who asks, and nobody else. Raises StoreError."""
        can = self._platforms[command.conversation.platform].capabilities
        if command.shared and not (command.alone or can.whispers):
            await self._saying.say(command, ELSEWHERE)
            return
        lines = await self.lines(command.conversation, command.author.id)
        home = home_of(command.conversation).capitalize()
        counted = COUNTED.format(home=home, together="" if can.mentions == "generic" else TOGETHER)
        text = "\n".join(f"- {line}" for line in lines)
        await self._saying.say(command, f"{text}\n\n{counted}", alone=True)

    async def lines(self, conversation: ConversationKey, author_id: str) -> list[str]:
        """A sentence for each period. Raises StoreError."""
        can = self._platforms[conversation.platform].capabilities
        person = person_of(conversation, author_id, workspaces=can.workspaces)
        today = day_of(self._clock.now())
        longest = PERIODS[-1][1]
        days = await self._accounts.used(person, [today - ago for ago in range(longest)])
        return [f"{name}: {_words(sum(days[:count], Used()))}" for name, count in PERIODS]


def _words(used: Used) -> str:
    if not used.answers:
        return "nothing"
    answers = "1 answer" if used.answers == 1 else f"{used.answers:,} answers"
    tokens = f"{used.read:,} tokens read and {used.written:,} written"
    money = f", about ${used.micros / 1_000_000:,.2f}" if used.micros >= 5_000 else ""
    return f"{answers}, {tokens}{money}"
