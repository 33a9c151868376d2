"""Reading config/models.toml: what is known of models, and the names that are retired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from config.loading import MODELS, read_toml
from core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The file's content: rows as dicts with known keys only, checked for their types."""

    default: str
    aliases: tuple[dict[str, Any], ...]
    models: tuple[dict[str, Any], ...]


_ALIAS: dict[str, tuple[type, ...]] = {"match": (str,), "to": (str,), "from": (date,)}
_MODEL: dict[str, tuple[type, ...]] = {
    "match": (str,),
    "context_tokens": (int,),
    "max_output_tokens": (int,),
    "tool_mode": (str,),
    "images": (bool,),
    "sampling": (bool,),
    "input_price": (int, float),
    "output_price": (int, float),
}


def load_models(path: Path = MODELS) -> ModelTable:
    """The table.

    Raises:
        ConfigurationError: the file is broken; the text names the row and the key.
    """
    body = read_toml(path)
    default = body.get("default")
    if not isinstance(default, str):
        raise ConfigurationError(f"{path}: `default` must name a model.")
    return ModelTable(
        default=default,
        aliases=_rows(path, body, "aliases", _ALIAS),
        models=_rows(path, body, "models", _MODEL),
    )


def _rows(
    path: Path, body: dict[str, Any], name: str, known: dict[str, tuple[type, ...]]
) -> tuple[dict[str, Any], ...]:
    rows = body.get(name, [])
    if not isinstance(rows, list):
        raise ConfigurationError(f"{path}: write [[{name}]] for each row.")
    checked: list[dict[str, Any]] = []
    for number, row in enumerate(cast("list[dict[str, Any]]", rows), 1):
        for key, value in row.items():
            if key not in known or not isinstance(value, known[key]):
                raise ConfigurationError(f"{path}: [[{name}]] number {number}: wrong {key!r}.")
        if "match" not in row:
            raise ConfigurationError(f"{path}: [[{name}]] number {number} has no `match`.")
        if name == "aliases" and "to" not in row:
            raise ConfigurationError(f"{path}: [[{name}]] number {number} has no `to`.")
        if row.get("tool_mode", "native") not in ("native", "json"):
            raise ConfigurationError(
                f"{path}: [[{name}]] number {number}: `tool_mode` is native or json."
            )
        checked.append(row)
    return tuple(checked)
