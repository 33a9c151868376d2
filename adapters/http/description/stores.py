"""The operations on vector stores, and the filters of a search."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from adapters.http import store_bodies
from adapters.http.description import objects
from adapters.http.description.objects import deleted, listed
from adapters.http.description.operations import PAGED, Described
from adapters.http.description.parts import Part

_STORE: Final = "/vector_stores/{vector_store_id}"
_FILE: Final = f"{_STORE}/files/{{file_id}}"
_BATCH: Final = f"{_STORE}/file_batches/{{batch_id}}"

STORES: Final = (
    Described(
        method="GET", path="/vector_stores", id="listVectorStores",
        summary="List vector stores.",
        query=PAGED, answer=listed(objects.VectorStore), beta=False,
    ),
    Described(
        method="POST", path="/vector_stores", id="createVectorStore",
        summary="Create a vector store, with its first Files.",
        body=store_bodies.VectorStoreBody, answer=objects.VectorStore, beta=False,
    ),
    Described(
        method="GET", path=_STORE, id="getVectorStore",
        summary="Read a vector store.",
        answer=objects.VectorStore, beta=False,
    ),
    Described(
        method="POST", path=_STORE, id="modifyVectorStore",
        summary="Change a vector store; fields that are absent stay as they are.",
        body=store_bodies.VectorStoreChanges, answer=objects.VectorStore, beta=False,
    ),
    Described(
        method="DELETE", path=_STORE, id="deleteVectorStore",
        summary="Delete a vector store; its Files stay.",
        answer=deleted("VectorStore", "vector_store.deleted"), beta=False,
    ),
    Described(
        method="POST", path=f"{_STORE}/search", id="searchVectorStore",
        summary="Search a vector store.",
        body=store_bodies.StoreSearchBody, answer=objects.SearchResults, beta=False,
    ),
    Described(
        method="GET", path=f"{_STORE}/files", id="listVectorStoreFiles",
        summary="List the Files of a vector store.",
        query=(*PAGED, "filter"), answer=listed(objects.VectorStoreFile), beta=False,
    ),
    Described(
        method="POST", path=f"{_STORE}/files", id="createVectorStoreFile",
        summary="Add a File to a vector store.",
        body=store_bodies.StoreFileBody, answer=objects.VectorStoreFile, beta=False,
    ),
    Described(
        method="GET", path=_FILE, id="getVectorStoreFile",
        summary="Read what is known of a File in a vector store.",
        answer=objects.VectorStoreFile, beta=False,
    ),
    Described(
        method="POST", path=_FILE, id="updateVectorStoreFileAttributes",
        summary="Change the attributes of a File in a vector store.",
        body=store_bodies.AttributesBody, answer=objects.VectorStoreFile, beta=False,
    ),
    Described(
        method="DELETE", path=_FILE, id="deleteVectorStoreFile",
        summary="Take a File out of a vector store; the File itself stays.",
        answer=deleted("VectorStoreFile", "vector_store.file.deleted"), beta=False,
    ),
    Described(
        method="GET", path=f"{_FILE}/content", id="retrieveVectorStoreFileContent",
        summary="Read the text of a File in a vector store.",
        answer=objects.FileContents, beta=False,
    ),
    Described(
        method="POST", path=f"{_STORE}/file_batches", id="createVectorStoreFileBatch",
        summary="Add Files together.",
        body=store_bodies.FileBatchBody, answer=objects.FilesBatch, beta=False,
    ),
    Described(
        method="GET", path=_BATCH, id="getVectorStoreFileBatch",
        summary="Read how far a batch is.",
        answer=objects.FilesBatch, beta=False,
    ),
    Described(
        method="POST", path=f"{_BATCH}/cancel", id="cancelVectorStoreFileBatch",
        summary="Stop a batch.",
        answer=objects.FilesBatch, beta=False,
    ),
    Described(
        method="GET", path=f"{_BATCH}/files", id="listFilesInVectorStoreBatch",
        summary="List the Files of a batch.",
        query=(*PAGED, "filter"), answer=listed(objects.VectorStoreFile), beta=False,
    ),
)  # fmt: skip


class EqualityFilter(Part):
    """Files whose attribute is this, or is not."""

    type: Literal["eq", "ne"]
    key: str
    value: str | float | bool


class OrderFilter(Part):
    """Files whose attribute is greater or less."""

    type: Literal["gt", "gte", "lt", "lte"]
    key: str
    value: str | float


class ListFilter(Part):
    """Files whose attribute is one of these, or none of them."""

    type: Literal["in", "nin"]
    key: str
    value: list[str | float]


class CompoundFilter(Part):
    """Files for which all filters hold, or any."""

    type: Literal["and", "or"]
    filters: Annotated[list[AnyFilter], Field(min_length=1)]


AnyFilter = Annotated[
    EqualityFilter | OrderFilter | ListFilter | CompoundFilter, Field(discriminator="type")
]
CompoundFilter.model_rebuild()


class FilteredSearch(Part):
    """Where a search has its filter."""

    filters: AnyFilter | None = None


FILTERED: Final = (store_bodies.StoreSearchBody.__name__, "filters")
"""The body and the field that the engine reads by itself, so that its shape stands here."""
