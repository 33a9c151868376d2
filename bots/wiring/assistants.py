"""Declared assistants: config/assistants/*.toml applied to the engine, as often as you like."""

from __future__ import annotations

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


async def apply(
    engine: Engine, files: dict[str, AssistantFile], default_model: str
) -> dict[str, str]:
    """Make or change each declared Assistant; what happened by slug: added, changed, unchanged."""
    return {slug: await _apply_one(engine, file, default_model) for slug, file in files.items()}


async def _apply_one(engine: Engine, file: AssistantFile, default_model: str) -> str:
    wanted_id = assistant_id(file.slug)
    model = file.model or default_model
    tools = tuple({"type": tool} for tool in file.tools)
    metadata = {DECLARED: file.slug}
    try:
        found = await engine.assistants.get(wanted_id)
    except NotFound:
        await engine.assistants.create(
            AssistantRequest(
                model=model,
                name=file.name,
                description=file.description,
                instructions=file.instructions,
                tools=tools,
                metadata=metadata,
                temperature=file.temperature,
                top_p=file.top_p,
            ),
            assistant_id=wanted_id,
        )
        return "added"
    if _same(found, file, model):
        return "unchanged"
    await engine.assistants.update(
        wanted_id,
        AssistantUpdate(
            model=model,
            name=file.name,
            description=file.description,
            instructions=file.instructions,
            tools=tools,
            metadata=metadata,
            temperature=file.temperature,
            top_p=file.top_p,
        ),
    )
    return "changed"


def _same(found: Assistant, file: AssistantFile, model: str) -> bool:
    return (
        found.model == model
        and found.name == file.name
        and found.description == file.description
        and found.instructions == file.instructions
        and [tool.get("type") for tool in found.tools] == list(file.tools)
        and found.temperature == (1.0 if file.temperature is None else file.temperature)
        and found.top_p == (1.0 if file.top_p is None else file.top_p)
    )
