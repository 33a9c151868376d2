"""Who may start a turn, and how much they may write: pure decisions, no state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from core.chat.messages import Delete, Event, Inbound

Verdict = Literal["take", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What intake asks before it stores anything."""

    longest_message: int = 100_000
    """Characters of one message; the API's own limit is 256,000, and a prompt has to hold it."""
    busy: Literal["collect", "interrupt"] = "collect"
    """What a message does to the turn that is being answered: wait for it, or stop it."""

    admins: frozenset[str] = frozenset()
    """Who may do everywhere what askers may with their own questions: `slack:U1`, `discord:123`,
    `terminal:ann`. Others may be admins by what their platform says."""

    def recognised(self, event: Event) -> Event:
        """The event, with its author marked where they are one of the admins."""
        if isinstance(event, Delete) or event.author.is_admin:
            return event
        if f"{event.conversation.platform}:{event.author.id}" not in self.admins:
            return event
        return replace(event, author=replace(event.author, is_admin=True))

    def judge(self, inbound: Inbound) -> Verdict | str:
        """`take`, `ignore`, or the sentence with which it is refused."""
        if inbound.author.is_bot or not (inbound.text.strip() or inbound.files):
            return "ignore"
        if len(inbound.text) > self.longest_message:
            return (
                f"Your message has {len(inbound.text):,} characters; I take up to "
                f"{self.longest_message:,}. Please send it in parts."
            )
        return "take"
