"""Which sessions have a process, for how long, and what becomes of their files."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.sandbox import scratch
from adapters.sandbox.files import FileCopies
from adapters.sandbox.jail import Mode
from adapters.sandbox.nursery import BirthFailed, Nursery, Plan, ZygoteGone
from adapters.sandbox.sessions import Session, SessionLost
from core.clock import Clock
from core.errors import InterpreterUnavailable

_FOLDER = "sandbox-"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """How many sessions there may be, and for how long."""

    running: int = 2
    """Calls at once; the others wait. Each may use a whole core and its whole memory."""
    live: int = 32
    """Processes; the least recently used idle one gives way. Worst case each is full."""
    idle_s: float = 3600.0
    """Seconds without a call until a process ends; its files stay."""
    zygote_idle_s: float = 1800.0
    """Seconds without any process until the zygote ends, too (it holds some 150 MB)."""
    files_idle_s: float = 86_400.0
    """Seconds without a call until a session's files go as well."""
    kept_bytes: int = 2 << 30
    """Files of all sessions together; the least recently used go first."""
    sweep_s: float = 30.0
    """Seconds between two looks at all this."""


@dataclass(slots=True, eq=False)
class Record:
    """A session known here, with or without a process."""

    copies: FileCopies
    used: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    process: Session | None = None
    pending: set[str] = field(default_factory=set[str])
    """Files that the process does not have yet."""
    placed: dict[str, str] = field(default_factory=dict[str, str])
    """Names that were put there, with the keys that came with them."""
    lost: str | None = None
    """Why the variables are gone, until somebody has been told."""
    waiting: int = 0
    """Calls that hold or await `lock`; such a record is left alone by the sweep."""

    def abandon(self, why: str) -> None:
        """End the process, if there is one, without waiting for its end."""
        if self.process is not None:
            self.process.abandon()
            self.forget_process(why)

    def lose(self, why: str) -> None:
        """Take note that the process, if there is one, ended with its zygote."""
        if self.process is not None:
            self.process.hang_up()
            self.forget_process(why)

    def forget_process(self, why: str) -> None:
        self.process = None
        self.lost = why
        self.pending = set(self.copies.names)


