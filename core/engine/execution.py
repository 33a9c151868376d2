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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.assistants import TERMINAL_RUN_STATUSES
from core.engine.answering import Answering, Workbench
from core.engine.closing import close_run
from core.engine.journal import Journal, RunCancelled
from core.engine.lifecycle import CANCELLED, EXPIRED, Ending, failed
from core.engine.live import Channel, Live
from core.engine.ports import RunQueue
from core.engine.pulse import Pace
from core.engine.records import Conflict, RunClaim, RunRecord
from core.engine.searching import StoreExpired
from core.engine.stored import run_record
from core.errors import ClaimLost, ModelError, ModelRateLimited, ModelRefused, StoreError

log = logging.getLogger(__name__)

_OUTAGE_PAUSE_S: Final = 1.0
_OUTAGE_PAUSES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all executions of a process share.

    `takeovers`: how often a Run whose executor was lost is taken over; `seconds`: how long one
    process may work on a Run.
    """

    bench: Workbench
    queue: RunQueue
    live: Live
    pace: Pace | None
    takeovers: int
    seconds: float


class Execution:
    """The execution of one claimed Run."""

    def __init__(
        self,
        shared: Shared,
        claim: RunClaim,
        record: RunRecord | None,
        channel: Channel | None,
        on_placed: Callable[[], None],
    ) -> None:
        self.claim = claim
        self._shared = shared
        self._bench = shared.bench
        self._record = record
        self._channel = channel
        self._began_s = self._looked_s = shared.bench.clock.monotonic()
        self._on_placed = on_placed
        self._work: asyncio.Task[Ending | None] | None = None
        self._ending: Ending | None = None
        self._lost = False

    async def run(self) -> None:
        """Do it. Returns when the Run has ended or waits, or when the claim was lost."""
        ended = False
        journal: Journal | None = None
        try:
            record = self._record or await self._read()
            if record is None or not await self._is_to_be_done(record):
                return
            self._record = record
            journal = self._new_journal(record)
            await self._do(Answering(self._bench, journal, self._on_placed), record)
            ended = True
        except ClaimLost:
            log.info("run %s goes on elsewhere", self.claim.run_id)
        except StoreError as error:
            log.warning("run %s is given back: %s", self.claim.run_id, error)
            await self._give_back()
        finally:
            if journal is not None:
                await journal.close()
            if self._channel is not None:
                self._shared.live.close(self._channel, ended=ended)

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
        elif stored.run.status == "cancelling":
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
        seconds = self._shared.seconds
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
            prompt = isinstance(error, ModelRefused) and error.fault == "prompt"
            code = "invalid_prompt" if prompt else "server_error"
            return failed(str(error) or error.sentence, code)
        except StoreExpired as error:
            return failed(
                f"Vector store '{error}' has expired: its files cannot be searched any more. "
                "Attach them again.",
                "invalid_prompt",
            )
        except (ClaimLost, StoreError):
            raise
        except Exception:
            log.exception("run %s failed by a fault of the engine", self.claim.run_id)
            return failed("The engine failed while it worked on this run. Its log says why.")

    async def _is_to_be_done(self, record: RunRecord) -> bool:
        """Whether there is anything to execute; a Run that is only to be ended is ended."""
        run = record.run
        if run.status in TERMINAL_RUN_STATUSES or run.status == "requires_action":
            await self._shared.queue.release(self.claim, again=False)
            return False
        ending: Ending | None = None
        if run.status == "cancelling":
            ending = CANCELLED
        elif run.expires_at is not None and self._bench.clock.now() >= run.expires_at:
            ending = EXPIRED
        elif self.claim.takeovers > self._shared.takeovers:
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
            self._channel = self._shared.live.open(record, whole=False)
        return Journal(
            claim=self.claim,
            record=record,
            channel=self._channel,
            threads=bench.threads,
            events=bench.events,
            clock=bench.clock,
            pace=self._shared.pace,
            on_lost=self.lose,
            on_cancel=lambda: self.stop(CANCELLED),
        )

    async def _give_back(self) -> None:
        """After an outage: not a crash, so it does not count as one."""
        for _ in range(_OUTAGE_PAUSES):
            try:
                await self._shared.queue.release(self.claim, again=True)
            except StoreError:
                await self._bench.clock.sleep(_OUTAGE_PAUSE_S)
            else:
                return

    async def _read(self) -> RunRecord | None:
        return await run_record(self._bench.threads, self.claim.thread_id, self.claim.run_id)
