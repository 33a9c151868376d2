"""One server for all processes of a folder: started, shared, watched, stopped by the last."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from adapters.redis.embedded.binary import ServerBinary
from adapters.redis.embedded.locks import FileLock, try_server_lock
from adapters.redis.embedded.machine import MachineFile
from adapters.redis.embedded.place import SocketAddress, unusable
from adapters.redis.embedded.process import explain, shorten_log, spawn
from adapters.redis.embedded.wire import Wire
from core.clock import Clock
from core.errors import BobbinError, StoreUnavailable

log = logging.getLogger(__name__)

_ANSWER_S = 20.0
"""How long a server may hold its lock without answering at all."""
_STOP_S = 10.0
_SHORT_LIFE_S = 1.0
"""A server that lived less than this is started again after a pause that grows."""


class Supervisor:
    """This process's share in the server of one folder. Use `embedded_server`."""

    def __init__(
        self, directory: Path, binary: ServerBinary, machine: MachineFile, clock: Clock
    ) -> None:
        self.directory = directory
        self.failure: str | None = None
        """Why the server is down and does not come back just now; `None` while it is up."""
        self._binary = binary
        self._machine = machine
        self._clock = clock
        self._address = SocketAddress(directory)
        self._users: FileLock | None = None
        self._wire: Wire | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where this process reaches the server: `unix://<path>`. Valid in this process only."""
        return f"unix://{quote(str(self._address.path))}"

    async def start(self) -> None:
        """Join: have a server that answers, and watch it from here on.

        Raises:
            ConfigurationError: another machine uses the folder, or it or the program is unfit.
            StoreRefused: the disk is full.
            StoreUnavailable: the server does not start, or does not answer.
        """
        await self._machine.check()
        try:
            self._users = FileLock(self.directory / "users.lock")
            await self._until(self._users.try_shared, "is being stopped by another process")
            self._machine.write()
            self._wire = await self._up()
        except OSError as error:
            raise unusable(self.directory, error) from error
        self._tasks = [
            asyncio.create_task(self._watch(self._wire), name="embedded-server-watch"),
            asyncio.create_task(self._machine.keep_fresh(), name="embedded-server-machine"),
        ]

    async def stop(self) -> None:
        """Leave; if nobody else uses the server, end it and wait until it is gone."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            if self._users is not None:
                self._users.release()
                if self._users.try_exclusive() and await self._end_server():
                    self._machine.remove()
        finally:
            if self._wire is not None:
                await self._wire.close()
            if self._users is not None:
                self._users.close()
            self._address.close()
            self._let_go_of_child()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _up(self) -> Wire:
        """Start the server or attach to the one that lives; return once it has loaded."""
        ours = False
        log_from = 0
        wait_s = 0.001
        heard = self._clock.monotonic()
        while True:
            lock = try_server_lock(self.directory / "server.lock")
            if lock is not None:
                try:
                    status = self._collect()
                    if ours:
                        raise explain(self.directory, log_from, status, self._written_by())
                    log_from = shorten_log(self.directory)
                    self._child = spawn(self._binary, self.directory, lock.fd)
                finally:
                    lock.close()
                ours = True
            with suppress(OSError):
                wire = await Wire.dial(self._address.path)
                try:
                    if await self._loaded(wire):
                        if ours:
                            await self._note_version(wire)
                        return wire
                except BaseException:
                    await wire.close()
                    raise
                await wire.close()
            if self._clock.monotonic() - heard > _ANSWER_S:
                raise StoreUnavailable(
                    f"A server holds {self.directory / 'server.lock'} and does not answer at "
                    f"{self._address.path}. End it, or see {self.directory / 'server.log'}."
                )
            await self._clock.sleep(wait_s)
            wait_s = min(wait_s * 1.5, 0.05)

    async def _loaded(self, wire: Wire) -> bool:
        """Wait while it reads its files, however long that takes; false if it went away."""
        try:
            while True:
                async with asyncio.timeout(_ANSWER_S):
                    state = await wire.ping()
                if state != "loading":
                    return state == "ready"
                await self._clock.sleep(0.02)
        except TimeoutError:
            return False

    async def _watch(self, wire: Wire) -> None:
        """Whenever the server ends, take part in the race to start it again."""
        pause_s = 0.0
        while True:
            since = self._clock.monotonic()
            await wire.ended()
            await wire.close()
            short = self._clock.monotonic() - since < _SHORT_LIFE_S
            pause_s = min(2.0, pause_s * 2 or 0.05) if short else 0.0
            log.warning("the embedded server in %s ended; starting it again", self.directory)
            await self._clock.sleep(pause_s)
            while True:
                try:
                    wire = self._wire = await self._up()
                    break
                except (BobbinError, OSError) as error:
                    if str(error) != self.failure:
                        log.error("the embedded server stays down: %s", error)
                    self.failure = str(error)
                    await self._clock.sleep(1.0)
            if self.failure is not None:
                log.warning("the embedded server in %s is up again", self.directory)
            self.failure = None

    async def _end_server(self) -> bool:
        """End it and wait until it is gone. Nobody attaches: `users.lock` is held exclusively."""
        try:
            async with asyncio.timeout(_STOP_S):
                while (lock := try_server_lock(self.directory / "server.lock")) is None:
                    with suppress(OSError):
                        wire = await Wire.dial(self._address.path)
                        try:
                            await wire.shut_down()
                            await wire.ended()
                        finally:
                            await wire.close()
                    await self._clock.sleep(0.002)
        except TimeoutError:
            log.warning("the embedded server in %s did not end; it runs on", self.directory)
            return False
        lock.close()
        self._collect()
        return True

    async def _until(self, done: Callable[[], bool], what: str) -> None:
        since = self._clock.monotonic()
        while not done():
            if self._clock.monotonic() - since > _STOP_S + _ANSWER_S:
                raise StoreUnavailable(f"The server in {self.directory} {what}.")
            await self._clock.sleep(0.01)

    def _collect(self) -> int | None:
        """The exit status of the child that we started, if any. Its lock is free: it has ended."""
        child, self._child = self._child, None
        return child.wait() if child is not None else None

    def _let_go_of_child(self) -> None:
        """Others use the server that we started: let it run, and still collect it if we live on."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            threading.Thread(target=child.wait, name="embedded-server-wait", daemon=True).start()

    def _written_by(self) -> str:
        try:
            found = json.loads((self.directory / "server.json").read_text(encoding="utf-8"))
            return str(found["server"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    async def _note_version(self, wire: Wire) -> None:
        path = self.directory / "server.json"
        note = {"server": await wire.version(), "pid": self._child.pid if self._child else 0}
        with suppress(OSError):
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_text(json.dumps(note) + "\n", encoding="utf-8")
            fresh.replace(path)