class Pool:
    """The sessions of one bot process, and the zygote that they are forked from."""

    def __init__(self, state_dir: Path, plan: Plan, policy: Policy, clock: Clock) -> None:
        self._state_dir = state_dir
        self._plan = plan
        self._policy = policy
        self._clock = clock
        # In order of use, the least recent first.
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._serial = itertools.count(1)
        self._starting = asyncio.Lock()
        self._nursery: Nursery | None = None
        self._nursery_used = 0.0
        self._lock_fd = -1

    @property
    def live(self) -> int:
        """Sessions that have a process now."""
        return sum(1 for record in self._records.values() if record.process is not None)

    @property
    def zygote_pid(self) -> int | None:
        return None if self._nursery is None else self._nursery.pid

    async def plan(self) -> Plan:
        """The plan with this process's folder in it, which is made now if there is none."""
        async with self._starting:
            if self._lock_fd < 0:
                await asyncio.to_thread(self._claim)
            return self._plan

    def _claim(self) -> None:
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch.sweep(self._state_dir, _FOLDER)
        folder, self._lock_fd = scratch.claim(self._state_dir, _FOLDER)
        self._plan = replace(self._plan, folder=folder)

    def knows(self, session: str) -> bool:
        return session in self._records

    def placed(self, session: str) -> dict[str, str] | None:
        """What was put into a session that is known here."""
        record = self._records.get(session)
        return None if record is None else dict(record.placed)

    @contextlib.asynccontextmanager
    async def record(self, session: str) -> AsyncIterator[Record]:
        """The session's record, for this caller alone."""
        while True:
            record = self._records.get(session)
            if record is None:
                record = self._records[session] = self._new_record()
            record.waiting += 1
            try:
                async with record.lock:
                    if self._records.get(session) is not record:
                        continue  # closed meanwhile
                    self._records.move_to_end(session)
                    try:
                        yield record
                    finally:
                        record.used = self._clock.monotonic()
                    return
            finally:
                record.waiting -= 1

    def _new_record(self) -> Record:
        copies = FileCopies(
            self._plan.folder / "files" / str(next(self._serial)), self._plan.limits
        )
        return Record(copies, self._clock.monotonic())

    # ------------------------------------------------------------------ processes

    async def process(self, record: Record, mode: Mode) -> Session:
        """The session's process, thawed, with every file in place; made if there is none.

        Raises:
            InterpreterUnavailable: none can be made.
        """
        reason = ""
        for _ in range(_TRIES):
            try:
                if record.process is None:
                    record.process = await self._born(mode)
                    record.pending = set(record.copies.names)
                record.process.thaw()
                await self._fill(record, record.process)
            except SessionLost as error:
                reason = error.why
                record.forget_process(error.why)
            except ZygoteGone as error:
                reason = f"{error}."
                if record.process is not None:
                    nursery = record.process.nursery
                    record.lose(reason)
                    await self.retire(nursery, reason)
            else:
                return record.process
        raise InterpreterUnavailable(f"The interpreter does not start: {reason}")

    async def _fill(self, record: Record, process: Session) -> None:
        await process.expect_silence()
        for name in sorted(record.pending):
            data = await asyncio.to_thread(record.copies.read, name)
            if data is not None:
                # Where there is no room the code will say that the file is missing.
                await process.put(name, data)
            record.pending.discard(name)

    async def _born(self, mode: Mode) -> Session:
        await self._make_room(for_one_more=1)
        nursery = await self._zygote()
        try:
            number, channel = await nursery.fork(mode)
        except BirthFailed as error:
            raise InterpreterUnavailable(f"Code cannot be isolated now: {error}.") from error
        except ZygoteGone as error:
            await self.retire(nursery, f"{error}.")
            raise
        return Session(nursery, number, channel, self._plan.limits)

    async def _make_room(self, *, for_one_more: int = 0) -> None:
        """End idle processes, the least recently used first, until no more than `live` are left.

        Calls that run at the same time may exceed it by their number, until the next sweep.
        """
        for record in list(self._records.values()):
            if self.live + for_one_more <= self._policy.live:
                return
            if not record.waiting:
                await self.end(record, "Others needed its place.")

    async def _zygote(self) -> Nursery:
        plan = await self.plan()
        async with self._starting:
            if self._nursery is None:
                try:
                    self._nursery = await Nursery.start(plan)
                except ZygoteGone as error:
                    text = f"The interpreter does not start: {error}."
                    raise InterpreterUnavailable(text) from error
            self._nursery_used = self._clock.monotonic()
            return self._nursery

    async def end(self, record: Record, why: str) -> None:
        """End the session's process, if it has one; its files stay."""
        process = record.process
        if process is None:
            return
        record.forget_process(why)
        try:
            await process.kill()
        except ZygoteGone as error:
            await self.retire(process.nursery, f"{error}.")

    async def retire(self, nursery: Nursery, why: str) -> None:
        """End this zygote, if it has not ended by itself, and so its sessions.

        Those in the midst of a call find out by themselves: their connection breaks.
        """
        if self._nursery is nursery:
            self._nursery = None
        for record in self._records.values():
            if not record.waiting and record.process and record.process.nursery is nursery:
                record.lose(why)
        await nursery.close()

    # ------------------------------------------------------------------ the end of things

    async def forget(self, session: str) -> None:
        """Drop a session and its files."""
        async with self.record(session) as record:
            await self.end(record, "")
            await asyncio.to_thread(record.copies.remove)
            self._records.pop(session, None)

    async def sweep(self) -> None:
        """End what has been idle for too long or takes too much room."""
        now, policy = self._clock.monotonic(), self._policy
        for name, record in list(self._records.items()):
            if record.waiting:
                continue
            idle = now - record.used
            if record.process is not None:
                self._nursery_used = now
            if idle >= policy.idle_s:
                await self.end(record, "It had not been used for a while.")
            kept = sum(r.copies.bytes_kept for r in self._records.values())
            if idle >= policy.files_idle_s or kept > policy.kept_bytes:
                await self.forget(name)
        await self._make_room()
        quiet = not any(r.process or r.waiting for r in self._records.values())
        nursery = self._nursery
        if nursery and quiet and now - self._nursery_used >= policy.zygote_idle_s:
            await self.retire(nursery, "The interpreter was idle.")

    async def close(self) -> None:
        """End everything and remove this process's folder."""
        if self._nursery is not None:
            await self.retire(self._nursery, "The interpreter was stopped.")
        self._records.clear()
        if self._lock_fd >= 0:
            await asyncio.to_thread(scratch.remove_tree, self._plan.folder)
            os.close(self._lock_fd)
            self._lock_fd = -1
