"""Runs and their Steps: start, read, change, cancel, go on with tool outputs, follow.

A Run is stored as queued and, if this process has a free place, claimed for it in the same step.
Whatever a service changes carries the revision that it read, so nothing that an executor wrote
meanwhile is lost; a change that came too late is done again on what is stored now.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

from core.assistants import Json, Metadata, Run, RunStep, StreamEvent
from core.clock import Clock
from core.engine.closing import close_run
from core.engine.following import Following
from core.engine.lifecycle import (
    CANCELLED,
    EXPIRED,
    cancelling,
    check_accepts_outputs,
    requeued,
    status_event,
    step_completed,
)
from core.engine.ports import RunEvents, ThreadStore
from core.engine.progress import Progress
from core.engine.records import Change, Conflict, Cursor, Page, RunAt, RunRecord
from core.engine.requests import (
    RESULT_CONTENT,
    RunRequest,
    ThreadRequest,
    ToolOutputRequest,
)
from core.engine.search_tool import without_content
from core.engine.service.access import page_of, run_of, step_of
from core.engine.service.launching import Launcher
from core.engine.service.starting import Starting
from core.engine.tools import is_open, with_output
from core.engine.validation import check_outputs, merged_metadata
from core.errors import StoreUnavailable

_ATTEMPTS: Final = 20
"""Changes of one Run that may come between while we try one: more is a fault."""

_CANCEL_GRACE_S: Final = 15
"""How long an executor has to end a Run that is cancelled; then a sweeper does."""


class Runs:
    """Operations on Runs. A `tenant` sees its own objects only."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        events: RunEvents,
        starting: Starting,
        launcher: Launcher,
        following: Following,
        clock: Clock,
    ) -> None:
        self._threads = threads
        self._events = events
        self._starting = starting
        self._launcher = launcher
        self._following = following
        self._clock = clock

    async def create(
        self, thread_id: str, request: RunRequest, *, tenant: str = "", run_id: str | None = None
    ) -> Run:
        """Start a Run. With `run_id`, one that is there already is returned as it stands.

        Raises:
            InvalidRequest: outside the limits, or another Run of the Thread is active.
            NotFound: no such Thread, Assistant or File.
        """
        return await self._starting.run(thread_id, request, tenant=tenant, run_id=run_id)

    async def create_with_thread(
        self,
        thread: ThreadRequest,
        request: RunRequest,
        *,
        tenant: str = "",
        thread_id: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Make a Thread with its Messages and start a Run on it, all or nothing.

        With both ids given, what is there already is returned as it stands.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Assistant or File.
        """
        return await self._starting.run_with_thread(
            thread, request, tenant=tenant, thread_id=thread_id, run_id=run_id
        )

    async def get(self, thread_id: str, run_id: str, *, tenant: str = "") -> Run:
        """The Run as it stands. Raises NotFound."""
        return (await run_of(self._threads, thread_id, run_id, tenant)).run

    async def list(self, thread_id: str, cursor: Cursor, *, tenant: str = "") -> Page[Run]:
        """A part of the Thread's Runs, newest first unless the cursor says otherwise.

        Raises:
            InvalidRequest: a bad limit.
            NotFound: no such Thread.
        """
        page = await page_of(self._threads, thread_id, "runs", cursor, tenant, RunRecord)
        return Page(tuple(record.run for record in page.data), page.has_more)

    async def update(
        self, thread_id: str, run_id: str, metadata: Metadata | None, *, tenant: str = ""
    ) -> Run:
        """Merge this into the metadata (None: remove all), in whatever status.

        Raises:
            InvalidRequest: outside the limits.
            NotFound: no such Run.
        """
        for _ in range(_ATTEMPTS):
            record = await run_of(self._threads, thread_id, run_id, tenant)
            run = replace(record.run, metadata=merged_metadata(record.run.metadata, metadata))
            if await self._changed(record, run):
                return run
        raise _busy(run_id)

    async def cancel(self, thread_id: str, run_id: str, *, tenant: str = "") -> Run:
        """Stop the Run; the answer says `cancelling`, as the API's always does.

        Where nobody executes it, it is `cancelled` when this returns.

        Raises:
            InvalidRequest: it has ended or is being cancelled.
            NotFound: no such Run.
        """
        for _ in range(_ATTEMPTS):
            record = await run_of(self._threads, thread_id, run_id, tenant)
            run = cancelling(record.run)
            if record.run.status != "in_progress":
                if await self._closed(record):
                    return run
            elif await self._changed(
                record,
                run,
                events=(status_event(run),),
                expires_at=int(self._clock.now()) + _CANCEL_GRACE_S,
            ):
                await self._events.request_cancel(thread_id, run_id)
                return run
        raise _busy(run_id)

    async def submit_tool_outputs(
        self,
        thread_id: str,
        run_id: str,
        outputs: Sequence[ToolOutputRequest],
        *,
        tenant: str = "",
    ) -> Run:
        """Give all outputs that the Run waits for; it is queued again.

        Raises:
            InvalidRequest: it does not wait, or other outputs are wanted.
            NotFound: no such Run.
        """
        given = {output.tool_call_id: output.output for output in outputs}
        for _ in range(_ATTEMPTS):
            record = await run_of(self._threads, thread_id, run_id, tenant)
            check_accepts_outputs(record.run)
            if await self._has_expired(record):
                continue
            note = Progress.of(record.state).rounds[-1]
            step = await step_of(self._threads, thread_id, run_id, note.step, tenant)
            calls: list[Json] = step.step_details["tool_calls"]
            awaited = [call["id"] for call in calls if is_open(call)]
            check_outputs(awaited, [output.tool_call_id for output in outputs])
            done = [
                with_output(call, given[call["id"]]) if is_open(call) else call for call in calls
            ]
            details = {"type": "tool_calls", "tool_calls": done}
            step = replace(
                step_completed(step, self._clock.now(), note.usage), step_details=details
            )
            if await self._went_on(record, step, awaited):
                return requeued(record.run)
        raise _busy(run_id)

    async def follow(
        self, thread_id: str, run_id: str, *, tenant: str = "", behind_call: str | None = None
    ) -> AsyncGenerator[StreamEvent, None]:
        """The Run's events in the reference's order, live, until it ends or waits for outputs.

        Any number of followers, in any process; one that goes away changes nothing for the Run.
        With `behind_call` (the id of a call whose output was submitted) the stream begins behind
        that required action. What file searches found comes with its text if the Run was made so.

        Raises:
            NotFound: no such Run.
        """
        record = self._following.executed_here(run_id, behind_call)
        if (
            record is None
            or record.run.thread_id != thread_id
            or Progress.of(record.state).tenant != tenant
        ):
            record = await run_of(self._threads, thread_id, run_id, tenant)
        included = Progress.of(record.state).included
        async for event in self._following.follow(record, behind_call=behind_call):
            if isinstance(event.data, RunStep) and not included:
                yield StreamEvent(event.name, without_content(event.data))
            else:
                yield event

    async def step(
        self,
        thread_id: str,
        run_id: str,
        step_id: str,
        *,
        tenant: str = "",
        include: Sequence[str] = (),
    ) -> RunStep:
        """A Step. `include` may name `RESULT_CONTENT`. Raises NotFound."""
        step = await step_of(self._threads, thread_id, run_id, step_id, tenant)
        return step if RESULT_CONTENT in include else without_content(step)

    async def steps(
        self,
        thread_id: str,
        run_id: str,
        cursor: Cursor,
        *,
        tenant: str = "",
        include: Sequence[str] = (),
    ) -> Page[RunStep]:
        """A part of the Run's Steps, newest first unless the cursor says otherwise.

        `include` may name `RESULT_CONTENT`.

        Raises:
            InvalidRequest: a bad limit.
            NotFound: no such Run.
        """
        await run_of(self._threads, thread_id, run_id, tenant)
        page = await page_of(
            self._threads, thread_id, "steps", cursor, tenant, RunStep, run_id=run_id
        )
        if RESULT_CONTENT in include:
            return page
        return replace(page, data=tuple(without_content(step) for step in page.data))

    # ---------------------------------------------------------------- single changes

    async def _changed(
        self,
        record: RunRecord,
        run: Run,
        *,
        events: tuple[StreamEvent, ...] = (),
        expires_at: int | None = None,
    ) -> bool:
        """Store the Run if nothing came between."""
        change = Change(
            thread_id=run.thread_id,
            expect=(RunAt(run.id, record.revision),),
            put=(replace(record, run=run, revision=record.revision + 1),),
            run_id=run.id,
            events=events,
            expires_at=expires_at,
        )
        try:
            await self._threads.commit(change)
        except Conflict:
            return False
        return True

    async def _closed(self, record: RunRecord) -> bool:
        """End a Run that nobody executes as cancelled, if nothing came between."""
        try:
            await close_run(self._threads, self._events, record, CANCELLED, self._clock.now())
        except Conflict:
            return False
        return True

    async def _has_expired(self, record: RunRecord) -> bool:
        """Whether the Run's time is up though no sweeper has seen it; then it is ended."""
        now = self._clock.now()
        if record.run.expires_at is None or now < record.run.expires_at:
            return False
        try:
            await close_run(self._threads, self._events, record, EXPIRED, now)
        except Conflict:
            return True
        return True

    async def _went_on(self, record: RunRecord, step: RunStep, awaited: list[str]) -> bool:
        """Store the outputs and queue the Run, if nothing came between."""
        run = requeued(record.run)
        changed = replace(record, run=run, revision=record.revision + 1)
        seen = step if Progress.of(record.state).included else without_content(step)
        change = Change(
            thread_id=run.thread_id,
            expect=(RunAt(run.id, record.revision),),
            put=(step, changed),
            run_id=run.id,
            events=(status_event(seen), status_event(run)),
        )
        try:
            await self._launcher.launch(change, changed, whole=False, answers=awaited)
        except Conflict:
            return False
        return True


def _busy(run_id: str) -> StoreUnavailable:
    return StoreUnavailable(f"Run {run_id} changes too fast. Try again.")
