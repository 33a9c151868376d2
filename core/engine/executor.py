"""One claimed Run, from the claim to its end or to a required action.

    prompt ─▶ model round ─▶ text: a Message ─────────────────────────────▶ completed
      ▲                   └▶ tool calls: a Step ─▶ code runs here ─▶ functions? ─▶ requires_action
      └───────────────────────────────────────────────┘ no: again

Serial: the steps of one Run. Parallel: Runs; their model calls by the endpoint's slots. A crash
loses nothing but the round in flight: whoever claims the Run next reads where it stood and does
that round again. Between creation and the model call no write is waited for. Memory: the Run's own
text and tool outputs, and as much of the Thread as its prompt holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from core.assistants import TERMINAL_RUN_STATUSES
from core.budgets import RunCeiling
from core.clock import Clock
from core.engine.answering import Answering, Workbench
from core.engine.closing import close_run
from core.engine.context import Estimate, estimated_tokens
from core.engine.history import HistoryReader
from core.engine.journal import Journal, RunCancelled
from core.engine.lifecycle import CANCELLED, EXPIRED, Ending, failed
from core.engine.live import Channel, Live
from core.engine.models import Catalogue, Endpoint
from core.engine.ports import Blobs, Interpreter, ObjectStore, RunEvents, RunQueue, ThreadStore
from core.engine.prompting import Limits
from core.engine.pulse import Pace, Pulse
from core.engine.records import Conflict, RunClaim, RunRecord
from core.engine.rounds import Rounds
from core.engine.stored import run_record
from core.engine.tools import CodeRunner
from core.errors import ClaimLost, ModelError, ModelRateLimited, StoreError
from core.ids import Ids

log = logging.getLogger(__name__)

_OUTAGE_PAUSE_S: Final = 1.0
_OUTAGE_PAUSES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """How Runs are executed.

    ceiling: what one Run may take.
    history_tokens: what a prompt takes of the Thread where the Run does not say (tokens).
    model_attempts: tries of one model round.
    takeovers: how often a Run whose executor was lost is taken over before it fails.
    delta_interval_s: how long deltas wait for company on their way to the log; None: they go only
        together with other changes (enough where every follower is in the executing process).
    unread_interval_s: the same while nobody reads the log.
    """

    ceiling: RunCeiling = field(default_factory=RunCeiling)
    history_tokens: int = 32_000
    model_attempts: int = 4
    takeovers: int = 3
    delta_interval_s: float | None = 0.03
    unread_interval_s: float = 0.25


class Executor:
    """What all executions of a process share."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        blobs: Blobs,
        events: RunEvents,
        queue: RunQueue,
        endpoints: Mapping[str, Endpoint],
        catalogue: Catalogue,
        interpreter: Interpreter,
        live: Live,
        clock: Clock,
        ids: Ids,
        options: ExecutorOptions | None = None,
        estimate: Estimate = estimated_tokens,
    ) -> None:
        """
        Args:
            threads, objects, blobs, events, queue: the stores.
            endpoints: by the names that the catalogue gives.
            catalogue: what model names mean.
            interpreter: where code runs.
            live: where followers of this process look.
            clock, ids: for everything new.
            options: limits.
            estimate: tokens of a text.
        """
        self.options = options or ExecutorOptions()
        self.queue = queue
        self.live = live
        self.bench = Workbench(
            threads=threads,
            events=events,
            catalogue=catalogue,
            rounds=Rounds(endpoints, clock, attempts=self.options.model_attempts),
            history=HistoryReader(threads=threads, objects=objects, blobs=blobs, estimate=estimate),
            code=CodeRunner(
                interpreter=interpreter, blobs=blobs, objects=objects, ids=ids, clock=clock
            ),
            limits=Limits(self.options.ceiling, self.options.history_tokens, estimate),
            clock=clock,
            ids=ids,
        )
        interval_s = self.options.delta_interval_s
        self.pace = (
            Pace(Pulse(clock, interval_s), Pulse(clock, self.options.unread_interval_s))
            if interval_s is not None
            else None
        )

    def execution(
        self,
        claim: RunClaim,
        record: RunRecord | None = None,
        channel: Channel | None = None,
        *,
        on_placed: Callable[[], None] = lambda: None,
    ) -> Execution:
        """The execution of a claimed Run. `record` and `channel` come from whoever made the Run.

        `on_placed` is called when the Run holds a model slot, or waits for one, for the first time.
        """
        return Execution(self, claim, record, channel, on_placed)


