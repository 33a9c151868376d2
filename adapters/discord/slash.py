"""The slash commands and the message menu, as Discord is told of them: only when they changed.

Source: https://docs.discord.com/developers/interactions/application-commands (a PUT replaces all
global commands; 200 creations a day).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from adapters.discord.api import DiscordApi, DiscordRefused
from adapters.discord.choices import OPTION
from adapters.discord.settings import COMMAND as SETTINGS
from core.chat.saying import HELP

log = logging.getLogger(__name__)

Json = dict[str, Any]

ASK_ABOUT: Final = "Ask about this message"

_EVERYWHERE: Final[Json] = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
"""In servers, direct messages and group chats; installed for a server or for a person."""


def _slash(name: str, description: str, *options: Json) -> Json:
    shown = {"options": list(options)} if options else {}
    return {"type": 1, "name": name, "description": description, **shown, **_EVERYWHERE}


COMMANDS: Final[tuple[Json, ...]] = (
    _slash(
        "ask",
        "Ask something",
        {
            "type": 3,
            "name": "question",
            "description": "What you want to know",
            "required": True,
            "max_length": 6000,
        },
        {"type": 11, "name": "attachment", "description": "A picture or a file"},
        OPTION,
        {"type": 5, "name": "private", "description": "Only you see the answer"},
    ),
    _slash("new", "Begin a new session; what was said before is forgotten"),
    _slash("assistant", "Who answers here: list them, or have another one", OPTION),
    _slash("stop", "Stop the answer that is being written"),
    _slash("regenerate", "Answer the last message again"),
    _slash("work", "Show how the last answer came about: code, calls, what they gave"),
    _slash("sessions", "List the sessions of this conversation"),
    _slash(
        "resume",
        "Return to an earlier session",
        {
            "type": 4,
            "name": "session",
            "description": "Its number in /sessions",
            "required": True,
            "min_value": 1,
        },
    ),
    _slash("usage", "What you used of me; only you see it"),
    _slash("forget", "Have me forget what you said here; I ask before I do"),
    _slash("help", "What I can do"),
    SETTINGS,
    {"type": 3, "name": ASK_ABOUT, **_EVERYWHERE},
)


def help_text() -> str:
    """What `/help` says: commands, and what is typed in threads."""
    lines = [f"- `/{one['name']}` – {one['description']}" for one in COMMANDS if one["type"] == 1]
    slashed = {one["name"] for one in COMMANDS}
    lines += [f"- `!{name}` – {does}" for name, does in HELP.items() if name not in slashed]
    lines.append(f"- **{ASK_ABOUT}** – in a message's menu, Apps")
    return "\n".join(lines)


async def in_step(api: DiscordApi, application: str, commands: Sequence[Json] = COMMANDS) -> bool:
    """Whether Discord knows exactly these commands. Raises PlatformError."""
    found = await api.read(f"/applications/{application}/commands")
    there = {(one["type"], one["name"]): one for one in cast("list[Json]", found)}
    wanted = {(one["type"], one["name"]): one for one in commands}
    return there.keys() == wanted.keys() and all(_says(there[key], wanted[key]) for key in wanted)


async def tell(api: DiscordApi, application: str, commands: Sequence[Json] = COMMANDS) -> bool:
    """Tell Discord, if they have changed; whether they had. Raises PlatformError."""
    try:
        if await in_step(api, application, commands):
            return False
    except DiscordRefused as error:
        log.info("which commands Discord knows cannot be read: %s", error)
    await api.write("PUT", f"/applications/{application}/commands", list(commands))
    log.info("Discord was told of the commands")
    return True


def _says(there: object, wanted: object) -> bool:
    """Whether everything in `wanted` stands in `there`, which may have more fields."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        known = cast("Mapping[str, object]", there)
        asked = cast("Mapping[str, object]", wanted)
        return all(_says(known.get(name, _DEFAULTS.get(name)), asked[name]) for name in asked)
    if isinstance(wanted, list) and isinstance(there, list):
        pairs = list(zip(cast("list[object]", there), cast("list[object]", wanted), strict=False))
        same_length = len(cast("list[object]", there)) == len(cast("list[object]", wanted))
        return same_length and all(_says(one, other) for one, other in pairs)
    return there == wanted


_DEFAULTS: Final[dict[str, object]] = {"required": False}
