"""Limits and meaning of what callers ask of vector stores. Pure.

Every check raises `InvalidRequest` with the API's own sentence, parameter and code. Source of the
limits: the API reference, v2 (request schemas of vector stores).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.assistants import Json
from core.engine.limits import (
    DESCRIPTION,
    METADATA_KEY,
    METADATA_PAIRS,
    METADATA_VALUE,
    NAME,
    TEXT,
    above,
    below,
    empty,
    too_many,
    too_many_properties,
)
from core.engine.requests import Unset
from core.engine.searching import Attributes, Chunking
from core.engine.validation import check_length, check_metadata
from core.engine.vectors.filters import Filter, filter_of
from core.engine.vectors.records import NewEntry
from core.engine.vectors.requests import BatchRequest, SearchRequest, StoreRequest, StoreUpdate
from core.errors import InvalidRequest

FILES_OF_REQUEST: Final = 500
"""Files that a vector store may be created with."""

FILES_OF_BATCH: Final = 2_000
RESULTS: Final = 50
QUERIES: Final = 16
"""Of one search; the reference has no number."""

_DAYS: Final = (1, 365)
_TOKENS: Final = (100, 4_096)


def check_store(request: StoreRequest, *, most_files: int = FILES_OF_REQUEST) -> None:
    """Refuse a vector store outside the limits."""
    check_length("name", request.name, NAME)
    check_length("description", request.description, DESCRIPTION)
    check_metadata(request.metadata)
    if len(request.file_ids) > most_files:
        raise too_many("file_ids", most_files, len(request.file_ids))
    check_chunking(request.chunking)
    _check_expiry(request.expires_after)


def check_update(request: StoreUpdate) -> None:
    """Refuse a change of a vector store outside the limits."""
    check_length("name", request.name, NAME)
    if not isinstance(request.metadata, Unset):
        check_metadata(request.metadata or {})
    if not isinstance(request.expires_after, Unset):
        _check_expiry(request.expires_after)


def check_batch(request: BatchRequest) -> None:
    """Refuse too few or too many files, or one of them outside the limits."""
    if not request.entries:
        raise empty(request.param)
    if len(request.entries) > FILES_OF_BATCH:
        raise too_many(request.param, FILES_OF_BATCH, len(request.entries))
    each = request.param == "files"
    for number, entry in enumerate(request.entries):
        check_entry(entry, at=f"files[{number}]." if each else "")


def check_entry(entry: NewEntry, *, at: str = "") -> None:
    """Refuse a file's chunking and attributes outside the limits."""
    check_chunking(entry.chunking, at=at)
    check_attributes(entry.attributes, at=at)


def check_chunking(chunking: Chunking, *, at: str = "") -> None:
    """Refuse passages of other sizes than the API's."""
    param = f"{at}chunking_strategy.static.max_chunk_size_tokens"
    _check_between(param, chunking.max_tokens, *_TOKENS)
    param = f"{at}chunking_strategy.static.chunk_overlap_tokens"
    _check_between(param, chunking.overlap_tokens, 0, chunking.max_tokens // 2)


def check_attributes(attributes: Attributes | None, *, at: str = "") -> None:
    """Refuse attributes outside the limits."""
    if attributes is None:
        return
    param = f"{at}attributes"
    if len(attributes) > METADATA_PAIRS:
        raise too_many_properties(param, METADATA_PAIRS, len(attributes))
    for key, value in attributes.items():
        check_length(param, key, METADATA_KEY)
        check_length(f"{param}.{key}", value, METADATA_VALUE)


def check_search(request: SearchRequest) -> Filter | None:
    """Refuse a search outside the limits; its filter, if it has one."""
    check_queries(request.queries)
    _check_between("max_num_results", request.limit, 1, RESULTS)
    threshold = request.ranking.threshold
    param = "ranking_options.score_threshold"
    if threshold < 0:
        raise below(param, 0.0, threshold)
    if not threshold <= 1:  # also refuses NaN
        raise above(param, 1.0, threshold)
    return None if request.filters is None else filter_of(request.filters)


def check_queries(queries: Sequence[str]) -> None:
    """Refuse no words, or too many."""
    if not queries:
        raise empty("query")
    if len(queries) > QUERIES:
        raise too_many("query", QUERIES, len(queries))
    for query in queries:
        check_length("query", query, TEXT, least=1)


def _check_expiry(expires_after: Json | None) -> None:
    if expires_after is None:
        return
    if expires_after["anchor"] != "last_active_at":
        raise InvalidRequest(
            f"Invalid value: '{expires_after['anchor']}'. The supported value is: "
            "'last_active_at'.",
            param="expires_after.anchor",
            code="invalid_value",
        )
    _check_between("expires_after.days", expires_after["days"], *_DAYS)


def _check_between(param: str, value: int, least: int, most: int) -> None:
    if value < least:
        raise below(param, least, value)
    if value > most:
        raise above(param, most, value)
