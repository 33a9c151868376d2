"""What an executor wants written in one step, and the change that this makes. Pure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.assistants import Message, Run, RunStep, StreamEvent
from core.engine.generation import Usage
from core.engine.lifecycle import Ending, ended, status_event
from core.engine.progress import Progress
from core.engine.records import Change, Epoch, RunAt, RunClaim, RunRecord


@dataclass(slots=True)
class Write:
    """Documents, events, and the Run itself where `run`, `progress` or `ending` are given.

    `done` gets the events of the Run's end, for whoever waits.
    """

    put: dict[str, Message | RunStep] = field(default_factory=dict[str, Message | RunStep])
    events: list[StreamEvent] = field(default_factory=list[StreamEvent])
    run: Run | None = None
    progress: Progress | None = None
    park: bool = False
    home: bool = False
    ending: Ending | None = None
    usage: Usage | None = None
    ended_at: float = 0.0
    done: asyncio.Future[list[StreamEvent]] | None = None

    def join(self, later: Write) -> None:
        """Make one write of this and the next; this one neither parks nor ends the Run."""
        self.put |= later.put
        self.events += later.events
        self.run = later.run or self.run
        self.progress = later.progress or self.progress
        self.home = later.home or self.home
        self.park, self.ending, self.usage = later.park, later.ending, later.usage
        self.ended_at = later.ended_at
        self.done = later.done

    def change(
        self, claim: RunClaim, *, run: Run, progress: Progress, revision: int
    ) -> tuple[Change, RunRecord | None, list[StreamEvent]]:
        """The fenced change, the Run's record in it, and the events of its end.

        Args:
            claim: the fence.
            run: as the executor knows it, where the write itself does not say.
            progress: likewise.
            revision: of the Run as it is stored.
        """
        ends: list[StreamEvent] = []
        stored = self.run
        if self.ending is not None:
            path = ended(run, self.ending, self.ended_at, self.usage or Usage(0, 0))
            ends = [status_event(passed) for passed in path]
            stored = path[-1]
        elif stored is None and self.progress is not None:
            stored = run
        record = None
        if stored is not None:
            state = (self.progress or progress).to_state()
            record = RunRecord(run=stored, revision=revision + 1, state=state)
        fence = Epoch(claim.run_id, claim.epoch)
        change = Change(
            thread_id=claim.thread_id,
            expect=(fence, RunAt(claim.run_id, revision)) if record else (fence,),
            put=(*self.put.values(), *((record,) if record else ())),
            run_id=claim.run_id,
            events=(*self.events, *ends),
            park=self.park,
            home=self.home,
            deactivate=self.ending is not None,
        )
        return change, record, ends
