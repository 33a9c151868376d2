"""The Run queue and the event logs in memory, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from core.assistants import StreamEvent
from core.engine.records import LoggedEvent, RunClaim
from core.errors import ClaimLost
from tests.fakes.memory_codec import decoded_event

if TYPE_CHECKING:
    from tests.fakes.memory_store import MemoryStore


class MemoryQueue:
    """`RunQueue`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.hold: asyncio.Event | None = None
        """Claims are taken at once and told when it is set."""

    async def claim(self, owner: str, limit: int) -> list[RunClaim]:
        await asyncio.sleep(0)
        store = self._store
        store.check()
        mine: list[tuple[str, str]] = []
        for item, lease in store.leases.items():
            over = lease.deadline <= store.clock.monotonic()
            if lease.state == "leased" and over:
                lease.state, lease.epoch = "ready", 0
                lease.lost += 1
            elif lease.state == "kept" and lease.kept_for == owner:
                mine.append(item)
            elif lease.state == "kept" and over:
                lease.state = "ready"
                if store.home(item[0]) == lease.kept_for:
                    del store.homes[item[0]]
        for item in mine[limit:]:
            store.offer(item)
        ready = [item for item, lease in store.leases.items() if lease.state == "ready"]
        claims: list[RunClaim] = []
        for item in [*mine, *ready][:limit]:
            lease = store.take(item, owner)
            claims.append(RunClaim(*item, lease.epoch, lease.lost))
        if claims and self.hold is not None:
            await self.hold.wait()
        return claims

    async def renew(self, claims: Sequence[RunClaim]) -> list[bool]:
        await asyncio.sleep(0)
        store = self._store
        store.check()
        kept: list[bool] = []
        for claim in claims:
            item = (claim.thread_id, claim.run_id)
            kept.append(store.held(item, claim.epoch))
            if kept[-1]:
                store.leases[item].deadline = store.clock.monotonic() + store.lease_s
        return kept

    async def release(self, claim: RunClaim, *, again: bool) -> None:
        await asyncio.sleep(0)
        store = self._store
        store.check()
        item = (claim.thread_id, claim.run_id)
        if not store.held(item, claim.epoch):
            return
        if again:
            store.offer(item)
        else:
            del store.leases[item]

    async def expired(self, now: int, limit: int) -> list[tuple[str, str]]:
        await asyncio.sleep(0)
        self._store.check()
        due = sorted((at, item) for item, at in self._store.expiry.items() if at <= now)
        return [item for _, item in due[:limit]]

    async def wait(self, timeout_s: float, *, owner: str = "", kept_only: bool = False) -> None:
        store = self._store
        until = store.clock.monotonic() + timeout_s
        while True:
            leases = store.leases.values()
            kept = [lease for lease in leases if lease.state == "kept"]
            if any(lease.kept_for == owner for lease in kept):
                return
            if not kept_only and any(lease.state == "ready" for lease in leases):
                return
            times = [until, *(() if kept_only else (lease.deadline for lease in kept))]
            left = min(times) - store.clock.monotonic()
            if left > 0:
                await store.rung(left)
            if left <= 0 or not kept_only:
                return


class MemoryEvents:
    """`RunEvents`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._cancels: list[asyncio.Queue[str]] = []
        self._read_at: dict[str, float] = {}
        self.deaf = False
        """Cancel requests get lost, as pub/sub may lose them."""

    async def publish(self, claim: RunClaim, events: Sequence[StreamEvent]) -> bool:
        await asyncio.sleep(0)
        self._store.check()
        if not self._store.held((claim.thread_id, claim.run_id), claim.epoch):
            raise ClaimLost(claim.run_id)
        self._store.published += 1
        self._store.append(claim.run_id, events)
        return self._read_at.get(claim.run_id, -60.0) > self._store.clock.monotonic() - 30.0

    async def read(
        self, thread_id: str, run_id: str, after: str, timeout_s: float
    ) -> list[LoggedEvent]:
        await asyncio.sleep(0)
        deadline = self._store.clock.monotonic() + timeout_s
        if timeout_s > 0:
            self._read_at[run_id] = self._store.clock.monotonic()
        while True:
            self._store.check()
            found = [entry for entry in self._store.logs[run_id] if entry[0] > int(after)]
            left = deadline - self._store.clock.monotonic()
            if found or left <= 0:
                break
            await self._store.rung(left)
        return [LoggedEvent(str(number), decoded_event(name, text)) for number, name, text in found]

    async def request_cancel(self, thread_id: str, run_id: str) -> None:
        await asyncio.sleep(0)
        for waiting in [] if self.deaf else self._cancels:
            waiting.put_nowait(run_id)

    async def cancel_requests(self) -> AsyncIterator[str]:
        waiting: asyncio.Queue[str] = asyncio.Queue()
        self._cancels.append(waiting)
        try:
            while True:
                yield await waiting.get()
        finally:
            self._cancels.remove(waiting)
