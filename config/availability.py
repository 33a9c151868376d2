"""Who may use a declared Assistant where: `[[available]]`, each mistake a sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, cast

from core.chat.roster import DIRECT, Rule
from core.errors import ConfigurationError

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "slack": ("workspace", "channels", "people"),
    "discord": ("server", "channels", "people"),
    "terminal": ("people",),
}
"""What can be said of a platform beside its name."""

_IDS: Final = {
    "slack": (re.compile(r"[A-Z][A-Z0-9]+"), 'an id such as "C0123ABCD"'),
    "discord": (re.compile(r"\d+"), 'an id such as "1180000000000000001"'),
    "terminal": (re.compile(r".+"), "a user of this machine"),
}


def read_rules(path: Path, value: object) -> tuple[Rule, ...]:
    """The rules of a file; none is everybody everywhere.

    Raises:
        ConfigurationError: one is broken; the text names the file, the rule and the field.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or not all(
        isinstance(one, dict) for one in cast("list[object]", value)
    ):
        raise ConfigurationError(
            f"{path}: `available` must be written as tables: [[available]] on a line of its own, "
            'and below it platform = "slack" and what else holds.'
        )
    rows = cast("list[dict[str, Any]]", value)
    return tuple(
        _rule(f"{path}: [[available]] number {number}", row)
        for number, row in enumerate(rows, start=1)
    )


def _rule(where: str, row: dict[str, Any]) -> Rule:
    platform = row.get("platform")
    if platform not in _FIELDS:
        raise ConfigurationError(f"{where}: `platform` must be one of {', '.join(_FIELDS)}.")
    fields = ("platform", *_FIELDS[platform])
    for name in row:
        if name not in fields:
            raise ConfigurationError(
                f"{where}: unknown field {name!r}. For {platform} there are: {', '.join(fields)}. "
                "(Fields of the assistant itself stand above the first [[available]].)"
            )
    workspace = row.get("workspace", row.get("server", ""))
    if "workspace" in row or "server" in row:
        field = "workspace" if "workspace" in row else "server"
        _check_id(where, platform, field, workspace)
    return Rule(
        platform=platform,
        workspace=workspace,
        channels=_ids(where, platform, row, "channels"),
        people=_ids(where, platform, row, "people"),
    )


def _ids(where: str, platform: str, row: dict[str, Any], field: str) -> tuple[str, ...]:
    if field not in row:
        return ()
    value = row[field]
    if not isinstance(value, list) or not value:
        raise ConfigurationError(
            f"{where}: `{field}` must be a list with something in it; leave it out for all."
        )
    for one in cast("list[object]", value):
        if field != "channels" or one != DIRECT:
            _check_id(where, platform, field, one)
    return tuple(cast("list[str]", value))


def _check_id(where: str, platform: str, field: str, value: object) -> None:
    pattern, example = _IDS[platform]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        also = f', or "{DIRECT}" for direct messages' if field == "channels" else ""
        raise ConfigurationError(f"{where}: {value!r} in `{field}` must be {example}{also}.")
