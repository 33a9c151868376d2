"""Discord's markup of what people write, as plain words: pure.

Source: https://docs.discord.com/developers/reference#message-formatting: users, roles, channels,
commands and emoji stand as `<…>` with their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

MOST_TITLE: Final = 90

_TOKEN = re.compile(r"<(@!?|@&|#|a?:|/)([^<>\n]{1,100})>")
_ADDRESSED = re.compile(r"\A\s*(?:<@[!&]?\d+>[\s,:]*)+")
_SPACE = re.compile(r"\s+")
_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)


def readable(text: str, *, own: Iterable[str] = (), names: Mapping[str, str] | None = None) -> str:
    """The text as a person reads it.

    `own` are the ids (user and roles) by which we are mentioned; such a mention at the start or
    end is left out. `names` are names by id of users, roles and channels.
    """
    ours = "|".join(re.escape(one) for one in own if one)
    if ours:
        mention = rf"<@[!&]?(?:{ours})>"
        text = re.sub(rf"\A\s*(?:{mention}[\s,:]*)+", "", text)
        text = re.sub(rf"(?:[\s,]*{mention})+\s*\Z", "", text)
    known = names or {}
    return _TOKEN.sub(lambda found: _said(found[1], found[2], known), text).strip()


def _said(kind: str, what: str, names: Mapping[str, str]) -> str:
    if kind.startswith("@"):
        return "@" + names.get(what, what)
    if kind == "#":
        return "#" + names.get(what, what)
    name = what.split(":")[0]
    return f"/{name}" if kind == "/" else f":{name}:"


def mentions(text: str, user: str) -> bool:
    """Whether a text names a user where a mention is one: outside of code."""
    return re.search(rf"(?<!\\)<@!?{re.escape(user)}>", _CODE.sub("", text)) is not None


def quoted(text: str) -> str:
    """The text as a quotation, which starts no line of its own."""
    return "\n".join(f"> {line}" for line in text.splitlines()) or "> …"


def title(text: str, names: Mapping[str, str] | None = None) -> str:
    """What a platform thread is called after its first words; never empty. Whom it begins with is
    left out."""
    words = readable(_ADDRESSED.sub("", text), names=names)
    plain = _SPACE.sub(" ", words.replace("> ", " ").replace("`", "")).strip(" *_#>-")
    if not plain:
        return "A question"
    return plain if len(plain) <= MOST_TITLE else plain[: MOST_TITLE - 1].rstrip() + "…"
