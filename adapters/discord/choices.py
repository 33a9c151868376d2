"""The Assistants that `/ask` and `/assistant` offer: pure.

Discord keeps the choices of a command, the same for everybody, 25 at most. Where there are more, or
not everybody may use all of them, what is offered is asked for while somebody types, and says who
asks where.
Source: https://docs.discord.com/developers/interactions/application-commands#application-command-object
(choices: 25, names and values of 1 to 100 characters, no name twice), #autocomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from core.chat.messages import ConversationKey
from core.chat.roster import Offer, Roster

Json = dict[str, Any]

SUGGESTIONS: Final = 8
"""The type of an answer with suggestions."""

OPTION: Final[Json] = {
    "type": 3,
    "name": "assistant",
    "description": "Who answers from now on",
    "autocomplete": True,
}
"""As it is where choices are asked for."""

MOST: Final = 25
_LONGEST: Final = 100


def fitted(commands: Sequence[Json], roster: Roster) -> list[Json]:
    """The commands with their choices of Assistants, where Discord can keep these."""
    if not roster.for_all or not 1 <= len(_choices(roster.offers)) <= MOST:
        return list(commands)
    kept = {name: value for name, value in OPTION.items() if name != "autocomplete"}
    kept["choices"] = _choices(roster.offers)
    return [
        {
            **command,
            "options": [kept if one == OPTION else one for one in command["options"]],
        }
        if OPTION in command.get("options", ())
        else command
        for command in commands
    ]


def suggested(
    roster: Roster, conversation: ConversationKey, user: str, data: Mapping[str, Any]
) -> list[Json]:
    """What is offered to somebody who types in an option (the `data` of the interaction)."""
    options = cast("list[Json]", data.get("options") or [])
    focused = next((one for one in options if one.get("focused")), None)
    if focused is None or focused.get("name") != OPTION["name"]:
        return []
    typed = str(focused.get("value") or "").casefold().strip()
    there = roster.available(conversation, (user,))
    fitting = [offer for offer in there if typed in f"{offer.name} {offer.slug}".casefold()]
    # What begins as it was typed comes first; among equals the declared order stays.
    fitting.sort(key=lambda offer: not offer.name.casefold().startswith(typed))
    return _choices(fitting)[:MOST]


def _choices(offers: Iterable[Offer]) -> list[Json]:
    """Name and value of each; what has the name of another one tells its file as well."""
    found: dict[str, str] = {}
    for offer in offers:
        if not 1 <= len(offer.slug) <= _LONGEST:
            continue
        name = (offer.name or offer.slug)[:_LONGEST]
        if name in found:
            name = f"{offer.name[: _LONGEST // 2]} ({offer.slug})"[:_LONGEST]
        found.setdefault(name, offer.slug)
    return [{"name": name, "value": slug} for name, slug in found.items()]
