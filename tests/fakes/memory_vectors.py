"""Vector stores in memory, for tests: leases by an injected clock, everything in one step."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from core.assistants import FilesBatch, VectorStore, VectorStoreFile
from core.clock import Clock
from core.engine.ports import Blobs, ObjectStore
from core.engine.records import Cursor, Page
from core.engine.searching import Attributes, Chunking, Retrieval
from core.engine.service.vector_stores import VectorStores
from core.engine.vectors.parts import VectorParts
from core.engine.vectors.records import (
    FEW,
    FILES_OF_STORE,
    EntryRecord,
    FileStatus,
    HandedOver,
    IndexClaim,
    Indexed,
    Look,
    NewEntry,
    NotIndexed,
    Outcome,
    PreparedBlob,
    PutOff,
    StoreFull,
    StoreGone,
    StoreRecord,
    batch_of,
    expires_at,
)
from core.ids import Ids
from tests.fakes.memory_codec import cut_page, paged
from tests.fakes.memory_vector_rows import (
    BatchRow,
    LeaseRow,
    StoreRow,
    counted,
    settled,
    shelved,
    strategy,
)
from tests.fakes.retrieval import MemoryRetrieval

_Item = tuple[str, str]


class MemoryVectors:
    """`StoreTable`, `EntryTable`, `BatchTable`, `IndexQueue`, `PreparedIndex`, `FilePlaces`."""

    def __init__(self, clock: Clock, *, lease_s: float = 10.0) -> None:
        self.clock = clock
        self.lease_s = lease_s
        self.stores: dict[str, StoreRow] = {}
        self.leases: dict[_Item, LeaseRow] = {}
        self.known: dict[str, PreparedBlob] = {}
        self.places: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.looks: list[Look] = []
        """Every look that a search took."""
        self._epoch = 0
        self._bell = asyncio.Event()

    # ---------------------------------------------------------------- stores

    async def create(self, record: StoreRecord) -> None:
        await asyncio.sleep(0)
        self.stores.setdefault(record.store.id, StoreRow(copy.deepcopy(record)))

    async def get(self, *store_ids: str) -> list[StoreRecord | None]:
        await asyncio.sleep(0)
        found = (self.stores.get(store_id) for store_id in store_ids)
        return [None if one is None else counted(one) for one in found]

    async def update(self, store: VectorStore) -> bool:
        await asyncio.sleep(0)
        row = self.stores.get(store.id)
        if row is not None:
            row.record = replace(row.record, store=copy.deepcopy(store))
        return row is not None

    async def delete(self, store_id: str) -> list[str] | None:
        await asyncio.sleep(0)
        row = self.stores.pop(store_id, None)
        if row is None:
            return None
        for file_id in row.entries:
            self.leases.pop((store_id, file_id), None)
        return list(row.entries)

    async def look(self, store_id: str, known: int, now: int, *, tenant: str = "") -> Look | None:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        if row is None or row.record.tenant != tenant:
            return None
        store = row.record.store
        ends = expires_at(store)
        if (ends is None or ends > now) and (store.last_active_at or 0) < now:
            row.record = replace(row.record, store=replace(store, last_active_at=now))
        whole = known < 0 or known > row.version
        ids = row.entries if whole else [one for one, at in row.seen.items() if at > known]
        changed = {file_id: shelved(row.entries.get(file_id)) for file_id in ids}
        if whole:
            changed = {file_id: one for file_id, one in changed.items() if one is not None}
        look = Look(record=counted(row), version=row.version, whole=whole, changed=changed)
        self.looks.append(look)
        return look

    # ---------------------------------------------------------------- files

    async def add(
        self,
        store_id: str,
        entries: Sequence[NewEntry],
        *,
        now: int,
        batch_id: str | None = None,
    ) -> None:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        if row is None:
            raise StoreGone(store_id)
        if len({*row.entries, *(entry.file_id for entry in entries)}) > FILES_OF_STORE:
            raise StoreFull(store_id)
        row.record = replace(row.record, store=replace(row.record.store, last_active_at=now))
        if batch_id is not None:
            row.batches.setdefault(batch_id, BatchRow(now))
        for entry in entries:
            self._add(row, entry, now, late=len(entries) > FEW)
            if batch_id is not None and entry.file_id not in row.batches[batch_id].files:
                row.batches[batch_id].files.append(entry.file_id)
        self._ring()

    def _add(self, row: StoreRow, entry: NewEntry, now: int, *, late: bool) -> None:
        store_id = row.record.store.id
        former = row.entries.get(entry.file_id)
        cut = strategy(entry.chunking)
        stays = (
            former is not None
            and former.file.chunking_strategy == cut
            and former.file.status in ("in_progress", "completed")
        )
        if former is not None and stays:
            made = former
        else:
            made = EntryRecord(
                file=VectorStoreFile(
                    id=entry.file_id,
                    created_at=former.file.created_at if former else now,
                    vector_store_id=store_id,
                    chunking_strategy=cut,
                    attributes=former.file.attributes if former else None,
                )
            )
            self.leases[store_id, entry.file_id] = LeaseRow(late=late)
        if entry.attributes is not None:
            made = replace(made, file=replace(made.file, attributes=dict(entry.attributes)))
        self._put(row, entry.file_id, made)

    async def files(self, store_id: str, *file_ids: str) -> list[EntryRecord | None]:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        return [row.entries.get(file_id) if row else None for file_id in file_ids]

    async def page(
        self,
        store_id: str,
        cursor: Cursor,
        *,
        status: FileStatus | None = None,
        batch_id: str | None = None,
    ) -> Page[EntryRecord]:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        if row is None or (batch_id is not None and batch_id not in row.batches):
            return Page((), has_more=False)
        ids = list(row.entries)
        if batch_id is not None:
            ids = [one for one in ids if one in row.batches[batch_id].files]
        ids = paged(ids, cursor)
        ids = [one for one in ids if status in (None, row.entries[one].file.status)]
        ids, more = cut_page(ids, cursor)
        return Page(tuple(row.entries[one] for one in ids), more)

    async def set_attributes(
        self, store_id: str, file_id: str, attributes: Attributes | None
    ) -> bool:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        former = row.entries.get(file_id) if row else None
        if row is None or former is None:
            return False
        given = None if attributes is None else dict(attributes)
        self._put(row, file_id, replace(former, file=replace(former.file, attributes=given)))
        return True

    async def remove(self, store_id: str, file_id: str) -> bool:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        if row is None or file_id not in row.entries:
            return False
        self.leases.pop((store_id, file_id), None)
        self._put(row, file_id, None)
        for batch in row.batches.values():
            if file_id in batch.files:
                batch.files.remove(file_id)
        return True

    def _put(self, row: StoreRow, file_id: str, entry: EntryRecord | None) -> None:
        former = row.entries.get(file_id)
        if entry is None:
            del row.entries[file_id]
        else:
            row.entries[file_id] = entry
        if any(one is not None and one.file.status == "completed" for one in (former, entry)):
            row.version += 1
            row.seen[file_id] = row.version

    # ---------------------------------------------------------------- batches

    async def batch(self, store_id: str, batch_id: str) -> FilesBatch | None:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        batch = row.batches.get(batch_id) if row else None
        if row is None or batch is None:
            return None
        numbers = Counter(row.entries[one].file.status for one in batch.files)
        return batch_of(batch_id, store_id, batch.created, numbers, cancelled=batch.cancelled)

    async def cancel_batch(self, store_id: str, batch_id: str) -> None:
        await asyncio.sleep(0)
        row = self.stores.get(store_id)
        batch = row.batches.get(batch_id) if row else None
        if row is None or batch is None:
            return
        batch.cancelled = True
        for file_id in batch.files:
            entry = row.entries[file_id]
            if entry.file.status == "in_progress":
                self.leases.pop((store_id, file_id), None)
                cancelled = replace(entry.file, status="cancelled")
                self._put(row, file_id, replace(entry, file=cancelled))

    # ---------------------------------------------------------------- queue

    async def claim(self, owner: str, limit: int) -> list[IndexClaim]:
        await asyncio.sleep(0)
        now = self.clock.monotonic()
        for lease in self.leases.values():
            if lease.state != "ready" and lease.until <= now:
                lease.lost += lease.state == "leased"
                lease.state = "ready"
        claims: list[IndexClaim] = []
        waiting = sorted(self.leases.items(), key=lambda item: item[1].late)
        for (store_id, file_id), lease in waiting:
            if lease.state != "ready" or len(claims) == limit:
                continue
            self._epoch += 1
            lease.state, lease.epoch, lease.until = "leased", self._epoch, now + self.lease_s
            row = self.stores[store_id]
            sizes = row.entries[file_id].file.chunking_strategy["static"]
            claims.append(
                IndexClaim(
                    store_id=store_id,
                    file_id=file_id,
                    epoch=lease.epoch,
                    takeovers=lease.lost,
                    tries=lease.tries,
                    tenant=row.record.tenant,
                    chunking=Chunking(
                        sizes["max_chunk_size_tokens"], sizes["chunk_overlap_tokens"]
                    ),
                )
            )
        return claims

    async def renew(self, claims: Sequence[IndexClaim]) -> list[bool]:
        await asyncio.sleep(0)
        kept = [self._held(claim) for claim in claims]
        for lease in kept:
            if lease is not None:
                lease.until = self.clock.monotonic() + self.lease_s
        return [lease is not None for lease in kept]

    async def end(self, claim: IndexClaim, outcome: Outcome) -> bool:
        await asyncio.sleep(0)
        lease = self._held(claim)
        if lease is None:
            return False
        item = (claim.store_id, claim.file_id)
        match outcome:
            case HandedOver():
                lease.state = "ready"
                self._ring()
                return True
            case PutOff(delay_s):
                lease.state, lease.until = "due", self.clock.monotonic() + delay_s
                lease.tries += 1
                return True
            case Indexed() | NotIndexed():
                del self.leases[item]
                row = self.stores[claim.store_id]
                entry = row.entries[claim.file_id]
                self._put(row, claim.file_id, settled(entry, outcome))
                return True
            case _:
                return await self.remove(*item)

    async def wait(self, timeout_s: float) -> None:
        if any(lease.state == "ready" for lease in self.leases.values()):
            return
        waits = [
            asyncio.ensure_future(self._bell.wait()),
            asyncio.ensure_future(self.clock.sleep(timeout_s)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _held(self, claim: IndexClaim) -> LeaseRow | None:
        lease = self.leases.get((claim.store_id, claim.file_id))
        if lease is None or lease.state != "leased" or lease.epoch != claim.epoch:
            return None
        return lease

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    # ---------------------------------------------------------------- what is known of files

    async def find(self, key: str) -> PreparedBlob | None:
        await asyncio.sleep(0)
        return self.known.get(key)

    async def remember(self, key: str, prepared: PreparedBlob) -> None:
        await asyncio.sleep(0)
        self.known[key] = prepared

    async def note(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        await asyncio.sleep(0)
        for file_id in file_ids:
            self.places[tenant, file_id].add(store_id)

    async def forget(self, store_id: str, file_ids: Sequence[str], *, tenant: str = "") -> None:
        await asyncio.sleep(0)
        for file_id in file_ids:
            self.places[tenant, file_id].discard(store_id)

    async def stores_of(self, file_id: str, *, tenant: str = "") -> list[str]:
        await asyncio.sleep(0)
        return sorted(self.places[tenant, file_id])


def memory_vector_stores(
    tables: MemoryVectors,
    objects: ObjectStore,
    blobs: Blobs,
    ids: Ids,
    retrieval: Retrieval | None = None,
    **options: int,
) -> VectorStores:
    """The operations on these tables."""
    return VectorStores(
        VectorParts(
            stores=tables,
            entries=tables,
            batches=tables,
            places=tables,
            objects=objects,
            blobs=blobs,
            retrieval=retrieval or MemoryRetrieval(blobs),
            clock=tables.clock,
            ids=ids,
        ),
        **options,
    )
