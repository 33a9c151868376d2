"""`/settings`: a moderator sees and sets how Bobbin behaves in a channel or in the whole server.

Discord shows the command to whoever may manage channels, and a server's admins may show it to
others, so who may do what is checked here again: the server takes Manage Server, a channel Manage
Channels or Manage Server.
Source: https://docs.discord.com/developers/interactions/application-commands
(default_member_permissions), /topics/permissions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from adapters.discord.asked import Where
from adapters.discord.events import PLATFORM
from adapters.discord.house import NOBODY, VALUES, Holding, HouseRules, Name
from core.chat.manners import Places
from core.chat.messages import ConversationKey
from core.errors import InvalidRequest

Json = dict[str, Any]

NAME: Final = "settings"

_ADMINISTRATOR: Final = 1 << 3
_CHANNELS: Final = 1 << 4
_SERVER: Final = 1 << 5

_NOT_SET: Final = "unset"
_HERE: Final = "channel"
MOST_BOTS: Final = 20

_ID = re.compile(r"<@[!&]?(\d{15,20})>|\b(\d{15,20})\b")

_SAYS: Final[Mapping[Name, Mapping[str, str]]] = {
    "answers": {"on": "I answer here", "off": "I answer nobody here"},
    "mode": {
        "thread": "Each question gets a thread of its own",
        "reply": "I reply in the channel; a reply to me goes on",
        "channel": "The channel is one conversation",
        "user": "Each person has a conversation in the channel; mention me each time",
    },
    "follow": {
        "alone": "In my threads no mention is needed while one person writes",
        "always": "In my threads no mention is ever needed",
        "never": "A mention is always needed",
    },
    "introduction": {
        "on": "With my first answer in a channel I say what I read",
        "off": "I do not say what I read with my first answer",
    },
}
_BY: Final = {"place": "this channel", "home": "the whole server", "configuration": "by default"}
_MEANS: Final[Mapping[Name, str]] = {
    "answers": "Whether I answer at all",
    "mode": "Where I answer what is asked in the channel",
    "follow": "Whether I answer without a mention where I take part",
    "introduction": "Whether I say with my first answer what I read here",
}


def _option(name: Name) -> Json:
    known = [{"name": _SAYS[name][value], "value": value} for value in VALUES[name]]
    choices = [*known, {"name": "Not set here", "value": _NOT_SET}]
    return {"type": 3, "name": name, "description": _MEANS[name], "choices": choices}


COMMAND: Final[Json] = {
    "type": 1,
    "name": NAME,
    "description": "How I behave in this channel or server",
    "default_member_permissions": str(_CHANNELS),
    "integration_types": [0],
    "contexts": [0],
    "options": [
        {
            "type": 3,
            "name": "where",
            "description": "What they are for; this channel where you do not say",
            "choices": [
                {"name": "This channel and its threads", "value": _HERE},
                {"name": "The whole server", "value": "server"},
            ],
        },
        *(_option(name) for name in VALUES),
        {
            "type": 3,
            "name": "bots",
            "description": "Other bots and webhooks that may ask me: mentions or ids; none; unset",
            "max_length": 1000,
        },
    ],
}


class SettingsCommand:
    """Carries `/settings` out.

    Args:
        house: what is set.
        places: which channels Bobbin was sent out of.
        bot_user: id of the bot's user.
    """

    def __init__(self, house: HouseRules, places: Places, bot_user: str) -> None:
        self._house = house
        self._places = places
        self._bot_user = bot_user

    async def carry_out(self, where: Where, data: Mapping[str, Any]) -> str:
        """Set what is asked for; what holds then, in words.

        Raises:
            StoreError: nothing is known to be stored.
        """
        if not where.guild:
            return "There are settings in servers only."
        given = {
            str(one["name"]): str(one.get("value") or "").strip()
            for one in cast("list[Json]", data["data"].get("options") or [])
        }
        channel = where.room.home if given.pop("where", _HERE) == _HERE else ""
        rights = _rights(data)
        if not rights & (_SERVER if not channel else _SERVER | _CHANNELS):
            needed = "Manage Channels" if channel else "Manage Server"
            return f"This is for moderators: you need the permission *{needed}*."
        try:
            values = self._values(given)
            if values:
                await self._house.put(where.guild, channel, values)
        except InvalidRequest as error:
            return str(error)
        key = ConversationKey(PLATFORM, (where.guild, channel or where.room.home))
        if channel and values.get("answers") == "on":
            await self._places.set_away(key, away=False)
        away = bool(channel) and await self._places.is_away(key)
        return self._shown(where.guild, channel, away=away)

    def _values(self, given: Mapping[str, str]) -> dict[str, str | None]:
        """What is to be set. Raises InvalidRequest for what cannot be."""
        values: dict[str, str | None] = {}
        for name, value in given.items():
            if value.lower() == _NOT_SET:
                values[name] = None
            elif name == "bots":
                values[name] = self._bots(value)
            elif value in VALUES.get(cast("Name", name), ()):
                values[name] = value
            else:
                raise InvalidRequest(f"`{name}` cannot be `{value}`.")
        return values

    def _bots(self, text: str) -> str:
        if text.lower() == NOBODY:
            return NOBODY
        found = {one or other for one, other in _ID.findall(text)}
        if not found or re.sub(r"[\s,;]+", "", _ID.sub("", text)):
            raise InvalidRequest(
                "`bots` takes mentions or ids of bots and webhooks (with Developer Mode on: "
                "right click, Copy ID), `none` or `unset`."
            )
        if self._bot_user in found:
            raise InvalidRequest("I do not answer myself: leave me out of `bots`.")
        if len(found) > MOST_BOTS:
            raise InvalidRequest(f"`bots` takes up to {MOST_BOTS} ids.")
        return ",".join(sorted(found))

    def _shown(self, guild: str, channel: str, *, away: bool) -> str:
        of = f"In <#{channel}> and its threads" if channel else "In this whole server"
        lines = [f"**{of}** (what is set for a channel comes before what is set for the server):"]
        lines += [
            f"- `{one.name}: {_value(one)}` – {_said(one)} ({_BY[one.by]})"
            for one in self._house.holding(guild, channel)
        ]
        if away:
            lines.append(
                "Somebody sent me out with `!leave`, so I answer nobody here; "
                "`/settings answers: on` or `!return` brings me back."
            )
        return "\n".join(lines)


def _rights(data: Mapping[str, Any]) -> int:
    member = cast("Json", data.get("member") or {})
    given = str(member.get("permissions") or "0")
    rights = int(given) if given.isdecimal() else 0
    return -1 if rights & _ADMINISTRATOR else rights


def _value(one: Holding) -> str:
    return one.value.replace(",", " ")


def _said(one: Holding) -> str:
    if one.name != "bots":
        return _SAYS[one.name][one.value]
    if one.value == NOBODY:
        return "Other bots and webhooks never get an answer"
    who = ", ".join(f"<@{each}>" for each in one.value.split(","))
    return f"Of bots and webhooks, {who} may ask me by a mention or a reply"
