"""The one writer of a Run that is being executed: to the store, to its log, to its channel.

Serial: all writes of one Run, in the order in which they were asked for. Parallel: Runs. Writes
that pile up behind a slow one are joined into one change. What nobody waits for reaches followers
of this process before it is durable; what ends or parks the Run reaches them after. A crash loses
what stands in the queue, and the next owner of the Run does it again. Memory: one change at a time
in flight, and the joined rest.

Every write carries the claim's epoch, so a writer that lost its claim changes nothing; it learns
so at its next write. A write of the Run itself also carries the Run's revision: what services
changed meanwhile (metadata, a cancel) is taken over, not overwritten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from core.assistants import Message, Run, RunStep, StreamEvent
from core.clock import Clock
from core.engine.lifecycle import Ending, status_event
from core.engine.live import Channel
from core.engine.ports import RunEvents, ThreadStore
from core.engine.progress import Progress
from core.engine.pulse import Pace
from core.engine.records import Conflict, RunAt, RunClaim, RunRecord
from core.engine.stored import run_record
from core.engine.writes import Write
from core.errors import ClaimLost, StoreError

log = logging.getLogger(__name__)

_RETRY_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Pauses while the store is away; the last one repeats until the claim is lost or the Run ends."""


class RunCancelled(Exception):
    """The Run is `cancelling` in the store; what was asked for is no longer wanted."""