class Execution:
    """The execution of one claimed Run."""

    def __init__(
        self,
        parts: Executor,
        claim: RunClaim,
        record: RunRecord | None,
        channel: Channel | None,
        on_placed: Callable[[], None],
    ) -> None:
        self.claim = claim
        self._parts = parts
        self._bench = parts.bench
        self._record = record
        self._channel = channel
        self._began_s = self._looked_s = parts.bench.clock.monotonic()
        self._on_placed = on_placed
        self._journal: Journal | None = None
        self._work: asyncio.Task[Ending | None] | None = None
        self._ending: Ending | None = None
        self._lost = False

    async def run(self) -> None:
        """Do it. Returns when the Run has ended or waits, or when the claim was lost."""
        ended = False
        try:
            record = self._record or await self._read()
            if record is None or not await self._is_to_be_done(record):
                return
            self._record = record
            self._journal = self._new_journal(record)
            await self._do(Answering(self._bench, self._journal, self._on_placed), record)
            ended = True
        except ClaimLost:
            log.info("run %s goes on elsewhere", self.claim.run_id)
        except StoreError as error:
            log.warning("run %s is given back: %s", self.claim.run_id, error)
            await self._give_back()
        finally:
            if self._journal is not None:
                await self._journal.close()
            if self._channel is not None:
                self._parts.live.close(self._channel, ended=ended)

    def stop(self, ending: Ending) -> None:
        """End it with `ending`, unless it is ending already."""
        if self._ending is None and self._work is not None and not self._work.done():
            self._ending = ending
            self._work.cancel()

    def lose(self) -> None:
        """Somebody else has the claim: stop at once, write nothing."""
        self._lost = True
        if self._work is not None:
            self._work.cancel()

    async def heed_cancel(self) -> None:
        """Stop if the Run is `cancelling` in the store, or was deleted."""
        self._looked_s = self._bench.clock.monotonic()
        stored = await self._read()
        if stored is None:
            self.lose()
        elif stored.run.status == "cancelling" and self._journal is not None:
            self._journal.cancelled_outside(stored)
            self.stop(CANCELLED)

    def unseen_s(self) -> float:
        """Seconds since the store was last asked whether the Run is still wanted."""
        return self._bench.clock.monotonic() - self._looked_s

    def overdue(self) -> Ending | None:
        """How the Run is to end because its time is up, if it is."""
        clock = self._bench.clock
        expires_at = self._record.run.expires_at if self._record else None
        if expires_at is not None and clock.now() >= expires_at:
            return EXPIRED
        seconds = self._parts.options.ceiling.seconds
        if clock.monotonic() - self._began_s >= seconds:
            return failed(f"The run took more than {seconds:.0f} s, the most that one may take.")
        return None

    async def _do(self, answering: Answering, record: RunRecord) -> None:
        """Answer, and end the Run unless it waits for tool outputs."""
        if self._lost:
            raise ClaimLost(self.claim.run_id)
        self._work = asyncio.create_task(answering.answer(record), name=f"run {self.claim.run_id}")
        ending = await self._outcome(self._work)
        if ending is not None:
            await answering.end(ending)

    async def _outcome(self, work: asyncio.Task[Ending | None]) -> Ending | None:
        """How the Run ends; None when it waits for tool outputs."""
        try:
            return await work
        except asyncio.CancelledError:
            if self._lost:
                raise ClaimLost(self.claim.run_id) from None
            if self._ending is None:
                raise
            return self._ending
        except RunCancelled:
            return CANCELLED
        except ModelRateLimited as error:
            return failed(str(error) or error.sentence, "rate_limit_exceeded")
        except ModelError as error:
            return failed(str(error) or error.sentence)
        except (ClaimLost, StoreError):
            raise
        except Exception:
            log.exception("run %s failed by a fault of the engine", self.claim.run_id)
            return failed("The engine failed while it worked on this run. Its log says why.")

    async def _is_to_be_done(self, record: RunRecord) -> bool:
        """Whether there is anything to execute; a Run that is only to be ended is ended."""
        run = record.run
        if run.status in TERMINAL_RUN_STATUSES or run.status == "requires_action":
            await self._parts.queue.release(self.claim, again=False)
            return False
        ending: Ending | None = None
        if run.status == "cancelling":
            ending = CANCELLED
        elif run.expires_at is not None and self._bench.clock.now() >= run.expires_at:
            ending = EXPIRED
        elif self.claim.takeovers > self._parts.options.takeovers:
            ending = failed(
                f"The processes that worked on this run were lost {self.claim.takeovers} times."
            )
        if ending is None:
            return True
        await self._close(record, ending)
        return False

    async def _close(self, record: RunRecord, ending: Ending) -> None:
        bench = self._bench
        try:
            await close_run(
                bench.threads, bench.events, record, ending, bench.clock.now(), claim=self.claim
            )
        except Conflict as error:
            raise ClaimLost(self.claim.run_id) from error

    def _new_journal(self, record: RunRecord) -> Journal:
        bench = self._bench
        if self._channel is None:
            self._channel = self._parts.live.open(record, whole=False)
        return Journal(
            claim=self.claim,
            record=record,
            channel=self._channel,
            threads=bench.threads,
            events=bench.events,
            clock=bench.clock,
            pace=self._parts.pace,
            on_lost=self.lose,
            on_cancel=lambda: self.stop(CANCELLED),
        )

    async def _give_back(self) -> None:
        """After an outage: not a crash, so it does not count as one."""
        for _ in range(_OUTAGE_PAUSES):
            try:
                await self._parts.queue.release(self.claim, again=True)
            except StoreError:
                await self._bench.clock.sleep(_OUTAGE_PAUSE_S)
            else:
                return

    async def _read(self) -> RunRecord | None:
        return await run_record(self._bench.threads, self.claim.thread_id, self.claim.run_id)
