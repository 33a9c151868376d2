"""What vector stores in memory are kept as, for tests."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field, replace

from core.engine.searching import Chunking
from core.engine.vectors.records import (
    EntryRecord,
    Indexed,
    NotIndexed,
    Shelved,
    StoreRecord,
    counts_of,
)


@dataclass
class BatchRow:
    """Files that were added together, in order."""

    created: int
    cancelled: bool = False
    files: list[str] = field(default_factory=list[str])


@dataclass
class StoreRow:
    """A vector store."""

    record: StoreRecord
    version: int = 0
    entries: dict[str, EntryRecord] = field(default_factory=dict[str, EntryRecord])
    batches: dict[str, BatchRow] = field(default_factory=dict[str, BatchRow])
    seen: dict[str, int] = field(default_factory=dict[str, int])
    """The version at which a search saw the last change of a file."""


@dataclass
class LeaseRow:
    """Who may index a file, until when."""

    state: str = "ready"
    epoch: int = 0
    until: float = 0.0
    lost: int = 0
    tries: int = 0
    late: bool = False
    """It came with many others, and waits behind the few."""


def counted(row: StoreRow) -> StoreRecord:
    """The store with its counts of the moment."""
    numbers = Counter(entry.file.status for entry in row.entries.values())
    size = sum(entry.file.usage_bytes for entry in row.entries.values())
    store = replace(row.record.store, file_counts=counts_of(numbers), usage_bytes=size)
    return replace(row.record, store=copy.deepcopy(store))


def settled(entry: EntryRecord, outcome: Indexed | NotIndexed) -> EntryRecord:
    """The file after it was indexed, or was not."""
    if isinstance(outcome, NotIndexed):
        error = {"code": outcome.code, "message": outcome.message}
        return replace(entry, file=replace(entry.file, status="failed", last_error=error))
    file = replace(entry.file, status="completed", usage_bytes=outcome.size)
    return EntryRecord(file=file, blob=outcome.blob, filename=outcome.filename, until=outcome.until)


def shelved(entry: EntryRecord | None) -> Shelved | None:
    """What a search needs of a file; None unless it is completed."""
    if entry is None or entry.file.status != "completed" or entry.blob is None:
        return None
    return Shelved(entry.blob, entry.filename, entry.until, entry.file.attributes)


def strategy(chunking: Chunking) -> dict[str, object]:
    """The chunking as the API has it."""
    return {
        "type": "static",
        "static": {
            "max_chunk_size_tokens": chunking.max_tokens,
            "chunk_overlap_tokens": chunking.overlap_tokens,
        },
    }
