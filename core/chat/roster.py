"""The declared Assistants, and who may use which of them where: pure.

Nothing declared is everybody everywhere. Of several rules one is enough, for each person by
themselves; all that a rule names must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

from core.chat.messages import ConversationKey

DIRECT: Final = "direct"
"""What a rule calls direct messages, among its channels."""

ID_PREFIX: Final = "asst_"
"""How ids of Assistants begin; an operator may name one that no file declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a conversation lies. `workspace` is Slack's, or the server of Discord; `channel` is the
    one that a thread lies in, and `direct` for direct messages. Empty: it lies in none."""

    platform: str
    workspace: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Somebody who may use an Assistant somewhere. What is empty does not matter."""

    platform: str = ""
    workspace: str = ""
    channels: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def holds(self, spot: Whereabouts, person: str) -> bool:
        """Whether that person may, there."""
        return (
            self.platform in ("", spot.platform)
            and self.workspace in ("", spot.workspace)
            and (not self.channels or spot.channel in self.channels)
            and (not self.people or person in self.people)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A declared Assistant. `slug` is the name of its file; `prompts` are suggested to people."""

    slug: str
    name: str
    description: str = ""
    prompts: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    def is_for(self, spot: Whereabouts, people: Collection[str]) -> bool:
        """Whether each of these people may use it there."""
        return not self.rules or all(
            any(rule.holds(spot, person) for rule in self.rules) for person in people
        )


Standing = Literal["here", "gone", "not theirs"]
"""Of a chosen Assistant: it may answer; nothing declares it; not all who ask may use it here."""

Locate = Callable[[ConversationKey], Whereabouts]


def nowhere(conversation: ConversationKey) -> Whereabouts:
    """The whereabouts of which nothing but the platform is known."""
    return Whereabouts(platform=conversation.platform)


@dataclass(frozen=True, slots=True)
class Roster:
    """All declared Assistants of a process, in order.

    `default` answers where nothing else is chosen: a slug, or the id of an Assistant that no file
    declares. `locate` says where a conversation lies.
    """

    offers: tuple[Offer, ...]
    default: str
    locate: Locate = nowhere

    def available(
        self, conversation: ConversationKey, people: Collection[str]
    ) -> tuple[Offer, ...]:
        """What each of these people may use there."""
        spot = self.locate(conversation)
        return tuple(offer for offer in self.offers if offer.is_for(spot, people))

    def find(
        self, name: str, conversation: ConversationKey, people: Collection[str]
    ) -> Offer | None:
        """The available one of that name: its file's, or the one that people see, if only one has
        it. Case does not matter."""
        wanted = _plain(name)
        there = self.available(conversation, people)
        by_file = [offer for offer in there if _plain(offer.slug) == wanted]
        found = by_file or [offer for offer in there if _plain(offer.name) == wanted]
        return found[0] if len(found) == 1 else None

    def standing(
        self, chosen: str, conversation: ConversationKey, people: Collection[str]
    ) -> Standing:
        """Whether the chosen one may answer these people there."""
        if chosen == self.default or chosen.startswith(ID_PREFIX):
            return "here"
        offer = self.offer(chosen)
        if offer is None:
            return "gone"
        return "here" if offer.is_for(self.locate(conversation), people) else "not theirs"

    def offer(self, slug: str) -> Offer | None:
        """The declared one of that file."""
        return next((offer for offer in self.offers if offer.slug == slug), None)

    def name_of(self, chosen: str) -> str:
        """What people call it."""
        offer = self.offer(chosen)
        return offer.name if offer is not None else chosen

    @property
    def for_all(self) -> bool:
        """Whether everybody may use each of them everywhere."""
        return not any(offer.rules for offer in self.offers)


def _plain(name: str) -> str:
    return " ".join(name.casefold().strip("`*\"' ").split())
