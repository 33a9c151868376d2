"""What can be asked next with what an answer tells (OpenAPI links).

They let a program that knows only the description go on from an object to all that is done with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from adapters.http.description import objects
from adapters.http.description.operations import Described
from core.assistants import Json

_BODY: Final = "$response.body#"
_CALLS: Final = "/required_action/submit_tool_outputs/tool_calls"

_TOLD: Final[dict[str, dict[str, str]]] = {
    objects.Assistant.__name__: {"assistant_id": "/id"},
    objects.Thread.__name__: {"thread_id": "/id"},
    objects.Message.__name__: {"thread_id": "/thread_id", "message_id": "/id"},
    objects.Run.__name__: {"thread_id": "/thread_id", "run_id": "/id"},
    objects.RunStep.__name__: {
        "thread_id": "/thread_id",
        "run_id": "/run_id",
        "step_id": "/id",
    },
    objects.File.__name__: {"file_id": "/id"},
    objects.VectorStore.__name__: {"vector_store_id": "/id"},
    objects.VectorStoreFile.__name__: {"vector_store_id": "/vector_store_id", "file_id": "/id"},
    objects.FilesBatch.__name__: {"vector_store_id": "/vector_store_id", "batch_id": "/id"},
}
"""Where an object tells the ids of paths."""

_BODIES: Final[dict[tuple[str, str], Json]] = {
    ("Assistant", "createThreadAndRun"): {"assistant_id": f"{_BODY}/id"},
    ("Run", "createRun"): {"assistant_id": f"{_BODY}/assistant_id"},
    ("Run", "submitToolOuputsToRun"): {
        "tool_outputs": [{"tool_call_id": f"{_BODY}{_CALLS}/0/id", "output": ""}]
    },
    ("File", "createVectorStore"): {"file_ids": [f"{_BODY}/id"]},
    ("VectorStoreFile", "createVectorStoreFileBatch"): {"file_ids": [f"{_BODY}/id"]},
}
"""Where an object tells what a body needs, by the object and the operation."""


def links_of(one: Described, described: Iterable[Described]) -> Json:
    """The links of an operation's answer, by the id of the operation that they lead to."""
    if one.answer is None:
        return {}
    kind, place = one.answer.__name__, ""
    if kind.endswith("List"):
        kind, place = kind.removesuffix("List"), "/data/0"
    told = {name: f"{_BODY}{place}{path}" for name, path in _TOLD.get(kind, {}).items()}
    links: Json = {}
    for next_one in described:
        needed = _ids(next_one.path)
        body = {} if place else _BODIES.get((kind, next_one.id), {})
        if next_one.id == one.id or not (needed or body) or not needed <= set(told):
            continue
        if needed or body:
            link: Json = {"operationId": next_one.id}
            if needed:
                link["parameters"] = {name: told[name] for name in sorted(needed)}
            if body:
                link["requestBody"] = body
            links[next_one.id] = link
    return links


def _ids(path: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", path))
