"""Vector stores as their storage hands them out, and what happens to a file of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from core.assistants import FileCounts, FilesBatch, VectorStore, VectorStoreFile
from core.engine.searching import Attributes, Chunking
from core.errors import BobbinError

FileStatus = Literal["in_progress", "completed", "failed", "cancelled"]
STATUSES: Final[tuple[FileStatus, ...]] = ("in_progress", "completed", "failed", "cancelled")

FILES_OF_STORE: Final = 10_000
"""Files of one vector store (the API's guide)."""

FEW: Final = 20
"""Files that may be added in one step without waiting behind those of others."""

DAY_S: Final = 86_400


class StoreGone(BobbinError):
    """There is no vector store with that id."""


class StoreFull(BobbinError):
    """The vector store would have more than `FILES_OF_STORE` files; nothing was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecord:
    """A vector store and whose it is.

    Its counts, `usage_bytes` and `last_active_at` are those of the moment; `status` and
    `expires_at` follow from them (`shown`).
    """

    store: VectorStore
    tenant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """A file of a vector store, and what only the engine knows of it.

    `blob` names what the file gave, once it is completed. `filename` and `until` (seconds since
    the epoch at which the File ends, None: never) are the File's at that time.
    """

    file: VectorStoreFile
    blob: str | None = None
    filename: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """A file that is to be in a vector store. `attributes`: None leaves those that are there."""

    file_id: str
    chunking: Chunking = field(default_factory=Chunking)
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Shelved:
    """What a search needs of a completed file."""

    blob: str
    filename: str
    until: int | None
    attributes: Attributes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A vector store as a search finds it, and what changed since it was looked at last.

    `changed` has all completed files if `whole`; else those that became, or are no longer (None),
    completed, or got other attributes.
    """

    record: StoreRecord
    version: int
    whole: bool
    changed: Mapping[str, Shelved | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexClaim:
    """The right to index a file of a store: nobody else settles it under a smaller `epoch`.

    `takeovers` counts the owners that were lost while they had it, `tries` the attempts that
    failed for a reason that may pass.
    """

    store_id: str
    file_id: str
    epoch: int
    takeovers: int = 0
    tries: int = 0
    tenant: str = ""
    chunking: Chunking = field(default_factory=Chunking)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """It can be searched: `blob` of `size` bytes has what it gave."""

    blob: str
    size: int
    filename: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class NotIndexed:
    """It cannot be searched (the API's `last_error`)."""

    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """It is to be tried again after so many seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The next one shall do it; nothing was wrong."""


@dataclass(frozen=True, slots=True)
class FileGone:
    """There is no such File any more, so it is no longer in the store."""


Outcome = Indexed | NotIndexed | PutOff | HandedOver | FileGone


@dataclass(frozen=True, slots=True)
class PreparedBlob:
    """What a file gave, found again: the blob and its size in bytes."""

    blob: str
    size: int


def counts_of(numbers: Mapping[str, int]) -> FileCounts:
    """The API's counts of numbers by status."""
    counts = {status: numbers.get(status, 0) for status in STATUSES}
    return {**counts, "total": sum(counts.values())}


def expires_at(store: VectorStore) -> int | None:
    """When the store ends (seconds since the epoch), None: never."""
    if store.expires_after is None:
        return None
    days: int = store.expires_after["days"]
    return (store.last_active_at or store.created_at) + days * DAY_S


def batch_status(
    counts: FileCounts, *, cancelled: bool
) -> Literal["in_progress", "completed", "cancelled", "failed"]:
    """The status of files that were added together."""
    if cancelled:
        return "cancelled"
    if counts["in_progress"]:
        return "in_progress"
    return "failed" if counts["failed"] and counts["failed"] == counts["total"] else "completed"


def batch_of(
    batch_id: str, store_id: str, created_at: int, numbers: Mapping[str, int], *, cancelled: bool
) -> FilesBatch:
    """A batch of its counts."""
    counts = counts_of(numbers)
    return FilesBatch(
        id=batch_id,
        created_at=created_at,
        vector_store_id=store_id,
        status=batch_status(counts, cancelled=cancelled),
        file_counts=counts,
    )


def shown(store: VectorStore, now: float) -> VectorStore:
    """The store as callers see it at this moment."""
    ends = expires_at(store)
    status: Literal["expired", "in_progress", "completed"] = "completed"
    if ends is not None and ends <= now:
        status = "expired"
    elif store.file_counts["in_progress"]:
        status = "in_progress"
    return replace(store, expires_at=ends, status=status)
