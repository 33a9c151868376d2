"""What moderators set by `/settings`, as rules: the channel before the server before the
configuration (decision 19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapters.discord.events import DIRECT
from adapters.discord.rules import Rules
from core.chat.customs import LocalCustoms
from core.chat.manners import LocalRules
from core.chat.messages import ConversationKey

Name = Literal["answers", "mode", "follow", "introduction", "bots"]

MOST: Final = 20_000
"""Places of which the rules are kept worked out."""

NOBODY: Final = "none"
"""Value of `bots` where explicitly no program may ask."""

VALUES: Final[Mapping[Name, tuple[str, ...]]] = {
    "answers": ("on", "off"),
    "mode": ("thread", "reply", "channel", "user"),
    "follow": ("alone", "always", "never"),
    "introduction": ("on", "off"),
}
"""What can be set, but for `bots`, which are ids separated by commas."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A value that holds, and who set it: the channel, the server or the configuration."""

    name: Name
    value: str
    by: Literal["place", "home", "configuration"]


class HouseRules:
    """The rules of every place.

    Args:
        customs: what moderators set.
        default: what the configuration says.
    """

    def __init__(self, customs: LocalCustoms, default: Rules) -> None:
        self._customs = customs
        self._default: dict[Name, str] = {
            "answers": "on" if default.answers else "off",
            "mode": default.mode,
            "follow": default.follow,
            "introduction": "on" if default.introduce else "off",
            "bots": ",".join(sorted(default.programs)) or NOBODY,
        }
        self._known: dict[tuple[str, str], Rules] = {}
        self._welcome: frozenset[str] = frozenset()
        self._as_of = -1

    def at(self, guild: str, channel: str) -> Rules:
        """What holds there."""
        self._learn()
        found = self._known.get((guild, channel))
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[guild, channel] = self._rules(guild, channel)
        return found

    def _rules(self, guild: str, channel: str) -> Rules:
        held: dict[str, Any] = {one.name: one.value for one in self.holding(guild, channel)}
        return Rules(
            mode=held["mode"],
            answers=held["answers"] == "on",
            follow=held["follow"],
            introduce=held["introduction"] == "on",
            programs=_ids(held["bots"]),
        )

    def of(self, conversation: ConversationKey) -> LocalRules:
        """What was set in the place of a conversation, for the flow of messages."""
        guild, channel = conversation.parts[:2]
        if guild == DIRECT:
            return LocalRules()
        held: dict[str, Any] = {
            one.name: one.value for one in self.holding(guild, channel) if one.by != "configuration"
        }
        introduction = held.get("introduction")
        return LocalRules(held.get("follow"), introduction and introduction == "on")

    def holding(self, guild: str, channel: str) -> list[Holding]:
        """Every value that holds there, with who set it. An empty `channel` is the whole server."""
        found: list[Holding] = []
        for name, default in self._default.items():
            value = self._customs.value(guild, channel, name)
            known = value is not None and (name == "bots" or value[0] in VALUES[name])
            if value is None or not known:  # a newer version may know more values
                found.append(Holding(name, default, "configuration"))
            else:
                found.append(Holding(name, *value))
        return found

    def welcomes(self, program: str) -> bool:
        """Whether that bot or webhook may ask anywhere."""
        self._learn()
        return program in self._welcome

    def _learn(self) -> None:
        """Forget what was worked out before something changed: each message asks for it."""
        if self._as_of == self._customs.learnt:
            return
        self._as_of = self._customs.learnt
        self._known.clear()
        lists = [self._default["bots"], *self._customs.everywhere("bots")]
        self._welcome = frozenset(one for ids in lists for one in _ids(ids))

    async def put(self, guild: str, channel: str, values: Mapping[str, str | None]) -> None:
        """Set them for a channel, or the server where it is empty; None takes one back.

        Raises:
            InvalidRequest: too many are set in this server.
            StoreError: nothing is known to be stored.
        """
        await self._customs.put(guild, channel, values)


def _ids(value: str) -> frozenset[str]:
    return frozenset() if value == NOBODY else frozenset(value.split(","))
