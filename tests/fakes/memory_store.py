"""The engine's stores in memory, for tests: atomic, fenced by epoch, leases by an injected clock.

A change is applied without an await in between; what a test may do is hold it back (`gate`), let
it fail (`outage`), or let its answer be lost (`lose_answers`).
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.assistants import StreamEvent, Thread, from_wire
from core.clock import Clock
from core.engine.records import (
    KEPT_S,
    SESSION_S,
    Absent,
    Change,
    Collection,
    Conflict,
    Cursor,
    Document,
    Epoch,
    Exists,
    Expectation,
    NoActiveRun,
    Page,
    RunAt,
    ThreadAt,
    ThreadRecord,
)
from core.errors import StoreUnavailable
from tests.fakes.memory_codec import (
    cut_page,
    decoded,
    encoded,
    encoded_event,
    paged,
)
from tests.fakes.memory_objects import MemoryBlobs, MemoryObjects
from tests.fakes.memory_runs import MemoryEvents, MemoryQueue
from tests.fakes.memory_vectors import MemoryVectors


@dataclass
class _Thread:
    doc: str = ""
    revision: int = 0
    active: str | None = None
    lists: dict[str, dict[str, str]] = field(
        default_factory=lambda: defaultdict[str, dict[str, str]](dict)
    )
    """Documents by id, by list (`messages`, `runs`, `steps/<run>`), in order of insertion."""


@dataclass
class _Lease:
    state: str
    epoch: int = 0
    owner: str = ""
    deadline: float = 0.0
    lost: int = 0
    kept_for: str = ""


class MemoryStore:
    """All ports on one state."""

    def __init__(
        self,
        clock: Clock,
        *,
        lease_s: float = 10.0,
        kept_s: float = KEPT_S,
        log_length: int = 5_000,
    ) -> None:
        self.clock = clock
        self.kept_s = kept_s
        self.lease_s = lease_s
        self.log_length = log_length
        self.rows: dict[str, _Thread] = {}
        self.leases: dict[tuple[str, str], _Lease] = {}
        self.logs: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        self.expiry: dict[tuple[str, str], int] = {}
        self.homes: dict[str, tuple[str, float]] = {}
        """Who has a Thread's code session, and until when, by Thread."""
        self.epoch = 0
        self.bell = asyncio.Event()
        self.commits: list[Change] = []
        """Every change that was applied."""
        self.published = 0
        self.documents_read = 0
        """By pages."""
        self.gate: asyncio.Event | None = None
        """Commits wait for it."""
        self.outage = False
        self.lose_answers = 0
        """So many commits are applied and then fail."""
        self.threads = MemoryThreads(self)
        self.objects = MemoryObjects()
        self.queue = MemoryQueue(self)
        self.events = MemoryEvents(self)
        self.blobs = MemoryBlobs()
        self.vectors = MemoryVectors(clock, lease_s=lease_s)

    def check(self) -> None:
        """Fail as a store that is away."""
        if self.outage:
            raise StoreUnavailable("the store is away")

    def ring(self) -> None:
        """Wake whoever waits."""
        bell, self.bell = self.bell, asyncio.Event()
        bell.set()

    async def rung(self, timeout_s: float) -> None:
        """Wait for the bell or the time."""
        waits = [
            asyncio.ensure_future(self.bell.wait()),
            asyncio.ensure_future(self.clock.sleep(timeout_s)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def take(self, item: tuple[str, str], owner: str) -> _Lease:
        """Lease an item."""
        self.epoch += 1
        lost = self.leases[item].lost if item in self.leases else 0
        deadline = self.clock.monotonic() + self.lease_s
        lease = self.leases[item] = _Lease("leased", self.epoch, owner, deadline, lost)
        return lease

    def offer(self, item: tuple[str, str]) -> None:
        """Make an item ready, whoever holds it."""
        lease = self.leases.pop(item, None)
        self.leases[item] = _Lease("ready", lost=lease.lost if lease else 0)
        self.ring()

    def home(self, thread_id: str) -> str | None:
        """Who has the Thread's code session."""
        owner, until = self.homes.get(thread_id, (None, 0.0))
        return owner if until > self.clock.monotonic() else None

    def keep(self, item: tuple[str, str], home: str) -> None:
        """Keep an item for its Thread's home, whoever holds it."""
        lease = self.leases.get(item)
        deadline = self.clock.monotonic() + self.kept_s
        self.leases[item] = _Lease(
            "kept", deadline=deadline, lost=lease.lost if lease else 0, kept_for=home
        )
        self.ring()

    def held(self, item: tuple[str, str], epoch: int) -> bool:
        """Whether the item is leased under this epoch."""
        lease = self.leases.get(item)
        return lease is not None and lease.state == "leased" and lease.epoch == epoch

    def append(self, run_id: str, events: Sequence[StreamEvent]) -> None:
        """Add to a Run's log."""
        log = self.logs[run_id]
        number = log[-1][0] if log else 0
        for event in events:
            number += 1
            log.append((number, event.name, encoded_event(event)))
        del log[: max(0, len(log) - self.log_length)]
        self.ring()


class MemoryThreads:
    """`ThreadStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def commit(self, change: Change) -> int:
        store = self._store
        if store.gate is not None:
            await store.gate.wait()
        await asyncio.sleep(0)
        store.check()
        epoch = self._apply(change)
        store.commits.append(change)
        if store.lose_answers:
            store.lose_answers -= 1
            raise StoreUnavailable("the answer was lost")
        return epoch

    def _apply(self, change: Change) -> int:
        store = self._store
        row = store.rows.get(change.thread_id)
        for expectation in change.expect:
            if not self._holds(expectation, row, change.thread_id):
                active = row.active if row and isinstance(expectation, NoActiveRun) else None
                raise Conflict(expectation, active_run=active)
        if row is None:
            if not any(isinstance(document, ThreadRecord) for document in change.put):
                raise Conflict(Exists())
            row = store.rows[change.thread_id] = _Thread()
        for document in change.put:
            name, document_id, text = encoded(document)
            if name == "thread":
                row.revision += bool(row.doc)
                row.doc = text
            else:
                if not row.lists[name].get(document_id):
                    row.lists[name].pop(document_id, None)
                row.lists[name][document_id] = text
        for message_id in change.remove_messages:
            if message_id in row.lists["messages"]:
                row.lists["messages"][message_id] = ""  # its place stays
        return self._move_run(change, row)

    def _move_run(self, change: Change, row: _Thread) -> int:
        store = self._store
        run_id = change.run_id or ""
        item = (change.thread_id, run_id)
        epoch = 0
        if change.activate:
            row.active = run_id
        if change.expires_at is not None:
            store.expiry[item] = change.expires_at
        offered = change.enqueue or change.claim_as is not None
        state = store.leases[item].state if item in store.leases else ""
        kept = offered and state != "ready" and store.kept_s > 0
        home = store.home(change.thread_id) if kept else None
        if home is not None and home != change.claim_as:
            if state != "kept":
                store.keep(item, home)
        elif change.claim_as is not None:
            epoch = store.take(item, change.claim_as).epoch
        elif change.enqueue:
            store.offer(item)
        if change.home and item in store.leases:
            until = store.clock.monotonic() + SESSION_S
            store.homes[change.thread_id] = (store.leases[item].owner, until)
        if change.events:
            store.append(run_id, change.events)
        if change.park or change.deactivate:
            store.leases.pop(item, None)
        if change.deactivate:
            store.expiry.pop(item, None)
            if row.active == run_id:
                row.active = None
        return epoch

    def _holds(self, expectation: Expectation, row: _Thread | None, thread_id: str) -> bool:
        match expectation:
            case Absent(None, None):
                return row is None
            case Absent(run_id, message_id):
                return row is not None and not (
                    run_id in row.lists["runs"] or message_id in row.lists["messages"]
                )
            case Exists(message_id):
                return row is not None and (
                    message_id is None or message_id in row.lists["messages"]
                )
            case NoActiveRun():
                return row is not None and row.active is None
            case RunAt(run_id, revision):
                text = row.lists["runs"].get(run_id) if row else None
                return text is not None and json.loads(text)["revision"] == revision
            case ThreadAt(revision):
                return row is not None and row.revision == revision
            case Epoch(run_id, epoch):
                return self._store.held((thread_id, run_id), epoch)

    async def thread(self, thread_id: str) -> ThreadRecord | None:
        await asyncio.sleep(0)
        self._store.check()
        row = self._store.rows.get(thread_id)
        if row is None:
            return None
        body = json.loads(row.doc)
        thread = from_wire(Thread, body["thread"])
        return ThreadRecord(thread=thread, tenant=body["tenant"], revision=row.revision)

    async def get(self, thread_id: str, collection: Collection, *ids: str) -> list[Document | None]:
        await asyncio.sleep(0)
        self._store.check()
        row = self._store.rows.get(thread_id)
        found: list[Document | None] = []
        for path in ids:
            run_id, _, own = path.rpartition("/")
            name = f"steps/{run_id}" if collection == "steps" else collection
            text = row.lists[name].get(own) if row else None
            found.append(decoded(collection, text) if text else None)
        return found

    async def page(
        self, thread_id: str, collection: Collection, cursor: Cursor, *, run_id: str | None = None
    ) -> Page[Document]:
        await asyncio.sleep(0)
        self._store.check()
        row = self._store.rows.get(thread_id)
        name = f"steps/{run_id}" if collection == "steps" else collection
        rows = row.lists[name] if row else {}
        ids = [i for i in paged(list(rows), cursor) if rows[i]]
        if collection == "messages" and cursor.run_id is not None:
            ids = [i for i in ids if json.loads(rows[i])["run_id"] == cursor.run_id]
        ids, more = cut_page(ids, cursor)
        self._store.documents_read += len(ids)
        return Page(tuple(decoded(collection, rows[i]) for i in ids), more)

    async def delete_thread(self, thread_id: str) -> bool:
        await asyncio.sleep(0)
        self._store.check()
        self._store.homes.pop(thread_id, None)
        for items in (self._store.leases, self._store.expiry):
            for item in [item for item in items if item[0] == thread_id]:
                del items[item]
        return self._store.rows.pop(thread_id, None) is not None