class Journal:
    """Writes of one execution."""

    def __init__(
        self,
        *,
        claim: RunClaim,
        record: RunRecord,
        channel: Channel,
        threads: ThreadStore,
        events: RunEvents,
        clock: Clock,
        pace: Pace | None,
        on_lost: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        """
        Args:
            claim: the fence.
            record: the Run as it is stored.
            channel: where followers of this process read.
            threads, events: where everything is written.
            clock: for stamps and pauses.
            pace: when deltas go to the log; None: only together with other writes.
            on_lost: called when the claim turns out to be lost.
            on_cancel: called when the Run turns out to be `cancelling`.
        """
        self.run = record.run
        self.progress = Progress.of(record.state)
        self.channel = channel
        self.lost = False
        self._claim = claim
        self._revision = record.revision
        self._threads = threads
        self._events = events
        self._clock = clock
        self._pace = pace
        self._is_read = True
        self._on_lost = on_lost
        self._on_cancel = on_cancel
        self._reader = channel.reader()
        self._reader.drain()  # whoever made the Run has logged what it told
        self._due = False
        self._queue: list[Write] = []
        self._writer: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- what the executor asks for

    def later(
        self,
        *put: Message | RunStep,
        events: Iterable[StreamEvent] = (),
        run: Run | None = None,
        progress: Progress | None = None,
        home: bool = False,
        hurry: bool = True,
    ) -> None:
        """Write this without waiting. Followers in this process are told at once.

        `home`: this process has the Thread's code session from here on.
        Without `hurry` it goes with the next write, or with the deltas that follow it.
        """
        told = list(events)
        write = Write(
            put={document.id: document for document in put},
            events=[*self._unlogged(), *told],
            run=run,
            progress=progress,
            home=home,
        )
        self._tell(told)
        self._enqueue(write, start=hurry or self._pace is None)
        if not hurry:
            self.grow()

    async def park(self, step: RunStep, run: Run) -> None:
        """The Run waits for somebody outside; this ends the claim.

        Raises:
            ClaimLost, RunCancelled: it was not written.
        """
        events = [*self._unlogged(), status_event(run)]
        await self._wait(Write(put={step.id: step}, events=events, run=run, park=True))
        self._tell([status_event(run)])

    async def end(
        self,
        ending: Ending,
        put: Iterable[Message | RunStep],
        events: Iterable[StreamEvent],
        now: float,
    ) -> None:
        """The Run ends `now`, and with it the claim and the Thread's lock.

        Raises:
            ClaimLost: it was not written.
        """
        told = list(events)
        write = Write(
            put={document.id: document for document in put},
            events=[*self._unlogged(), *told],
            progress=self.progress.settled(),
            ending=ending,
            usage=self.progress.usage,
            ended_at=now,
        )
        told += await self._wait(write)
        self._tell(told)

    def grow(self) -> None:
        """The channel got more of a text; the log gets it soon."""
        pace = self._pace
        if not self._due and pace is not None:
            self._due = True
            goes_on = pace.read if self._is_read else pace.unread
            (pace.opening if self._queue else goes_on).soon(self._flush)

    async def close(self) -> None:
        """Stop writing: nothing that was queued is written any more."""
        self.lost = True
        self._queue.clear()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    # ---------------------------------------------------------------- the queue

    def _tell_of_cancel(self) -> None:
        """A service has set the Run to `cancelling`, and logged that."""
        self._flush()
        self._tell([status_event(self.run)])

    def _tell(self, events: list[StreamEvent]) -> None:
        self.channel.add(*events)
        self._reader.drain()  # whoever tells them has seen to the log

    def _unlogged(self) -> list[StreamEvent]:
        """Deltas that the log does not have; everything else in the channel it has."""
        return self._reader.drain(numbered=True)

    def _flush(self) -> None:
        self._due = False
        events = self._unlogged()
        if (events or self._queue) and not self.lost:
            self._enqueue(Write(events=events))

    async def _wait(self, write: Write) -> list[StreamEvent]:
        write.done = asyncio.get_running_loop().create_future()
        self._enqueue(write)
        return await write.done

    def _enqueue(self, write: Write, *, start: bool = True) -> None:
        if write.run is not None:
            self.run = write.run
        if write.progress is not None:
            self.progress = write.progress
        if self.lost:
            if write.done is not None:
                write.done.set_exception(ClaimLost("the claim of this Run was lost"))
            return
        self._queue.append(write)
        if self._writer is None and start:
            self._writer = asyncio.create_task(self._write_all(), name=f"journal {self.run.id}")

    async def _write_all(self) -> None:
        try:
            while self._queue:
                write = self._queue.pop(0)
                while self._queue and write.done is None:
                    write.join(self._queue.pop(0))
                await self._settle(write)
        finally:
            self._writer = None

    async def _settle(self, write: Write) -> None:
        """Write it, and tell whoever waits for it."""
        try:
            events = await self._written(write)
        except (ClaimLost, RunCancelled) as error:
            if isinstance(error, ClaimLost):
                self.lost = True
                self._queue.clear()
                self._on_lost()
            if write.done is not None and not write.done.done():
                write.done.set_exception(error)
        except Exception:
            log.exception("a change of %s cannot be written", self.run.id)
            self.lost = True
            self._on_lost()
        else:
            if write.done is not None and not write.done.done():
                write.done.set_result(events)

    async def _written(self, write: Write) -> list[StreamEvent]:
        """Write until the store has taken it; the events of the Run's end, if it was that.

        A write whose answer was lost is sent again. That is harmless (documents are replaced,
        followers hear nothing twice), and after the Run's end the fence refuses it.
        """
        attempt = 0
        while True:
            change, record, ends = write.change(
                self._claim,
                run=self.run,
                progress=self.progress,
                revision=self._revision,
            )
            try:
                if record is None and not change.put:
                    read = await self._events.publish(self._claim, change.events)
                    self._is_read = read is not False
                else:
                    await self._threads.commit(change)
            except Conflict as conflict:
                if not isinstance(conflict.failed, RunAt):
                    raise ClaimLost("the Run is claimed by somebody else") from conflict
                await self._take_over_changes(write)
            except StoreError as error:
                if not error.retryable:
                    raise ClaimLost("the store does not take this Run's changes") from error
                log.warning("the store does not take a change of %s: %s", self.run.id, error)
                await self._clock.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
            else:
                break
        if record is not None:
            self._revision = record.revision
        return ends

    async def _take_over_changes(self, write: Write) -> None:
        """A service changed the Run meanwhile: keep its metadata, heed its cancel."""
        stored = await run_record(self._threads, self._claim.thread_id, self._claim.run_id)
        if stored is None:
            raise ClaimLost("the Run was deleted")
        self._revision = stored.revision
        if stored.run.status == "cancelling" and self.run.status != "cancelling":
            self.run = replace(stored.run, started_at=self.run.started_at)
            self._tell_of_cancel()
            self._on_cancel()
        self.run = replace(self.run, metadata=stored.run.metadata)
        if write.run is None:
            return
        if stored.run.status != "cancelling":
            write.run = replace(write.run, metadata=stored.run.metadata)
        elif write.park:
            raise RunCancelled(self.run.id)
        else:
            write.run = None
