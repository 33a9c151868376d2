"""The `Interpreter` port: sessions that keep variables and files, in a jail or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from adapters.sandbox.files import DiskFull
from adapters.sandbox.jail import Mode
from adapters.sandbox.limits import Limits
from adapters.sandbox.nursery import PRELOAD, ROOT, Plan, ZygoteGone
from adapters.sandbox.pool import Policy, Pool, Record
from adapters.sandbox.probe import Finding, candidates, probe
from adapters.sandbox.protocol import RunReply, plain_name
from adapters.sandbox.sessions import Session, SessionLost
from core.clock import Clock
from core.engine.records import (
    RESET,
    Execution,
    Figure,
    InterpreterStatus,
    Logs,
    ProducedFile,
)
from core.errors import InterpreterUnavailable, InvalidRequest, NotFound


class SandboxedInterpreter:
    """Runs untrusted Python in a jail (`docs/decisions/0005-sandbox.md`).

    An async context manager; nothing is started, probed or written before the first call.
    `state_dir` is the bot's own folder for this, which several processes may share; `python` the
    interpreter that the packages in `libraries` were installed for; `hidden` names what a session
    must never be able to open, whatever those contain. `namespaces` and `landlock` can only take
    layers away; what remains must still suffice.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        python: Path,
        clock: Clock,
        limits: Limits | None = None,
        policy: Policy | None = None,
        libraries: tuple[Path, ...] | None = None,
        preload: tuple[str, ...] = PRELOAD,
        hidden: tuple[Path, ...] = (),
        namespaces: bool = True,
        landlock: bool = True,
    ) -> None:
        state_dir = state_dir.absolute()
        self._clock = clock
        self._limits = limits or Limits()
        self._policy = policy or Policy()
        libraries = _installed() if libraries is None else libraries
        # Installed among the packages, our code is as readable as theirs, and holds no secret.
        if ROOT not in {path.resolve() for path in libraries}:
            hidden = (*hidden, ROOT)
        plan = Plan(
            python=python.absolute(),
            libraries=libraries,
            preload=preload,
            limits=self._limits,
            folder=state_dir,
            cache=state_dir / "fonts",
            hidden=hidden,
        )
        self._modes = candidates(root=os.geteuid() == 0, namespaces=namespaces, landlock=landlock)
        self._pool = Pool(state_dir, plan, self._policy, clock)
        self._slots = asyncio.Semaphore(self._policy.running)
        self._probing = asyncio.Lock()
        self._finding: Finding | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> SandboxedInterpreter:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        await self._pool.close()

    @property
    def pool(self) -> Pool:
        """The sessions behind this interpreter, for a look at how many there are."""
        return self._pool

    async def run(self, session: str, code: str) -> Execution:
        """Run `code` in that session; see `core.engine.ports.Interpreter.run`."""
        mode = await self._mode()
        if len(code) > self._limits.code_chars:
            sentence = f"The code is longer than {self._limits.code_chars} characters."
            return Execution((Logs(sentence),), failed=True)
        async with self._pool.record(session) as record, self._slots:
            try:
                process = await self._pool.process(record, mode)
                return await self._run(process, record, code)
            except asyncio.CancelledError:
                # Between two frames or in the midst of one: nobody knows, so it ends.
                record.abandon("It was stopped while it ran.")
                raise

    async def put(self, session: str, name: str, data: bytes, *, key: str = "") -> None:
        """Place a file; see `core.engine.ports.Interpreter.put`. It crosses with the next run."""
        await self._mode()
        if not plain_name(name):
            raise InvalidRequest(
                f"{name!r} is not a plain file name; leave out folders and control characters.",
                param="name",
            )
        async with self._pool.record(session) as record:
            try:
                record.copies.check_room(name, len(data))
            except DiskFull as error:
                raise InvalidRequest(f"{error}.", param="name") from error
            await asyncio.to_thread(record.copies.write, name, data)
            record.pending.add(name)
            record.placed[name] = key

    async def placed(self, session: str) -> Mapping[str, str] | None:
        """What was put into it; see `core.engine.ports.SessionFiles.placed`."""
        await self._mode()
        return self._pool.placed(session)

    async def get(self, session: str, name: str) -> bytes:
        """A file's bytes; see `core.engine.ports.Interpreter.get`."""
        await self._mode()
        data = None
        if self._pool.knows(session):
            async with self._pool.record(session) as record:
                data = await asyncio.to_thread(record.copies.read, name)
        if data is None:
            raise NotFound(f"There is no file {name!r} in this session.", param="name")
        return data

    async def close(self, session: str) -> None:
        """Forget a session; see `core.engine.ports.Interpreter.close`."""
        if self._pool.knows(session):
            await self._pool.forget(session)

    async def status(self) -> InterpreterStatus:
        """What this machine gives; see `core.engine.ports.Interpreter.status`."""
        finding = await self._probe()
        return InterpreterStatus(finding.mode is not None, finding.layers, finding.sentence)

    # ------------------------------------------------------------------ one run

    async def _run(self, process: Session, record: Record, code: str) -> Execution:
        before, record.lost = record.lost, None
        reply: RunReply | None = None
        produced: list[ProducedFile] = []
        lost: str | None = None
        try:
            reply = await process.run(code)
            await self._fetch(process, record, reply, produced)
            process.freeze()
        except SessionLost as error:
            lost = error.why
            record.forget_process(lost)
        except ZygoteGone as error:
            lost = f"{error}."
            record.lose(lost)
            await self._pool.retire(process.nursery, lost)
        # Said now, so the next run need not say it again.
        record.lost = None
        return _execution(reply, produced, before=before, lost=lost)

    async def _fetch(
        self, process: Session, record: Record, reply: RunReply, produced: list[ProducedFile]
    ) -> None:
        """Bring the copies up to date with what the session says it has."""
        copies = record.copies
        await asyncio.to_thread(copies.keep_only, frozenset(f.name for f in reply.files))
        for entry in reply.files:
            if not entry.changed:
                continue
            data = await process.get(entry.name)
            if data is None:
                continue
            try:
                copies.check_room(entry.name, len(data))
            except DiskFull:
                continue
            await asyncio.to_thread(copies.write, entry.name, data)
            produced.append(ProducedFile(entry.name, len(data)))

    # ------------------------------------------------------------------ whether at all

    async def _mode(self) -> Mode:
        finding = await self._probe()
        if finding.mode is None:
            raise InterpreterUnavailable(finding.sentence)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep())
        return finding.mode

    async def _probe(self) -> Finding:
        async with self._probing:
            if self._finding is None:
                self._finding = await probe(await self._pool.plan(), self._modes)
            return self._finding

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(self._policy.sweep_s)
            await self._pool.sweep()


def _execution(
    reply: RunReply | None,
    produced: list[ProducedFile],
    *,
    before: str | None,
    lost: str | None,
) -> Execution:
    outputs: list[Logs | Figure] = []
    if before is not None:
        outputs.append(Logs(f"{before} {RESET}\n"))
    if reply is not None and reply.text:
        outputs.append(Logs(reply.text))
    if lost is not None:
        outputs.append(Logs(f"{lost} {RESET}\n"))
    if reply is not None:
        outputs.extend(Figure(png) for png in reply.figures)
    return Execution(
        outputs=tuple(outputs),
        files=tuple(produced),
        failed=reply is None or reply.failed,
        state="kept" if before is None and lost is None else "reset",
    )


def _installed() -> tuple[Path, ...]:
    """Where the packages of the running interpreter are."""
    return tuple(dict.fromkeys(Path(sysconfig.get_path(n)) for n in ("purelib", "platlib")))
