"""The shapes of the API's first version (v1) as those of the second, and back. Pure.

Source: the Assistants API reference of November 2023, and its migration guide of April 2024. In v1
file search is called `retrieval`, and Assistants and Messages have `file_ids`. In v2 an Assistant
has `tool_resources` and a Message `attachments`, each for one tool or more.

An Assistant's `file_ids` stay readable as the code interpreter's, whatever tools it has; those of a
Message are for both tools, since v1 let the Run's Assistant decide which one it is.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.assistants import Json
from core.engine.resources import CODE, SEARCH, code_files

RETRIEVAL: Final = "retrieval"
"""What v1 called file search."""


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


def downgraded(body: Json) -> Json:
    """An object as v1's callers look for it: what v2 has, and what v1 had besides.

    Tools have their former names. `file_ids` are an Assistant's, and a Message's; a Run shows none
    of its own.
    """
    match body.get("object"):
        case "list":
            return {**body, "data": [downgraded(one) for one in body["data"]]}
        case "assistant":
            own = {
                "tools": _former(body["tools"]),
                "file_ids": list(code_files(body["tool_resources"])),
            }
        case "thread.message":
            own = {"file_ids": list(dict.fromkeys(one["file_id"] for one in body["attachments"]))}
        case "thread.run":
            choice = _former([body["tool_choice"]])[0]
            own = {"tools": _former(body["tools"]), "tool_choice": choice, "file_ids": []}
        case "thread.run.step":
            own = {"step_details": _former_calls(body["step_details"])}
        case "thread.run.step.delta":
            own = {"delta": {"step_details": _former_calls(body["delta"]["step_details"])}}
        case _:
            return body
    return {**body, **own}


def _former_calls(details: Json) -> Json:
    """The details of a Step; `retrieval` calls told nothing of what they found."""
    if details["type"] != "tool_calls":
        return details
    return {**details, "tool_calls": _former(details["tool_calls"])}


def _former(values: list[Any]) -> list[Any]:
    """Tools, choices or calls, those of file search under its former name."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict) and cast("Json", value).get("type") == SEARCH:
            kept = {name: one for name, one in cast("Json", value).items() if name != SEARCH}
            inner: Json = {RETRIEVAL: {}} if SEARCH in value and "id" in value else {}
            found.append({**kept, "type": RETRIEVAL, **inner})
        else:
            found.append(value)
    return found
