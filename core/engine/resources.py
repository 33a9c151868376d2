"""What the hosted tools of a Run work with: files for code, vector stores to search. Pure.

Source: the Assistants API reference, v2 (`tool_resources`). A Run keeps what its Assistant and its
Thread had when it was made, so whoever takes it over works with the same.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Final, cast

from core.assistants import Json

CODE: Final = "code_interpreter"
SEARCH: Final = "file_search"


@dataclass(frozen=True, slots=True)
class Resources:
    """Ids of Files and vector stores. The Assistant's stand before the Thread's, each once.

    `stores` are all vector stores, `thread_stores` those of the Thread.
    """

    files: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    thread_stores: tuple[str, ...] = ()

    @classmethod
    def joined(cls, assistant: Json | None, thread: Json | None) -> Resources:
        """Of the `tool_resources` of both."""
        return cls(
            tuple(dict.fromkeys((*code_files(assistant), *code_files(thread)))),
            tuple(dict.fromkeys((*vector_stores(assistant), *vector_stores(thread)))),
            vector_stores(thread),
        )

    def to_state(self) -> Json:
        """As JSON; what is empty is left out."""
        state = {
            "files": list(self.files),
            "stores": list(self.stores),
            "thread_stores": list(self.thread_stores),
        }
        return {key: value for key, value in state.items() if value}

    @classmethod
    def of(cls, state: Json) -> Resources:
        """The resources that `to_state` wrote."""
        return cls(
            tuple(state.get("files", ())),
            tuple(state.get("stores", ())),
            tuple(state.get("thread_stores", ())),
        )


def code_files(resources: Json | None) -> tuple[str, ...]:
    """Ids of the Files that `tool_resources` name for code."""
    return _listed(resources, CODE, "file_ids")


def vector_stores(resources: Json | None) -> tuple[str, ...]:
    """Ids of the vector stores that `tool_resources` name."""
    return _listed(resources, SEARCH, "vector_store_ids")


def with_list(resources: Json | None, tool: str, name: str, values: tuple[str, ...]) -> Json:
    """`tool_resources` with this list in place of the one that the tool had."""
    given = dict(resources or {})
    given[tool] = {name: list(values)}
    return given


def without(resources: Json | None, gone: Set[str]) -> Json | None:
    """`tool_resources` without these ids; the same ones where they name none of them."""
    for tool, name in ((CODE, "file_ids"), (SEARCH, "vector_store_ids")):
        listed = _listed(resources, tool, name)
        if resources is not None and not gone.isdisjoint(listed):
            left = [one for one in listed if one not in gone]
            resources = {**resources, tool: {**resources[tool], name: left}}
    return resources


def _listed(resources: Json | None, tool: str, name: str) -> tuple[str, ...]:
    body: Any = (resources or {}).get(tool)
    values: Any = cast("Json", body).get(name) if isinstance(body, dict) else None
    if not isinstance(values, list | tuple):  # what was imported is whatever it is
        return ()
    return tuple(one for one in cast("list[Any]", values) if isinstance(one, str))
