"""What tools work with, as request bodies name it: files, vector stores, and how text is cut.

Source: the Assistants API reference, v2 (`tool_resources`, chunking strategies). New vector stores
may be described where an object is created; where one is changed they are named by their ids.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from adapters.http.complaints import REFUSED
from adapters.http.shapes import MetadataPairs, Shape, by_type
from core.assistants import Json

FILES_OF_CODE: Final = 20
STORES: Final = 1
"""Vector stores of an Assistant, and of a Thread."""

FILES_OF_STORE: Final = 10_000
PASSAGE_TOKENS: Final = (100, 4_096)
"""Least and most of a passage's length."""

_BOTH: Final = "Give either 'vector_store_ids' or 'vector_stores', not both."
_OVERLAP: Final = (
    "'chunk_overlap_tokens' has to be at most half of 'max_chunk_size_tokens': {overlap} is more "
    "than half of {size}."
)


# --------------------------------------------------------------------------- cutting


class AutoChunking(Shape):
    """However the engine thinks best."""

    type: Literal["auto"]


class ChunkSizes(Shape):
    """Tokens of a passage at most, and of what neighbours share."""

    max_chunk_size_tokens: Annotated[int, Field(ge=PASSAGE_TOKENS[0], le=PASSAGE_TOKENS[1])]
    chunk_overlap_tokens: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _half_at_most(self) -> Self:
        size, overlap = self.max_chunk_size_tokens, self.chunk_overlap_tokens
        if overlap * 2 > size:
            raise PydanticCustomError(REFUSED, _OVERLAP, {"overlap": overlap, "size": size})
        return self


class StaticChunking(Shape):
    """Passages of these sizes."""

    type: Literal["static"]
    static: ChunkSizes


ChunkingStrategy = Annotated[
    Annotated[AutoChunking, Tag("@auto")] | Annotated[StaticChunking, Tag("@static")],
    Discriminator(by_type),
]


# --------------------------------------------------------------------------- resources


class CodeResources(Shape):
    """Files for the code interpreter."""

    file_ids: Annotated[list[str], Field(max_length=FILES_OF_CODE)] = Field(
        default_factory=list[str]
    )


class NewStore(Shape):
    """A vector store that is made together with what uses it."""

    file_ids: Annotated[list[str], Field(max_length=FILES_OF_STORE)] = Field(
        default_factory=list[str]
    )
    chunking_strategy: ChunkingStrategy | None = None
    metadata: MetadataPairs | None = None


StoreIds = Annotated[list[str], Field(max_length=STORES)]


class SearchResources(Shape):
    """Vector stores by their ids."""

    vector_store_ids: StoreIds | None = None


_NOT_BOTH: Final[Json] = {
    "not": {
        "required": ["vector_store_ids", "vector_stores"],
        "properties": {
            "vector_store_ids": {"type": "array"},
            "vector_stores": {"type": "array"},
        },
    }
}


class NewSearchResources(Shape):
    """Vector stores by their ids, or one that is made."""

    model_config = ConfigDict(json_schema_extra=_NOT_BOTH)

    vector_store_ids: StoreIds | None = None
    vector_stores: Annotated[list[NewStore], Field(max_length=STORES)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.vector_store_ids is not None and self.vector_stores is not None:
            raise PydanticCustomError(REFUSED, _BOTH)
        return self


class ToolResources(Shape):
    """What tools work with."""

    code_interpreter: CodeResources | None = None
    file_search: SearchResources | None = None


class NewToolResources(Shape):
    """What tools work with, where an object is created."""

    code_interpreter: CodeResources | None = None
    file_search: NewSearchResources | None = None
