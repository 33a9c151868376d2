"""Executes Runs for as long as the process lives.

Serial: nothing across Runs. Parallel: Runs, up to `limit` and to the free model slots; five loops
(claiming, watching, renewing, sweeping, hearing of cancels). A crash loses the executions; their
leases run out and other workers take the Runs over. Memory: one execution a Run; a Run that waits
for tool outputs takes none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final, Self

from core.assistants import TERMINAL_RUN_STATUSES
from core.clock import Clock
from core.engine.closing import close_run
from core.engine.execution import Execution
from core.engine.executor import Executor
from core.engine.lifecycle import EXPIRED
from core.engine.live import Channel
from core.engine.models import Slots
from core.engine.ports import RunEvents, RunQueue, ThreadStore
from core.engine.records import Change, Conflict, RunAt, RunClaim, RunRecord
from core.engine.stored import run_record
from core.errors import StoreError
from core.ids import THREAD

log = logging.getLogger(__name__)

_BATCH: Final = 100
_OUTAGE_PAUSE_S: Final = 1.0
_OWN_END_S: Final = 5.0
"""How long after its expiry a Run's executor may end it itself: it knows the text, we do not."""


class Worker:
    """Claims Runs and executes them; use as an async context.

    Leaving the context drains: no new claims, `grace_s` for what runs, then the rest is handed to
    other workers.
    """

    def __init__(
        self,
        *,
        owner: str,
        executor: Executor,
        threads: ThreadStore,
        events: RunEvents,
        queue: RunQueue,
        slots: Sequence[Slots],
        clock: Clock,
        limit: int = 1_000,
        lease_s: float = 10.0,
        tick_s: float = 1.0,
        sweep_s: float = 5.0,
        idle_s: float = 2.0,
        look_s: float = 10.0,
        grace_s: float = 20.0,
    ) -> None:
        """
        Args:
            owner: this worker's name in leases.
            executor: how a Run is executed.
            threads, events, queue: the stores.
            slots: of the endpoints that this process calls.
            clock: for expiry and all pauses.
            limit: executions at a time.
            lease_s: what the queue gives; renewed every third of it.
            tick_s: how often deadlines are looked at.
            sweep_s: how often Runs that nobody ends are looked for.
            idle_s: how long a silent queue is trusted.
            look_s: how often a Run is read in case a cancel request was not heard.
            grace_s: what running executions get when the worker stops.
        """
        self.owner = owner
        self._executor = executor
        self._threads = threads
        self._events = events
        self._queue = queue
        self._slots = tuple(slots)
        self._clock = clock
        self._limit = limit
        self._renew_s = lease_s / 3
        self._tick_s = tick_s
        self._sweep_s = sweep_s
        self._idle_s = idle_s
        self._look_s = look_s
        self._grace_s = grace_s
        self._running: dict[str, tuple[Execution, asyncio.Task[None]]] = {}
        self._unplaced: set[str] = set()
        self._change = asyncio.Event()
        self._stopping = False
        self._claiming: asyncio.Task[list[RunClaim]] | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._aside: set[asyncio.Task[None]] = set()
        for slot in self._slots:
            slot.watch(self._change.set)

    # ---------------------------------------------------------------- for this process

    @property
    def running(self) -> int:
        """How many Runs are executed now."""
        return len(self._running)

    def free(self) -> int:
        """How many Runs could get a model at once."""
        if self._stopping:
            return 0
        slots = sum(slot.free() for slot in self._slots) - len(self._unplaced)
        return max(0, min(self._limit - len(self._running), slots))

    async def changed(self, timeout_s: float) -> None:
        """Return when `free` may have grown, at the latest after `timeout_s` seconds."""
        self._change.clear()
        try:
            await asyncio.wait_for(self._change.wait(), timeout_s)
        except TimeoutError:
            return

    def submit(
        self, claim: RunClaim, record: RunRecord | None = None, channel: Channel | None = None
    ) -> None:
        """Execute a Run that was claimed for this worker."""
        if self._stopping:
            self._beside(self._hand_over(claim))
            return
        run_id = claim.run_id
        self._unplaced.add(run_id)
        execution = self._executor.execution(
            claim, record, channel, on_placed=lambda: self._unplaced.discard(run_id)
        )
        task = asyncio.create_task(execution.run(), name=f"execution {self.owner}:{run_id}")
        self._running[run_id] = (execution, task)
        task.add_done_callback(lambda done: self._finished(run_id, done))

    async def __aenter__(self) -> Self:
        loops = (self._claim, self._watch, self._renew, self._sweep, self._hear)
        self._loops = [
            asyncio.create_task(self._forever(loop), name=f"worker {self.owner}:{loop.__name__}")
            for loop in loops
        ]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._stopping = True
        self._loops[0].cancel()
        await self._return_claims()
        # From here on there is never a free place, so this only passes on.
        self._loops[0] = asyncio.create_task(
            self._forever(self._claim), name=f"worker {self.owner}:{self._claim.__name__}"
        )
        tasks = [task for _, task in self._running.values()]
        if tasks and self._grace_s > 0:
            await asyncio.wait(tasks, timeout=self._grace_s)
        left = list(self._running.values())
        for _, task in left:
            task.cancel()
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*(task for _, task in left), *self._loops, return_exceptions=True)
        await asyncio.gather(*(self._hand_over(execution.claim) for execution, _ in left))
        await asyncio.gather(*self._aside)

    # ---------------------------------------------------------------- loops

    async def _claim(self) -> None:
        room = min(self.free(), _BATCH)
        if room <= 0:
            await self._pass_on()
            return
        claiming = self._claiming = asyncio.create_task(self._queue.claim(self.owner, room))
        await asyncio.wait({claiming})  # which a stop does not break off
        self._claiming = None
        claims = claiming.result()
        for claim in claims:
            self.submit(claim)
        if not claims:
            await self._queue.wait(self._idle_s, owner=self.owner)

    async def _pass_on(self) -> None:
        """While there is no free place: what is kept for this process goes to others at once."""
        waits = [
            asyncio.create_task(self.changed(self._idle_s)),
            asyncio.create_task(self._queue.wait(self._idle_s, owner=self.owner, kept_only=True)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self.free() <= 0:
            await self._queue.claim(self.owner, 0)

    async def _watch(self) -> None:
        for execution, _ in list(self._running.values()):
            ending = execution.overdue()
            if ending is not None:
                execution.stop(ending)
            elif execution.unseen_s() >= self._look_s:
                await execution.heed_cancel()
        await self._clock.sleep(self._tick_s)

    async def _renew(self) -> None:
        executions = [execution for execution, _ in self._running.values()]
        for start in range(0, len(executions), _BATCH):
            batch = executions[start : start + _BATCH]
            kept = await self._queue.renew([execution.claim for execution in batch])
            for execution, still in zip(batch, kept, strict=True):
                if not still:
                    execution.lose()
        await self._clock.sleep(self._renew_s)

    async def _sweep(self) -> None:
        now = self._clock.now()
        for thread_id, run_id in await self._queue.expired(int(now), _BATCH):
            record = await run_record(self._threads, thread_id, run_id)
            if record is not None:
                await self._end_expired(record, now)
        await self._clock.sleep(self._sweep_s)

    async def _hear(self) -> None:
        async for name in self._events.cancel_requests():
            found = self._running.get(name)
            if found is not None:
                await found[0].heed_cancel()
            elif name.startswith(THREAD):
                self._beside(self._executor.close_code(name))
        await self._clock.sleep(_OUTAGE_PAUSE_S)

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await loop()
            except StoreError as error:
                log.warning("the store is away: %s", error)
                await self._clock.sleep(_OUTAGE_PAUSE_S)
            except Exception:
                log.exception("a loop of the worker failed; it goes on")
                await self._clock.sleep(_OUTAGE_PAUSE_S)

    # ---------------------------------------------------------------- single Runs

    async def _end_expired(self, record: RunRecord, now: float) -> None:
        run = record.run
        expires_at = run.expires_at or 0
        if run.status == "in_progress" and now < expires_at + _OWN_END_S:
            return
        try:
            if run.status in TERMINAL_RUN_STATUSES:
                at = RunAt(run.id, record.revision)
                await self._threads.commit(
                    Change(thread_id=run.thread_id, expect=(at,), run_id=run.id, deactivate=True)
                )
                return
            await close_run(self._threads, self._events, record, EXPIRED, now)
        except Conflict:
            log.debug("run %s was changed while it was swept", run.id)

    async def _hand_over(self, claim: RunClaim) -> None:
        """Offer the Run to the next worker; without the store its lease runs out instead."""
        try:
            await self._queue.release(claim, again=True)
        except StoreError as error:
            log.warning("run %s could not be handed over: %s", claim.run_id, error)

    async def _return_claims(self) -> None:
        """What a claim on its way took would come back only with its lease."""
        if self._claiming is None:
            return
        try:
            for claim in await self._claiming:
                await self._hand_over(claim)
        except StoreError as error:
            log.warning("the last claim failed: %s", error)

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        """Do it while other things go on."""
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def _finished(self, run_id: str, task: asyncio.Task[None]) -> None:
        self._unplaced.discard(run_id)
        if run_id in self._running and self._running[run_id][1] is task:
            del self._running[run_id]
        self._change.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the execution of %s failed", run_id, exc_info=error)
