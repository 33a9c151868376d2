"""When Bobbin speaks in places that it shares with several people.

It answers whoever names it. In a thread where it has been named it also answers without that, as
long as one person and Bobbin are the only ones who write there and the message is not for somebody
else: that is how two people talk. From the second writer on, and after `!quiet`, it has to be
named. What it was not meant to hear is neither stored nor answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from core.chat.messages import ConversationKey, Inbound

BACK: Final = "return"
"""The command that brings Bobbin back into a channel that it left."""

Follow = Literal["alone", "always", "never"]
"""When a message that does not name Bobbin is answered in a thread where it takes part: while one
person writes there, whoever writes, or not at all."""


@dataclass(frozen=True, slots=True)
class LocalRules:
    """What the moderators of a place want; None where the configuration holds. `introduce`: whether
    the first answer in a channel says what is read there."""

    follow: Follow | None = None
    introduce: bool | None = None


LocalRulesOf = Callable[[ConversationKey], LocalRules]
"""Says at once what holds in the place of a conversation."""


def rules_of(
    conversation: ConversationKey, platforms: Mapping[str, LocalRulesOf] | None
) -> LocalRules:
    """What the moderators of its place want, where its platform has such."""
    known = (platforms or {}).get(conversation.platform)
    return known(conversation) if known else LocalRules()


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a shared place: how many people have written there, and who must name us.
    `away`: nobody is answered in its whole channel."""

    writers: int
    quiet: bool = False
    away: bool = False


class Places(Protocol):
    """What is known of shared places. Forgotten 30 days after somebody wrote there."""

    async def heard(
        self, conversation: ConversationKey, author: str, *, addressed: bool
    ) -> Place | None:
        """Somebody wrote there; the place with this writer counted.

        None, and nothing is stored, where Bobbin was never addressed. Nothing is stored either
        in a channel that it left.

        Raises:
            StoreError: nothing was stored.
        """
        ...

    async def set_quiet(self, conversation: ConversationKey, *, quiet: bool) -> None:
        """Whether Bobbin has to be named there."""
        ...

    async def set_away(self, conversation: ConversationKey, *, away: bool) -> None:
        """Whether the whole channel is left alone. Kept for 400 days after somebody wrote there."""
        ...

    async def is_away(self, conversation: ConversationKey) -> bool:
        """Whether its whole channel is left alone. Raises StoreError."""
        ...

    async def first_time(self, name: str, by: str) -> bool:
        """Whether nobody else asked this before (within 400 days); for what is said only once.
        Whoever was first is told so again."""
        ...


class Manners:
    """Decides whether a message is meant for Bobbin."""

    def __init__(
        self,
        places: Places,
        *,
        follow: Follow = "alone",
        local: Mapping[str, LocalRulesOf] | None = None,
    ) -> None:
        self._places = places
        self._follow: Follow = follow
        self._local = local

    async def is_for_us(self, inbound: Inbound, *, command: str = "") -> bool:
        """Whether to take it; a `command` is for us wherever we take part, and in a channel that
        we left only the one that brings us back. Raises StoreError."""
        setting = inbound.setting
        if not setting.shared:
            return True
        place = await self._places.heard(
            inbound.conversation, inbound.author.id, addressed=setting.addressed
        )
        if place is not None and place.away:
            return command == BACK
        if setting.addressed or (command and place is not None):
            return True
        follow = rules_of(inbound.conversation, self._local).follow or self._follow
        if place is None or place.quiet or setting.to_others or follow == "never":
            return False
        return follow == "always" or place.writers == 1
