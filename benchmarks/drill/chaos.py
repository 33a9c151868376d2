"""Load and chaos: people write, processes die, and in the end somebody counts.

Serial: chaos events, one after the other. Parallel: the load. Bounded: by `Plan.seconds` and the
patience at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.drill.platform import Count, Platform
from benchmarks.drill.power import can_tell, cut
from tests.servers import Server, redis_cluster, redis_server

LEASE_S = 2.0
PATIENCE_S = 120.0
"""How long after the last message everything may take to be answered."""
LEAST_EVENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One drill."""

    seconds: float
    workers: int
    conversations: int
    rate: float
    seed: int
    cluster: bool = False
    without: tuple[str, ...] = ()


def _no_events() -> Counter[str]:
    return Counter()


@dataclass(slots=True)
class Report:
    """What was done and what came of it."""

    count: Count
    events: Counter[str] = field(default_factory=_no_events)


class Drill:
    """One run of a plan, in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._random = random.Random(plan.seed)
        self._workers: list[asyncio.subprocess.Process] = []
        self._events: Counter[str] = Counter()
        self._url, self._port = "", 0

    async def run(self) -> Report:
        """Do it; the count at the end."""
        plan = self._plan
        platform = Platform(lose_answers=0.02, seed=plan.seed)
        with self._servers() as (url, servers):
            async with platform.open():
                self._url, self._port = url, platform.port
                try:
                    self._workers = [await self._spawn() for _ in range(plan.workers)]
                    load = asyncio.create_task(self._load(platform))
                    await self._chaos(servers, platform, until=time.monotonic() + plan.seconds)
                    await load
                    deadline = time.monotonic() + PATIENCE_S
                    while not platform.quiet and time.monotonic() < deadline:
                        await asyncio.sleep(0.2)
                    await asyncio.sleep(LEASE_S + 1)  # whatever comes late shall be counted too
                    return Report(platform.count(), self._events)
                finally:
                    for worker in self._workers:
                        await _end(worker, signal.SIGKILL)

    @contextlib.contextmanager
    def _servers(self) -> Iterator[tuple[str, list[Server]]]:
        fsync = "no" if "fsync" in self._plan.without else "always"
        if self._plan.cluster:
            with redis_cluster(self._folder, fsync=fsync) as cluster:
                yield cluster.url, cluster.nodes
        else:
            with redis_server(self._folder, fsync=fsync) as server:
                yield server.url, [server]

    async def _spawn(self) -> asyncio.subprocess.Process:
        switches = [word for name in self._plan.without for word in ("--without", name)]
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.drill.worker", "--redis", self._url, "--platform", str(self._port)),
            *("--data", str(self._folder / "data"), "--lease", str(LEASE_S), *switches),
            stdin=asyncio.subprocess.DEVNULL,
        )

    async def _load(self, platform: Platform) -> None:
        """Messages at the plan's rate, each conversation numbered from 1."""
        plan = self._plan
        numbers: Counter[str] = Counter()
        begun = time.monotonic()
        for count in range(1, round(plan.seconds * plan.rate) + 1):
            conversation = f"c{self._random.randrange(plan.conversations)}"
            numbers[conversation] += 1
            platform.write(conversation, numbers[conversation])
            await asyncio.sleep(max(0.0, begun + count / plan.rate - time.monotonic()))

    async def _chaos(self, servers: list[Server], platform: Platform, until: float) -> None:
        """One thing after the other, each once something was answered since the last one.

        Else a machine on which processes start slowly would lose the owners of one turn three
        times, which is what a turn is given up for.
        """
        kinds = ["worker", "worker", "stop", "stop", "server", "both", "drain"]
        if can_tell() and not self._plan.cluster:
            kinds.append("power")
        await asyncio.sleep(3.0)  # let the workers come up
        round_ = list(kinds)
        while time.monotonic() < until or self._events.total() < LEAST_EVENTS:
            if not round_:
                round_ = list(kinds)
            kind = round_.pop(self._random.randrange(len(round_)))
            self._events[kind] += 1
            await self._happen(kind, servers)
            shown = platform.posts
            await asyncio.sleep(self._random.uniform(0.5, 2.0))
            while platform.posts == shown and not platform.quiet:
                await asyncio.sleep(0.05)

    async def _happen(self, kind: str, servers: list[Server]) -> None:
        server = self._random.choice(servers)
        victim = self._random.randrange(len(self._workers))
        if kind in ("worker", "drain"):
            await self._replace(victim, signal.SIGTERM if kind == "drain" else signal.SIGKILL)
        elif kind == "stop":
            await self._freeze(victim)
        elif kind == "server":
            await asyncio.to_thread(_restart, server)
        elif kind == "both":
            await _end(self._workers[victim], signal.SIGKILL)
            await asyncio.to_thread(_restart, server)
            self._workers[victim] = await self._spawn()
        else:
            await self._power_cut(server)

    async def _replace(self, victim: int, how: signal.Signals) -> None:
        await _end(self._workers[victim], how)
        self._workers[victim] = await self._spawn()

    async def _freeze(self, victim: int) -> None:
        """A zombie: it sleeps past its leases and wakes up believing that it still owns them."""
        worker = self._workers[victim]
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE_S + 2.0)
        worker.send_signal(signal.SIGCONT)

    async def _power_cut(self, server: Server) -> None:
        """Everything stops at once, and what was not on disk is gone."""
        server.kill()
        for worker in self._workers:
            await _end(worker, signal.SIGKILL)
        for path in server.directory.glob("appendonlydir/*.aof"):
            await asyncio.to_thread(cut, path)
        await asyncio.to_thread(server.start)
        self._workers = [await self._spawn() for _ in self._workers]


def _restart(server: Server) -> None:
    server.kill()
    server.start()


async def _end(worker: asyncio.subprocess.Process, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.send_signal(how)
        worker.send_signal(signal.SIGCONT)
    await worker.wait()
