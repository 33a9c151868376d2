"""Vector stores and their files as the bytes that Redis holds, and back (vector_scripts.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from adapters.redis.codec import json_bytes
from adapters.redis.connection import decode as text
from core.assistants import Json, VectorStore, VectorStoreFile
from core.engine.searching import Attributes, Chunking
from core.engine.vectors.records import (
    STATUSES,
    EntryRecord,
    Indexed,
    NotIndexed,
    Shelved,
    StoreRecord,
    counts_of,
)

_DOCUMENT: Final = ("id", "created_at", "name", "description", "expires_after", "metadata")


def encode_store(store: VectorStore) -> tuple[bytes, int | str, int | str]:
    """What callers can change as JSON, when it was last active, its days (empty: for ever)."""
    document = {name: getattr(store, name) for name in _DOCUMENT}
    days: int | str = store.expires_after["days"] if store.expires_after else ""
    return json_bytes(document), store.last_active_at or store.created_at, days


def decode_store(row: Sequence[bytes | None], tenant: str) -> StoreRecord:
    """The store of its fields (`FIELDS` in vector_scripts.py)."""
    document: Json = orjson.loads(row[0] or b"{}")
    active, size, *counts = (int(value or 0) for value in row[2:])
    store = VectorStore(
        **document,
        usage_bytes=size,
        last_active_at=active,
        file_counts=counts_of(dict(zip(STATUSES, counts, strict=True))),
    )
    return StoreRecord(store=store, tenant=tenant)


def encode_cut(chunking: Chunking) -> str:
    """`800/400`."""
    return f"{chunking.max_tokens}/{chunking.overlap_tokens}"


def decode_cut(value: str) -> Chunking:
    """The chunking of `800/400`."""
    size, _, overlap = value.partition("/")
    return Chunking(int(size), int(overlap))


def encode_attributes(attributes: Attributes | None) -> bytes:
    """Their JSON, which has no line breaks."""
    return json_bytes(attributes)


def encode_outcome(outcome: Indexed | NotIndexed) -> bytes:
    """What came of indexing, without the size."""
    if isinstance(outcome, NotIndexed):
        return json_bytes({"error": {"code": outcome.code, "message": outcome.message}})
    return json_bytes({"blob": outcome.blob, "filename": outcome.filename, "until": outcome.until})


def decode_entry(store_id: str, value: bytes) -> EntryRecord:
    """A file of a store."""
    mark, attributes, outcome_line = value.split(b"\n", 2)
    status, size, created, cut, file_id, _ = text(mark).split(" ")
    outcome: Json = orjson.loads(outcome_line)
    chunking = decode_cut(cut)
    values: dict[str, Any] = {
        "status": status,
        "last_error": outcome.get("error"),
        "attributes": orjson.loads(attributes),
    }
    file = VectorStoreFile(
        id=file_id,
        created_at=int(created),
        vector_store_id=store_id,
        usage_bytes=int(size),
        chunking_strategy={
            "type": "static",
            "static": {
                "max_chunk_size_tokens": chunking.max_tokens,
                "chunk_overlap_tokens": chunking.overlap_tokens,
            },
        },
        **values,
    )
    return EntryRecord(
        file=file,
        blob=outcome.get("blob"),
        filename=outcome.get("filename", ""),
        until=outcome.get("until"),
    )


def blob_of(value: bytes) -> str | None:
    """The blob that an entry names."""
    outcome: Json = orjson.loads(value.split(b"\n", 2)[2])
    return outcome.get("blob")


def decode_shelved(value: bytes) -> Shelved | None:
    """What a search needs of a file; None unless it is completed."""
    if not value.startswith(b"completed "):
        return None
    _, attributes, outcome_line = value.split(b"\n", 2)
    outcome: Json = orjson.loads(outcome_line)
    return Shelved(
        blob=outcome["blob"],
        filename=outcome["filename"],
        until=outcome["until"],
        attributes=orjson.loads(attributes),
    )
