"""Following a Run until it ends: by its stream, and by polling where there is none.

A stream that breaks off costs nothing but liveness: the Run goes on, and the poll tells the rest.
Whoever consumes the events may therefore see a Message completed that it knows already; the
completed text is the truth.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.assistants import PARKED_RUN_STATUSES, Run, StreamEvent
from core.chat.ports import Assistants
from core.clock import Clock
from core.errors import BobbinError

FIRST_POLL_S = 0.1
"""The first pause between two polls; each further one is a fifth of the time waited so far, so
that short Runs are seen early and long ones cost few calls."""

LONGEST_POLL_S = 2.0


def is_end(event: StreamEvent) -> bool:
    """Whether the next move is not the Run's: it ended, or it needs an action."""
    return isinstance(event.data, Run) and event.data.status in PARKED_RUN_STATUSES


async def follow(
    assistants: Assistants,
    thread_id: str,
    run_id: str,
    clock: Clock,
    *,
    behind_call: str | None = None,
) -> AsyncGenerator[StreamEvent, None]:
    """All events of the Run, live where the service streams; the last one satisfies `is_end`.

    With `behind_call`, those behind the required action with that call; a poll repeats Messages
    that came before it.

    Raises:
        BobbinError: neither stream nor poll can be had.
    """
    try:
        told = assistants.events(thread_id, run_id, behind_call=behind_call)
        async with aclosing(told) as events:
            async for event in events:
                yield event
                if is_end(event):
                    return
    except NotImplementedError:
        pass
    except BobbinError as error:
        if not error.retryable:
            raise
    async for event in _poll(assistants, thread_id, run_id, clock):
        yield event


async def _poll(
    assistants: Assistants, thread_id: str, run_id: str, clock: Clock
) -> AsyncGenerator[StreamEvent, None]:
    begun = clock.monotonic()
    while True:
        run = await assistants.run(thread_id, run_id)
        if run.status in PARKED_RUN_STATUSES:
            break
        waited = clock.monotonic() - begun
        await clock.sleep(min(LONGEST_POLL_S, max(FIRST_POLL_S, waited / 5)))
    for message in await assistants.messages(thread_id, run_id=run_id, limit=100):
        if message.role == "assistant":
            yield StreamEvent(f"thread.message.{message.status}", message)
    yield StreamEvent(f"thread.run.{run.status}", run)
