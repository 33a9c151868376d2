"""The shapes of the API's first version (v1) as those of the second. Pure.

Source: the Assistants API reference of November 2023, and its migration guide of April 2024. In v1
file search is called `retrieval`, and Assistants and Messages have `file_ids`. In v2 an Assistant
has `tool_resources` and a Message `attachments`, each for one tool or more.

An Assistant's `file_ids` stay readable as the code interpreter's, whatever tools it has; those of a
Message are for both tools, since v1 let the Run's Assistant decide which one it is.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.assistants import Json

RETRIEVAL: Final = "retrieval"
SEARCH: Final = "file_search"
CODE: Final = "code_interpreter"


def upgraded_tool(tool: Any) -> Any:
    """A tool or a tool choice; anything else as it is."""
    if isinstance(tool, dict) and cast("Json", tool).get("type") == RETRIEVAL:
        return {"type": SEARCH}
    return cast("Any", tool)


def upgraded_tools(tools: Any) -> Any:
    """A list of tools; anything else as it is."""
    if isinstance(tools, list):
        return [upgraded_tool(tool) for tool in cast("list[Any]", tools)]
    return tools


def attachments(file_ids: list[Any]) -> list[Json]:
    """What a Message's `file_ids` are in v2."""
    return [{"file_id": one, "tools": [{"type": CODE}, {"type": SEARCH}]} for one in file_ids]


def code_files(resources: Json | None) -> list[str]:
    """The files that `tool_resources` name for the code interpreter: v1's `file_ids`."""
    code: Json = (resources or {}).get(CODE) or {}
    return list(code.get("file_ids") or ())
