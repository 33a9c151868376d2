"""What vector stores need from outside. Everything here is durable once a call has returned, and a
call that is sent twice (a dropped connection) counts once, unless it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.assistants import FilesBatch, VectorStore
from core.engine.records import Cursor, Page
from core.engine.searching import Attributes
from core.engine.vectors.records import (
    EntryRecord,
    FileStatus,
    IndexClaim,
    Look,
    NewEntry,
    Outcome,
    PreparedBlob,
    StoreRecord,
)


class StoreTable(Protocol):
    """Vector stores themselves. The lists of each tenant are an `ObjectStore`'s."""

    async def create(self, record: StoreRecord) -> None:
        """Keep a new, empty one. One with its id that is there already stays as it is."""
        ...

    async def get(self, *store_ids: str) -> list[StoreRecord | None]:
        """These stores; None where there is none."""
        ...

    async def update(self, store: VectorStore) -> bool:
        """Replace what callers can change (name, description, metadata, expiry), and let it be
        last active at `store.last_active_at`; whether the store is there."""
        ...

    async def delete(self, store_id: str) -> list[str] | None:
        """Remove it with all that is in it; the ids of the files it had. None: it was not there.

        Sent twice, the second time finds nothing.
        """
        ...

    async def look(self, store_id: str, known: int, now: int, *, tenant: str = "") -> Look | None:
        """What a search needs. It makes the store active at `now` unless it has expired.

        Args:
            store_id: which store.
            known: the version that the caller has; -1 for none.
            now: seconds since the epoch.
            tenant: whose it has to be; another tenant's is as good as absent, and stays as it is.
        """
        ...


class EntryTable(Protocol):
    """The files of vector stores."""

    async def add(
        self,
        store_id: str,
        entries: Sequence[NewEntry],
        *,
        now: int,
        batch_id: str | None = None,
    ) -> None:
        """Add files, all or none, and offer them for indexing in the same step.

        A file that is there, with the same chunking and in progress or completed, stays; with
        other chunking, or failed or cancelled, it is indexed anew. Given attributes replace its.
        What is added in small numbers (`FEW`) is claimed before what is added many at a time.
        The store becomes active. With `batch_id` they also are a batch, or join the one of that
        id; batches are forgotten a week after they were made.

        Raises:
            StoreGone: there is no such store.
            StoreFull: they are too many.
        """
        ...

    async def files(self, store_id: str, *file_ids: str) -> list[EntryRecord | None]:
        """These files of the store; None where it has none."""
        ...

    async def page(
        self,
        store_id: str,
        cursor: Cursor,
        *,
        status: FileStatus | None = None,
        batch_id: str | None = None,
    ) -> Page[EntryRecord]:
        """A part of the list by order of insertion; of one status, of one batch."""
        ...

    async def set_attributes(
        self, store_id: str, file_id: str, attributes: Attributes | None
    ) -> bool:
        """Replace the attributes; whether the store has the file."""
        ...

    async def remove(self, store_id: str, file_id: str) -> bool:
        """Take it out; whether the store had it. Whoever indexes it has lost it."""
        ...


class BatchTable(Protocol):
    """Files that were added together."""

    async def batch(self, store_id: str, batch_id: str) -> FilesBatch | None:
        """The batch."""
        ...

    async def cancel_batch(self, store_id: str, batch_id: str) -> None:
        """Cancel it, and those of its files that are in progress."""
        ...


class IndexQueue(Protocol):
    """Files that wait to be indexed, and the leases of those that are being indexed."""

    async def claim(self, owner: str, limit: int) -> list[IndexClaim]:
        """Up to `limit` files that nobody has: new ones and those whose lease ran out."""
        ...

    async def renew(self, claims: Sequence[IndexClaim]) -> list[bool]:
        """Extend the leases; False for each claim that was lost."""
        ...

    async def end(self, claim: IndexClaim, outcome: Outcome) -> bool:
        """End the claim with what came of it; False when it was lost, and nothing was written."""
        ...

    async def wait(self, timeout_s: float) -> None:
        """Return when a file may have become claimable, at the latest after `timeout_s`."""
        ...


class PreparedIndex(Protocol):
    """Which blob has what a file gave, by a digest of bytes, chunking and recipe."""

    async def find(self, key: str) -> PreparedBlob | None:
        """The blob, if it is known. To find it keeps it for another month."""
        ...

    async def remember(self, key: str, prepared: PreparedBlob) -> None:
        """Keep it for a month. What is kept here counts as in use."""
        ...


class FilePlaces(Protocol):
    """In which vector stores a File is: at least those that have it, perhaps more."""

    async def note(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        """The store is going to have these files."""
        ...

    async def forget(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        """The store no longer has them."""
        ...

    async def stores_of(self, file_id: str, *, tenant: str = "") -> list[str]:
        """Ids of stores that may have the file."""
        ...
