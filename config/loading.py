"""Reading config/assistants/*.toml and config/models.toml, with a sentence for each mistake."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from config.availability import read_rules
from config.settings import ROOT
from core.chat.roster import Rule
from core.errors import ConfigurationError

ASSISTANTS = ROOT / "config" / "assistants"
MODELS = ROOT / "config" / "models.toml"

_FUNCTION = re.compile(r"[A-Za-z]\w*\.[A-Za-z]\w*")

TOOLS = ("code_interpreter", "file_search")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantFile:
    """One declared assistant. `slug` is the file's name without .toml.

    `functions` are written `module.function`; `function_tools` are what became of them, as tools of
    the API, once their modules are loaded (bots/wiring/functions.py). `available` says who may use
    it where; nothing is everybody everywhere.
    """

    slug: str
    name: str
    instructions: str
    description: str | None = None
    model: str | None = None
    tools: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    function_tools: tuple[dict[str, Any], ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    suggested_prompts: tuple[str, ...] = ()
    available: tuple[Rule, ...] = ()


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigurationError: it cannot be read, or it is no TOML; the text says where.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error


def load_assistants(folder: Path = ASSISTANTS) -> dict[str, AssistantFile]:
    """All declared assistants by slug.

    Raises:
        ConfigurationError: a file is broken; the text names it and the field.
    """
    return {path.stem: _assistant(path) for path in sorted(folder.glob("*.toml"))}


def _assistant(path: Path) -> AssistantFile:
    body = read_toml(path)
    fields = set(AssistantFile.__dataclass_fields__) - {"slug", "function_tools"}
    for name in body:
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise ConfigurationError(f"{path}: unknown field {name!r}. Known fields: {known}.")
    tools = _texts(path, body, "tools")
    for tool in tools:
        if tool not in TOOLS:
            raise ConfigurationError(
                f"{path}: unknown tool {tool!r} in `tools`. Known tools: {', '.join(TOOLS)}."
            )
    functions = _texts(path, body, "functions")
    for function in functions:
        if not _FUNCTION.fullmatch(function) or functions.count(function) > 1:
            raise ConfigurationError(
                f"{path}: {function!r} in `functions` must be written `module.function`, once: "
                '"weather.forecast" is `def forecast` in config/functions/weather.py.'
            )
    return AssistantFile(
        slug=path.stem,
        name=_text(path, body, "name", longest=256) or path.stem,
        instructions=_text(path, body, "instructions", longest=256_000) or "",
        description=_text(path, body, "description", longest=512),
        model=_text(path, body, "model", longest=256),
        tools=tools,
        functions=functions,
        temperature=_number(path, body, "temperature", 2.0),
        top_p=_number(path, body, "top_p", 1.0),
        suggested_prompts=_texts(path, body, "suggested_prompts"),
        available=read_rules(path, body.get("available")),
    )


def _text(path: Path, body: dict[str, Any], name: str, *, longest: int) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise ConfigurationError(
            f"{path}: `{name}` must be a text of at most {longest} characters."
        )
    return value


def _texts(path: Path, body: dict[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(
        isinstance(item, str) for item in cast("list[object]", value)
    ):
        raise ConfigurationError(f"{path}: `{name}` must be a list of texts.")
    return tuple(cast("list[str]", value))


def _number(path: Path, body: dict[str, Any], name: str, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ConfigurationError(f"{path}: `{name}` must be a number from 0 to {most:g}.")
    return float(value)
