"""The objects that answers are made of, as models: of the engine's own classes, field for field.

A class of core/assistants.py says which fields there are and the types of the plain ones; `_SHAPES`
says what stands in those that are JSON there. So a field that is new in the engine is in the
description as well, or the description cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Final, Literal, cast, get_type_hints

from pydantic import BaseModel, Field, WithJsonSchema, create_model

from adapters.http.description import parts, steps
from adapters.http.description.parts import SOMETIMES, Count, Part, Stamp
from adapters.http.shapes import MetadataPairs
from core import assistants as objects
from core.engine import limits

_JSON: Final = "the shape of {kind}.{name} is missing"

_FILE_PURPOSES = Literal[
    "assistants", "assistants_output", "batch", "batch_output", "fine-tune", "fine-tune-results",
    "vision", "user_data", "evals",
]  # fmt: skip


class FileCounts(Part):
    """How many Files are in which state."""

    in_progress: Count
    completed: Count
    failed: Count
    cancelled: Count
    total: Count


class StoreExpiry(Part):
    """When a vector store ends: so many days after its last use."""

    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class UsedSizes(Part):
    """Tokens of a passage at most, and of what neighbours share."""

    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)]
    chunk_overlap_tokens: Count


class StaticChunks(Part):
    """How a File was cut."""

    type: Literal["static"]
    static: UsedSizes


class OtherChunks(Part):
    """A File that was cut in a way that nobody knows."""

    type: Literal["other"]


class FileFailure(Part):
    """Why a File cannot be searched."""

    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str


StoredAttributes = Annotated[
    dict[
        Annotated[str, Field(max_length=64)],
        Annotated[str, Field(max_length=512)] | bool | float,
    ],
    Field(max_length=16),
]


def _or_null(hint: Any) -> Any:
    return hint | None


_SHAPES: Final[Mapping[type[Any], Mapping[str, Any]]] = {
    objects.Assistant: {
        "name": _or_null(Annotated[str, Field(max_length=limits.NAME)]),
        "description": _or_null(Annotated[str, Field(max_length=limits.DESCRIPTION)]),
        "instructions": _or_null(Annotated[str, Field(max_length=limits.INSTRUCTIONS)]),
        "tools": Annotated[list[parts.StoredTool], Field(max_length=limits.TOOLS_OF_ASSISTANT)],
        "tool_resources": parts.StoredResources | None,
        "temperature": parts.Temperature,
        "top_p": parts.Score,
        "response_format": parts.StoredFormat,
    },
    objects.Thread: {"tool_resources": parts.StoredResources | None},
    objects.Message: {
        "incomplete_details": parts.CutShort | None,
        "content": list[parts.MessageContent],
        "attachments": list[parts.StoredAttachment],
    },
    objects.Run: {
        "required_action": parts.RequiredAction | None,
        "last_error": parts.RunFailure | None,
        "incomplete_details": parts.RunCutShort | None,
        "tools": Annotated[list[parts.StoredTool], Field(max_length=limits.TOOLS_OF_ASSISTANT)],
        "usage": parts.TokenUsage | None,
        "temperature": parts.Temperature,
        "top_p": parts.Score,
        "max_prompt_tokens": _or_null(Annotated[int, Field(ge=limits.LEAST_TOKENS)]),
        "max_completion_tokens": _or_null(Annotated[int, Field(ge=limits.LEAST_TOKENS)]),
        "truncation_strategy": parts.StoredTruncation,
        "tool_choice": parts.StoredChoice,
        "response_format": parts.StoredFormat,
    },
    objects.RunStep: {
        "step_details": steps.StepDetails,
        "last_error": steps.StepFailure | None,
        "usage": parts.TokenUsage | None,
    },
    objects.File: {
        "bytes": Count,
        "expires_at": Annotated[Stamp, SOMETIMES],
        "purpose": _FILE_PURPOSES,
        "status": Literal["uploaded", "processed", "error"],
        "status_details": Annotated[str, SOMETIMES],
    },
    objects.VectorStore: {
        "usage_bytes": Count,
        "file_counts": FileCounts,
        "expires_after": Annotated[StoreExpiry, SOMETIMES],
    },
    objects.VectorStoreFile: {
        "usage_bytes": Count,
        "last_error": FileFailure | None,
        "chunking_strategy": Annotated[StaticChunks | OtherChunks, Field(discriminator="type")],
        "attributes": _or_null(StoredAttributes),
    },
    objects.FilesBatch: {"file_counts": FileCounts},
    objects.MessageDelta: {"delta": steps.MessagePieces},
    objects.RunStepDelta: {"delta": steps.StepPieces},
    objects.StreamError: {},
}
"""What stands in a field that is JSON in the engine, or is told more exactly here."""


_STAMP_OR_NULL: Final = WithJsonSchema({"type": ["integer", "null"], "format": "unixtime"})


def _model(kind: type[Any]) -> type[BaseModel]:
    hints = get_type_hints(kind)
    members: dict[str, Any] = {}
    if kind.object:
        members["object"] = (Literal[kind.object], ...)
    shapes = _SHAPES[kind]
    for item in fields(kind):
        hint = shapes.get(item.name) or _plain(kind, item.name, hints[item.name])
        optional = SOMETIMES in getattr(hint, "__metadata__", ())
        members[item.name] = (hint, None if optional else ...)
    make = cast("Any", create_model)
    model: type[BaseModel] = make(kind.__name__, __base__=Part, __doc__=kind.__doc__, **members)
    return model


def _plain(kind: type[Any], name: str, hint: Any) -> Any:
    """The type of a field that is no JSON of its own."""
    if name == "metadata":
        return MetadataPairs
    if name.endswith("_at"):
        return Stamp if hint is int else Annotated[int | None, _STAMP_OR_NULL]
    if "Any" in str(hint):
        raise TypeError(_JSON.format(kind=kind.__name__, name=name))
    return hint


Assistant = _model(objects.Assistant)
Thread = _model(objects.Thread)
Message = _model(objects.Message)
Run = _model(objects.Run)
RunStep = _model(objects.RunStep)
File = _model(objects.File)
VectorStore = _model(objects.VectorStore)
VectorStoreFile = _model(objects.VectorStoreFile)
FilesBatch = _model(objects.FilesBatch)
MessageDelta = _model(objects.MessageDelta)
RunStepDelta = _model(objects.RunStepDelta)
StreamError = _model(objects.StreamError)


def listed(item: type[BaseModel]) -> type[BaseModel]:
    """A part of a list."""
    make = cast("Any", create_model)
    model: type[BaseModel] = make(
        f"{item.__name__}List",
        __base__=Part,
        __doc__=f"A part of a list of {item.__name__} objects; the ids are null where it is empty.",
        object=(Literal["list"], ...),
        data=(list[item], ...),
        first_id=(str | None, ...),
        last_id=(str | None, ...),
        has_more=(bool, ...),
    )
    return model


def deleted(name: str, kind: str) -> type[BaseModel]:
    """What is answered when an object is gone."""
    make = cast("Any", create_model)
    model: type[BaseModel] = make(
        f"Deleted{name}",
        __base__=Part,
        __doc__=f"The {name} is gone.",
        id=(str, ...),
        object=(Literal[kind], ...),
        deleted=(Literal[True], ...),
    )
    return model


class FoundPart(Part):
    """A text of a File."""

    type: Literal["text"]
    text: str


class SearchResult(Part):
    """A place that was found."""

    file_id: str
    filename: str
    score: parts.Score
    attributes: StoredAttributes | None
    content: list[FoundPart]


class SearchResults(Part):
    """What was found in a vector store."""

    object: Literal["vector_store.search_results.page"]
    search_query: list[str]
    data: list[SearchResult]
    has_more: bool
    next_page: str | None


class FileContents(Part):
    """The text of a File of a vector store."""

    object: Literal["vector_store.file_content.page"]
    data: list[FoundPart]
    has_more: bool
    next_page: str | None


class Error(Part):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(Part):
    """The body of every answer that is not a success."""

    error: Error
