"""Slack's markup of what people write, as plain words: pure.

Source: https://docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` come escaped, and
whatever stands in angle brackets is a token (`<@U1>`, `<#C1|name>`, `<!here>`, `<url|label>`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"<([^<>\n]{1,3000})>")
_USER = re.compile(r"<@([A-Za-z0-9_-]+)(?:\|[^<>]*)?>")


def mentioned(text: str) -> frozenset[str]:
    """Ids of the people (and bots) that a text names."""
    return frozenset(_USER.findall(text))


def readable(text: str, *, me: str = "", names: Mapping[str, str] | None = None) -> str:
    """The text as a person reads it; a mention of `me` at its start or end is left out.

    `names` are display names by user id; who is not in it keeps the id.
    """
    known = names or {}
    if me:
        own = rf"<@{re.escape(me)}(?:\|[^<>]*)?>"
        text = re.sub(rf"\A\s*{own}[\s,:]*", "", text)
        text = re.sub(rf"[\s,]*{own}\s*\Z", "", text)
    words = _TOKEN.sub(lambda found: _said(found[1], known), text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _said(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label or target[1:])
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!subteam^"):
        return label or "@a group"
    if target.startswith("!date^"):
        return label or target
    if target.startswith("!"):
        return "@" + (label or target[1:]).lstrip("@")
    address = target.removeprefix("mailto:")
    return address if not label or label == address else f"{label} ({address})"


def escaped(text: str) -> str:
    """Plain words as mrkdwn that shows exactly them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
