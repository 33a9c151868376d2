"""What callers ask of vector stores, with fields of the right types already.

Source: the Assistants API reference, v2 (request bodies). `None` means "not given", except in
updates, where `UNSET` does and `None` clears the field.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.assistants import Json, Metadata
from core.engine.requests import UNSET, Unset
from core.engine.searching import Chunking, Ranking
from core.engine.vectors.records import NewEntry


def _no_metadata() -> Metadata:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRequest:
    """A new vector store with its first files, all cut the same way.

    `expires_after` is the API's `{"anchor": "last_active_at", "days"}`.
    """

    name: str | None = None
    description: str | None = None
    file_ids: tuple[str, ...] = ()
    chunking: Chunking = field(default_factory=Chunking)
    expires_after: Json | None = None
    metadata: Metadata = field(default_factory=_no_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUpdate:
    """Other values for some fields of a vector store."""

    name: str | Unset | None = UNSET
    expires_after: Json | Unset | None = UNSET
    metadata: Metadata | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """Files to add together. `param` names the list in complaints."""

    entries: tuple[NewEntry, ...]
    param: str = "file_ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is looked for in one vector store. `filters` are the API's, as JSON."""

    queries: tuple[str, ...]
    limit: int = 10
    ranking: Ranking = field(default_factory=Ranking)
    filters: Json | None = None
