"""From a typed line to an Inbound: pure."""

from __future__ import annotations

from core.chat.messages import Author, ConversationKey, Inbound

PLATFORM = "terminal"


def conversation(user: str, name: str = "chat") -> ConversationKey:
    """The conversation of an operating-system user: `terminal:<user>:<name>`."""
    return ConversationKey(PLATFORM, (user or "user", name))


def inbound(line: str, *, key: ConversationKey, message_id: str, at: float) -> Inbound:
    """The message that a line is. `at` is in seconds since the epoch."""
    user = key.parts[0]
    return Inbound(
        id=message_id,
        message_id=message_id,
        conversation=key,
        author=Author(id=user, name=user, is_admin=True),
        text=line.strip(),
        received_at=at,
    )
