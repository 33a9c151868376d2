"""Ending a Run that nobody executes: cancelled while it waits, expired, lost too often."""

from __future__ import annotations

from dataclasses import replace

from core.assistants import Message, RunStep
from core.engine.lifecycle import Ending, ended, message_cut, status_event, step_ended
from core.engine.ports import RunEvents, ThreadStore
from core.engine.progress import Progress
from core.engine.records import Change, Epoch, RunAt, RunClaim, RunRecord
from core.engine.stored import logged_content, stored_run


async def close_run(
    threads: ThreadStore,
    events: RunEvents,
    record: RunRecord,
    ending: Ending,
    now: float,
    *,
    claim: RunClaim | None = None,
) -> RunRecord:
    """End the Run as it is stored, with its open Steps and Messages; the record after that.

    A Message that was being written keeps what the event log has of it.

    Raises:
        Conflict: the Run changed meanwhile, or somebody else holds `claim`; nothing was written.
    """
    stored = await stored_run(threads, record)
    put: list[Message | RunStep] = []
    for step in stored.steps:
        if step.status != "in_progress":
            continue
        message = stored.message_of(step)
        if message is not None and message.status == "in_progress":
            content = await logged_content(events, message)
            put.append(message_cut(message, content, ending.cut, now))
        put.append(step_ended(step, ending, now))
    progress = Progress.of(record.state)
    path = ended(record.run, ending, now, progress.usage)
    run = path[-1]
    closed = replace(
        record, run=run, revision=record.revision + 1, state=progress.settled().to_state()
    )
    fence = (Epoch(run.id, claim.epoch),) if claim else ()
    await threads.commit(
        Change(
            thread_id=run.thread_id,
            expect=(*fence, RunAt(run.id, record.revision)),
            put=(*put, closed),
            run_id=run.id,
            events=tuple(status_event(value) for value in (*put, *path)),
            deactivate=True,
        )
    )
    return closed
