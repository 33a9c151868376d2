"""Declared assistants: config/assistants/*.toml applied to the engine, as often as you like."""

from __future__ import annotations

from typing import Any, cast

from config.loading import AssistantFile
from core.assistants import Assistant
from core.engine.requests import AssistantRequest, AssistantUpdate
from core.engine.service.engine import Engine
from core.errors import NotFound
from core.ids import ASSISTANT, derived

DECLARED = "bobbin_declared"
"""Metadata of a declared Assistant: the name of its file."""


def assistant_id(slug: str) -> str:
    """The id of the Assistant that a file declares: always the same."""
    return derived(ASSISTANT, "declared", slug)


def declared(file: AssistantFile, model: str) -> dict[str, Any]:
    """The Assistant that a file declares, by the API's fields."""
    return {
        "model": model,
        "name": file.name,
        "description": file.description,
        "instructions": file.instructions,
        "tools": (*({"type": tool} for tool in file.tools), *file.function_tools),
        "metadata": {DECLARED: file.slug},
        "temperature": file.temperature,
        "top_p": file.top_p,
    }


def is_as_declared(found: Assistant, wanted: dict[str, Any]) -> bool:
    """Whether an Assistant has all that is declared. What a service adds by itself is its own."""
    return (
        all(getattr(found, name) == wanted[name] for name in _SAME)
        and len(found.tools) == len(wanted["tools"])
        and all(map(_holds, found.tools, wanted["tools"]))
        and _holds(found.metadata, wanted["metadata"])
        and all(_sampling(getattr(found, name)) == _sampling(wanted[name]) for name in _SAMPLING)
    )


_SAME = ("model", "name", "description", "instructions")
_SAMPLING = ("temperature", "top_p")


async def apply(
    engine: Engine, files: dict[str, AssistantFile], default_model: str
) -> dict[str, str]:
    """Make or change each declared Assistant; what happened by slug: added, changed, unchanged."""
    return {slug: await _apply_one(engine, file, default_model) for slug, file in files.items()}


async def _apply_one(engine: Engine, file: AssistantFile, default_model: str) -> str:
    wanted_id = assistant_id(file.slug)
    wanted = declared(file, file.model or default_model)
    try:
        found = await engine.assistants.get(wanted_id)
    except NotFound:
        await engine.assistants.create(AssistantRequest(**wanted), assistant_id=wanted_id)
        return "added"
    if is_as_declared(found, wanted):
        return "unchanged"
    await engine.assistants.update(wanted_id, AssistantUpdate(**wanted))
    return "changed"


def _holds(found: Any, wanted: Any) -> bool:
    """Whether `found` has everything of `wanted`, however deep."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        there = cast("dict[str, Any]", found)
        asked = cast("dict[str, Any]", wanted)
        return all(name in there and _holds(there[name], asked[name]) for name in asked)
    return found == wanted


def _sampling(value: float | None) -> float:
    """Nothing said is 1.0, in requests and in answers."""
    return 1.0 if value is None else value
