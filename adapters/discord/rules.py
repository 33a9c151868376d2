"""How Bobbin behaves in a place: what its moderators set, or else the configuration. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.chat.manners import Follow

Mode = Literal["thread", "reply", "channel", "user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds in a channel, and in its threads.

    `mode` says where a question in the channel is answered, `answers` whether anybody is, `follow`
    when no mention is needed. `introduce`: the first answer says what is read. `programs` are the
    ids of bots and webhooks that may ask.
    """

    mode: Mode = "thread"
    answers: bool = True
    follow: Follow = "alone"
    introduce: bool = True
    programs: frozenset[str] = frozenset()


RulesOf = Callable[[str, str], Rules]
"""What holds in a guild's channel; both by id. Known at once."""


def everywhere(rules: Rules) -> RulesOf:
    """The same rules in every place."""
    return lambda _guild, _channel: rules
