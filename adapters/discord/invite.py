"""The link that puts the bot into a server, with the least permissions that it needs.

Source: https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow,
/topics/permissions, /resources/application#application-object-application-flags.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

PERMISSIONS: Final[dict[str, int]] = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
"""What each is for stands in docs/discord.md."""

_CONTENT: Final = (1 << 18) | (1 << 19)
"""Application flags of the message content intent, for large and small apps."""


def invitation(application: str) -> str:
    """Where somebody who may manage a server adds the bot to it."""
    query = {
        "client_id": application,
        "scope": "bot applications.commands",
        "permissions": str(sum(PERMISSIONS.values())),
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


def personal_invitation(application: str) -> str:
    """Where somebody adds its commands to their own account, to use them anywhere."""
    query = {"client_id": application, "scope": "applications.commands", "integration_type": "1"}
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


def may_read_contents(application: dict[str, Any]) -> bool:
    """Whether the app's page has the Message Content Intent switched on."""
    return bool(int(application.get("flags") or 0) & _CONTENT)
