"""Following a Run from anywhere: from memory where it is executed, else from its event log.

Serial: what one follower is told. Parallel: followers; none of them holds up the executor or
another follower, and one that goes away changes nothing for the Run. A follower survives the end
of the executing process: it goes on with the log and the stored objects, and is told nothing
twice. Memory is bounded by what a follower has been told of (ids and lengths, no text).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from core.assistants import PARKED_RUN_STATUSES, Json, Run, StreamEvent
from core.engine.live import Channel, Live
from core.engine.ports import RunEvents, ThreadStore
from core.engine.records import LoggedEvent, RunRecord
from core.engine.stitching import Stitching
from core.engine.stored import run_record, stored_run

_FIRST_EVENTS: Final = frozenset({"thread.created", "thread.run.created"})


class Following:
    """Streams of Runs for followers in this process."""

    def __init__(
        self, *, threads: ThreadStore, events: RunEvents, live: Live, look_again_s: float = 5.0
    ) -> None:
        """
        Args:
            threads: where the objects are.
            events: the logs of Runs that other processes execute.
            live: the Runs that this process executes.
            look_again_s: how long a silent log is trusted before the Run is read again.
        """
        self._threads = threads
        self._events = events
        self._live = live
        self._look_again_s = look_again_s

    def executed_here(self, run_id: str, behind_call: str | None) -> RunRecord | None:
        """The Run as its execution found it, if a follower needs nothing but memory."""
        channel = self._live.get(run_id)
        return channel.record if channel is not None and channel.serves(behind_call) else None

    async def follow(
        self, record: RunRecord, *, behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        """The Run's events in the reference's order, as they happen, until it ends or waits.

        With `behind_call`, only what comes behind the required action with that tool call: the
        stream of a submission.
        """
        stitching = Stitching(behind_call)
        channel = self._live.get(record.run.id)
        if channel is not None and channel.serves(behind_call):
            stitching.unmute()
            async for event in _from_memory(channel, stitching):
                yield event
            if channel.ended:
                return
            record = await self._read(record) or record
        async for event in self._from_log(record, stitching, resumed=stitching.began):
            yield event

    async def _from_log(
        self, record: RunRecord, stitching: Stitching, *, resumed: bool
    ) -> AsyncGenerator[StreamEvent, None]:
        after = await self._end_of_log(record) if resumed else "0"
        if resumed:
            for event in await self._caught_up(record, stitching):
                yield event
        wait_s = 0.0 if record.run.status in PARKED_RUN_STATUSES else self._look_again_s
        while not await self._is_over(record, stitching):
            batch = await self._events.read(record.run.thread_id, record.run.id, after, wait_s)
            wait_s = self._look_again_s
            missed = _missed(batch, after)
            if missed or not batch:
                latest = await self._read(record)
                if latest is None:
                    return  # the Thread was deleted
                if missed or latest.run.status in PARKED_RUN_STATUSES:
                    for event in await self._caught_up(latest, stitching):
                        yield event
            for logged in batch:
                for event in stitching.take(logged.event):
                    yield event
                if stitching.lost:
                    for event in await self._caught_up(record, stitching):
                        yield event
                after = logged.sequence

    async def _caught_up(self, record: RunRecord, stitching: Stitching) -> list[StreamEvent]:
        latest = await self._read(record)
        if latest is None:
            return []
        return stitching.catch_up(await stored_run(self._threads, latest))

    async def _is_over(self, record: RunRecord, stitching: Stitching) -> bool:
        """Whether the Run ended, or waits with nothing told behind that."""
        run = stitching.run
        if run is None or run.status not in PARKED_RUN_STATUSES:
            return False
        if stitching.ended:
            return True
        latest = await self._read(record)
        return latest is None or _action(latest.run) == _action(run)

    async def _end_of_log(self, record: RunRecord) -> str:
        after = "0"
        while batch := await self._events.read(record.run.thread_id, record.run.id, after, 0):
            after = batch[-1].sequence
        return after

    async def _read(self, record: RunRecord) -> RunRecord | None:
        return await run_record(self._threads, record.run.thread_id, record.run.id)


async def _from_memory(channel: Channel, stitching: Stitching) -> AsyncGenerator[StreamEvent, None]:
    reader = channel.reader()
    while True:
        closed = channel.closed
        for event in reader.drain():
            for told in stitching.take(event):
                yield told
        if closed:
            return
        await reader.changed()


def _missed(batch: list[LoggedEvent], after: str) -> bool:
    """Whether the log has dropped events between `after` and these."""
    if not batch:
        return False
    first = batch[0]
    beheaded = after == "0" and first.event.name not in _FIRST_EVENTS
    return beheaded or int(first.sequence) != int(after) + 1


def _action(run: Run) -> Json | None:
    return run.required_action
