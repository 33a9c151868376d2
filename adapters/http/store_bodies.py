"""Request bodies of vector stores, and the engine's requests that come of them.

Source: the API reference, v2 (request schemas of vector stores, their files, batches and search).
Limits and meaning are checked by the engine.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from adapters.http.complaints import INVALID_TYPE, REFUSED, missing
from adapters.http.resources import ChunkingStrategy, StaticChunking
from adapters.http.shapes import MetadataPairs, Shape, plain
from core.assistants import Json
from core.engine.limits import METADATA_KEY, METADATA_PAIRS, METADATA_VALUE, TEXT
from core.engine.requests import UNSET
from core.engine.searching import Attributes, Chunking, Ranking
from core.engine.vectors.checks import FILES_OF_BATCH, FILES_OF_REQUEST, QUERIES
from core.engine.vectors.records import NewEntry
from core.engine.vectors.requests import BatchRequest, SearchRequest, StoreRequest, StoreUpdate
from core.errors import InvalidRequest

_BOTH: Final = "Mutually exclusive parameters: 'file_ids' and 'files'. Give one of them."


def _attribute(value: Any) -> str | None:
    match value:
        case bool():
            return "@boolean"
        case int() | float():
            return "@number"
        case str():
            return "@string"
        case _:
            return None


AttributeValue = Annotated[
    Annotated[str, Field(max_length=METADATA_VALUE), Tag("@string")]
    | Annotated[float, Tag("@number")]
    | Annotated[bool, Tag("@boolean")],
    Discriminator(
        _attribute,
        custom_error_type=REFUSED,
        custom_error_message="expected a string, a number, or a boolean.",
    ),
]

AttributePairs = Annotated[
    dict[Annotated[str, Field(max_length=METADATA_KEY)], AttributeValue],
    Field(max_length=METADATA_PAIRS),
]


class ExpiresAfter(Shape):
    """When a vector store ends: so many days after it was last used."""

    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class VectorStoreBody(Shape):
    """POST /vector_stores."""

    file_ids: Annotated[list[str], Field(max_length=FILES_OF_REQUEST)] = Field(
        default_factory=list[str]
    )
    name: str | None = None
    description: str | None = None
    expires_after: ExpiresAfter | None = None
    chunking_strategy: ChunkingStrategy | None = None
    metadata: MetadataPairs | None = None

    def request(self) -> StoreRequest:
        """For the engine."""
        return StoreRequest(
            name=self.name,
            description=self.description,
            file_ids=tuple(self.file_ids),
            chunking=_chunking(self.chunking_strategy),
            expires_after=plain(self.expires_after),
            metadata=self.metadata or {},
        )


class VectorStoreChanges(Shape):
    """POST /vector_stores/{vector_store_id}. Fields that are absent stay as they are."""

    name: str | None = None
    expires_after: ExpiresAfter | None = None
    metadata: MetadataPairs | None = None

    def request(self) -> StoreUpdate:
        """For the engine."""
        given = self.model_fields_set
        return StoreUpdate(
            name=self.name if "name" in given else UNSET,
            expires_after=plain(self.expires_after) if "expires_after" in given else UNSET,
            metadata=self.metadata if "metadata" in given else UNSET,
        )


class StoreFileBody(Shape):
    """POST /vector_stores/{vector_store_id}/files, and files inside a batch."""

    file_id: str
    attributes: AttributePairs | None = None
    chunking_strategy: ChunkingStrategy | None = None

    def request(self) -> NewEntry:
        """For the engine."""
        return NewEntry(
            file_id=self.file_id,
            chunking=_chunking(self.chunking_strategy),
            attributes=_attributes(self.attributes),
        )


class AttributesBody(Shape):
    """POST /vector_stores/{vector_store_id}/files/{file_id}."""

    attributes: AttributePairs | None

    def wanted(self) -> Attributes | None:
        """For the engine."""
        return _attributes(self.attributes)


_ONE_OF_BOTH: Final[Json] = {
    "oneOf": [
        {"required": [name], "properties": {name: {"type": "array"}}}
        for name in ("file_ids", "files")
    ]
}


class FileBatchBody(Shape):
    """POST /vector_stores/{vector_store_id}/file_batches."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF_BOTH)

    file_ids: Annotated[list[str], Field(min_length=1, max_length=FILES_OF_BATCH)] | None = None
    files: Annotated[list[StoreFileBody], Field(min_length=1, max_length=FILES_OF_BATCH)] | None = (
        None
    )
    attributes: AttributePairs | None = None
    chunking_strategy: ChunkingStrategy | None = None

    def request(self) -> BatchRequest:
        """For the engine. Raises InvalidRequest unless one of both lists is given."""
        if self.files is not None and self.file_ids is not None:
            raise InvalidRequest(_BOTH, param="files", code="mutually_exclusive_parameters")
        if self.files is not None:
            return BatchRequest(entries=tuple(one.request() for one in self.files), param="files")
        if self.file_ids is None:
            raise missing("file_ids")
        chunking = _chunking(self.chunking_strategy)
        attributes = _attributes(self.attributes)
        return BatchRequest(
            entries=tuple(
                NewEntry(file_id=file_id, chunking=chunking, attributes=attributes)
                for file_id in self.file_ids
            )
        )


class StoreRanking(Shape):
    """How what was found is ordered; what scores less than the threshold is left out."""

    ranker: Literal["none", "auto", "default-2024-11-15"] | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None


def _text_or_texts(value: Any) -> str | None:
    if isinstance(value, str):
        return "@string"
    return "@strings" if isinstance(value, list) else None


Query = Annotated[
    Annotated[str, Field(min_length=1, max_length=TEXT), Tag("@string")]
    | Annotated[
        list[Annotated[str, Field(min_length=1, max_length=TEXT)]],
        Field(min_length=1, max_length=QUERIES),
        Tag("@strings"),
    ],
    Discriminator(
        _text_or_texts,
        custom_error_type=INVALID_TYPE,
        custom_error_message="Neither a string nor an array",
        custom_error_context={"expected": "one of a string or array of strings"},
    ),
]


class StoreSearchBody(Shape):
    """POST /vector_stores/{vector_store_id}/search.

    `rewrite_query` is taken, and changes nothing: words are looked for as they are given.
    """

    query: Query
    rewrite_query: bool | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    filters: dict[str, Any] | None = None
    ranking_options: StoreRanking | None = None

    def request(self) -> SearchRequest:
        """For the engine."""
        options = self.ranking_options or StoreRanking()
        return SearchRequest(
            queries=(self.query,) if isinstance(self.query, str) else tuple(self.query),
            limit=10 if self.max_num_results is None else self.max_num_results,
            ranking=Ranking(
                ranker=options.ranker or "auto", threshold=options.score_threshold or 0.0
            ),
            filters=self.filters,
        )


def _chunking(strategy: ChunkingStrategy | None) -> Chunking:
    if not isinstance(strategy, StaticChunking):
        return Chunking()
    sizes = strategy.static
    return Chunking(sizes.max_chunk_size_tokens, sizes.chunk_overlap_tokens)


def _attributes(pairs: AttributePairs | None) -> Attributes | None:
    return None if pairs is None else dict(pairs)
