"""Storing a Run so that it is executed: here at once where there is a free place, else by whoever
claims it first. Where another process has the Thread's code session, that one is asked first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from core.engine.live import Channel, Live
from core.engine.ports import ThreadStore
from core.engine.records import Change, RunClaim, RunRecord


class Executors(Protocol):
    """The executors of this process, if it has any."""

    @property
    def owner(self) -> str:
        """Their name in leases."""
        ...

    def free(self) -> int:
        """How many Runs could get a model at once."""
        ...

    def submit(self, claim: RunClaim, record: RunRecord, channel: Channel) -> None:
        """Execute a Run that was claimed for them."""
        ...


class Launcher:
    """Offers Runs to executors."""

    def __init__(self, threads: ThreadStore, live: Live, executors: Executors | None) -> None:
        self._threads = threads
        self._live = live
        self._executors = executors

    async def launch(
        self, change: Change, record: RunRecord, *, whole: bool, answers: Iterable[str] = ()
    ) -> None:
        """Commit `change`, which puts `record`, and see that the Run is executed.

        `whole` says that the change creates the Run; otherwise `answers` are the ids of the tool
        calls whose outputs it brings. This is the only write that anybody waits for before the
        model is called.

        Raises:
            Conflict: nothing was written.
        """
        here = self._executors if self._executors and self._executors.free() > 0 else None
        owner = here.owner if here else None
        epoch = await self._threads.commit(replace(change, enqueue=True, claim_as=owner))
        if here is not None and epoch:  # without one it is kept for the Thread's home
            channel = self._live.open(record, whole=whole, answers=answers)
            channel.add(*change.events)
            here.submit(RunClaim(change.thread_id, record.run.id, epoch), record, channel)
