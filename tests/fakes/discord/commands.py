"""What Discord takes as commands, and as suggestions while somebody types.

Source: https://docs.discord.com/developers/interactions/application-commands (names, descriptions,
25 options, 25 choices, no choices beside an autocompletion), /receiving-and-responding (type 8).
"""

from __future__ import annotations

import re
from typing import cast

from tests.fakes.discord.looks import Json, Refusal

_NAME = re.compile(r"[-_'\w]{1,32}")
_OPTION = frozenset(
    {"type", "name", "description", "required", "choices", "autocomplete", "max_length"}
    | {"min_length", "min_value", "max_value", "channel_types", "options"}
)
_WITH_CHOICES = frozenset({3, 4, 10})


def check_commands(commands: list[Json]) -> None:
    """Refuse what Discord refuses when it is told of all commands."""
    names = [(one.get("type", 1), one["name"]) for one in commands]
    if len(set(names)) != len(names):
        raise Refusal(400, 50035, "Application command names must be unique")
    for command in commands:
        if command.get("type", 1) == 1:
            _check_named(command)
        _check_options(cast("list[Json]", command.get("options") or []))


def check_suggestions(data: Json) -> None:
    """Refuse suggestions that Discord would not show."""
    _check_choices(cast("list[Json]", data["choices"]))


def _check_options(options: list[Json]) -> None:
    if len(options) > 25 or len({one["name"] for one in options}) != len(options):
        raise Refusal(400, 50035, "at most 25 options, each name once")
    needed = [bool(one.get("required")) for one in options]
    if needed != sorted(needed, reverse=True):
        raise Refusal(400, 50035, "Required options must be placed before non-required options")
    for one in options:
        assert set(one) <= _OPTION, f"unknown fields of an option: {set(one) - _OPTION}"
        _check_named(one)
        choices = cast("list[Json]", one.get("choices") or [])
        if (choices or one.get("autocomplete")) and one["type"] not in _WITH_CHOICES:
            raise Refusal(400, 50035, "choices are for texts and numbers")
        if choices and one.get("autocomplete"):
            raise Refusal(400, 50035, "choices and autocomplete exclude each other")
        _check_choices(choices)
        _check_options(cast("list[Json]", one.get("options") or []))


def _check_named(one: Json) -> None:
    if not _NAME.fullmatch(one["name"]) or one["name"] != one["name"].lower():
        raise Refusal(400, 50035, f"{one['name']!r} is no name")
    if not 1 <= len(one["description"]) <= 100:
        raise Refusal(400, 50035, f"{one['description']!r} is no description")


def _check_choices(choices: list[Json]) -> None:
    names = [one["name"] for one in choices]
    if len(choices) > 25 or len(set(names)) != len(names):
        raise Refusal(400, 50035, "at most 25 choices, each name once")
    for one in choices:
        if not 1 <= len(one["name"]) <= 100 or not 1 <= len(str(one["value"])) <= 100:
            raise Refusal(400, 50035, f"{one!r} is no choice")
