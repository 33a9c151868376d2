"""Parameters of operations: ids in paths, parts of lists, the beta header."""

from __future__ import annotations

import re
from typing import Any, Final

from core.assistants import Json
from core.engine.limits import PAGE
from core.engine.requests import RESULT_CONTENT

FILES_PAGE: Final = 10_000
PREFIXES: Final = {
    "assistant_id": "asst",
    "thread_id": "thread",
    "message_id": "msg",
    "run_id": "run",
    "step_id": "step",
    "file_id": "file",
    "vector_store_id": "vs",
    "batch_id": "vsfb",
}
"""What the ids of each kind begin with."""

BETA: Final[Json] = {
    "name": "OpenAI-Beta",
    "in": "header",
    "required": True,
    "description": "The version of the API; `assistants=v1` is understood as well.",
    "schema": {"type": "string", "enum": ["assistants=v2"]},
}


def path_parameters(path: str) -> list[Json]:
    """The ids of a path."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"An id; it begins with `{PREFIXES[name]}`.",
            "schema": {"type": "string", "pattern": f"^{PREFIXES[name]}", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def query_parameter(name: str) -> Json:
    """A parameter of a query by the name that operations.py has for it."""
    return QUERY[name]


def _query(name: str, description: str, schema: Any) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _limit(most: int, default: int) -> Json:
    return _query(
        "limit",
        "How many objects at most.",
        {"type": "integer", "minimum": 1, "maximum": most, "default": default},
    )


QUERY: Final[dict[str, Json]] = {
    "limit": _limit(PAGE, 20),
    "limit_of_files": _limit(FILES_PAGE, FILES_PAGE),
    "order": _query(
        "order",
        "By the time when they were created.",
        {"type": "string", "enum": ["asc", "desc"], "default": "desc"},
    ),
    "after": _query("after", "Only what comes after this object's id.", {"type": "string"}),
    "before": _query("before", "Only what comes before this object's id.", {"type": "string"}),
    "run_id": _query("run_id", "Only the Messages of this Run.", {"type": "string"}),
    "purpose": _query("purpose", "Only Files of this purpose.", {"type": "string"}),
    "include[]": _query(
        "include[]",
        "What is answered besides.",
        {"type": "array", "items": {"type": "string", "enum": [RESULT_CONTENT]}},
    ),
    "filter": _query(
        "filter",
        "Only Files of this status.",
        {"type": "string", "enum": ["in_progress", "completed", "failed", "cancelled"]},
    ),
}
