"""File search as its parts see each other: what is asked, what is found, and the two ports.

    service (vector stores, indexing)   ->  Retrieval   ->  adapters/search
    executor (the tool `file_search`)   ->  FileSearch  ->  service

What a file gave is stored once, as an immutable blob (`Prepared.data`); every process builds its
own index of those, which may be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.assistants import Json
from core.errors import BobbinError

Attributes = dict[str, str | float | bool]


class FileRejected(BobbinError):
    """A file that cannot be made searchable; `code` and text go into its `last_error`.

    Source: the API reference, v2 (`VectorStoreFileObject.last_error`).
    """

    def __init__(self, code: Literal["unsupported_file", "invalid_file"], message: str) -> None:
        super().__init__(message)
        self.code: Literal["unsupported_file", "invalid_file"] = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Chunking:
    """How text is cut: passages of at most `max_tokens`, `overlap_tokens` shared by neighbours."""

    max_tokens: int = 800
    overlap_tokens: int = 400


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a file gave: the bytes to keep (passages, and their vectors if there are any)."""

    data: bytes
    passages: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """A file of a library, and the blob with what it gave."""

    file_id: str
    blob: str


@dataclass(frozen=True, slots=True)
class Library:
    """The completed files of one vector store.

    `version` grows with every change of `shelves`, so that an index need not compare them.
    """

    key: str
    version: int
    shelves: Sequence[Shelf]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How passages are ordered (the API's `ranking_options`).

    `threshold` drops what scores below it (0 to 1). The two weights are those of meaning and of
    words in the fused rank; only their ratio counts.
    """

    ranker: str = "auto"
    threshold: float = 0.0
    meaning: float = 1.0
    words: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for. `only` keeps the search within these files (None: all of them)."""

    queries: tuple[str, ...]
    limit: int = 10
    ranking: Ranking = field(default_factory=Ranking)
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found. `score` is 0 to 1; `number` is its place within its file."""

    file_id: str
    number: int
    text: str
    score: float


class Retrieval(Protocol):
    """Makes files searchable and searches them."""

    @property
    def recipe(self) -> str:
        """What `prepare` depends on besides its arguments (extraction and embedding, by version).

        What was prepared under another recipe can still be searched by its words.
        """
        ...

    async def prepare(self, filename: str, data: bytes, chunking: Chunking) -> Prepared:
        """Extract, cut and embed. The same arguments give something equally searchable.

        Raises:
            FileRejected: no text can be had of it, for a reason that stays.
            BobbinError: something that may pass (an embeddings endpoint that does not answer).
        """
        ...

    def passages(self, data: bytes) -> list[str]:
        """The texts of a blob that `prepare` made, in the file's order. Never fails for an older
        recipe."""
        ...

    async def search(self, libraries: Sequence[Library], question: Question) -> list[Passage]:
        """The best passages, best first, at most `question.limit`; several libraries are one.

        What is missing in this process's index is added first.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A passage as the API shows it."""

    file_id: str
    filename: str
    score: float
    text: str
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether all files of a store have been read, and what is wrong with the newest of those that
    could not be: a sentence each, with the file's name."""

    done: bool
    refused: tuple[str, ...] = ()


class StoreExpired(BobbinError):
    """A vector store that was to be searched has expired. Its text is the store's id."""

    sentence = "The files that I was to search have expired."


class FileSearch(Protocol):
    """Vector stores as a Run uses them."""

    async def search(
        self,
        store_ids: Sequence[str],
        queries: Sequence[str],
        *,
        limit: int,
        ranking: Ranking,
        tenant: str = "",
        filters: Json | None = None,
    ) -> list[SearchResult]:
        """The best passages of these stores together, best first. Stores that are gone are skipped.

        Searching makes a store active (`last_active_at`).

        Raises:
            StoreExpired: one of them has expired.
        """
        ...

    async def ready(self, store_id: str, timeout_s: float, *, tenant: str = "") -> Readiness:
        """Wait until none of the store's files is in progress, at most so long."""
        ...

    async def shelve(
        self, store_id: str | None, file_ids: Sequence[str], *, tenant: str = ""
    ) -> str:
        """Add files to this store, or to a new one that ends 7 days after its last use.

        What a Message's attachments need (Assistants API reference, v2: tool resources). Adding a
        file that is there already changes nothing. Answers the store's id.
        """
        ...
