"""An interpreter that runs nothing and answers what it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from core.engine.records import Execution, InterpreterStatus, Logs, ProducedFile
from core.errors import InterpreterUnavailable, InvalidRequest, NotFound


class ScriptedInterpreter:
    """Answers each code with its script; remembers sessions, codes and files."""

    def __init__(self, *, available: bool = True) -> None:
        self._available = available
        self.breaks = False
        """It seems to be there, but nothing runs."""
        self._answers: dict[str, Execution] = {}
        self.ran: list[tuple[str, str]] = []
        """Session and code, in order."""
        self.hold: asyncio.Event | None = None
        """Runs wait for it: all, or those of `held_code`."""
        self.held_code: str | None = None
        self.files: dict[tuple[str, str], bytes] = {}
        """What lies in /mnt/data, by session and name."""
        self.sessions: dict[str, dict[str, str]] = {}
        """What was put into each session: names and keys."""
        self.most = 32 << 20
        """Bytes of the largest file that may be put."""
        self._leaves: dict[str, dict[str, bytes]] = {}
        self.closed: list[str] = []

    def answer(self, code: str, execution: Execution) -> None:
        """What comes of this code."""
        self._answers[code] = execution

    async def run(self, session: str, code: str) -> Execution:
        if not self._available or self.breaks:
            raise InterpreterUnavailable("This machine cannot isolate code.")
        self.ran.append((session, code))
        if self.hold is not None and self.held_code in (None, code):
            await self.hold.wait()
        self.sessions.setdefault(session, {})
        execution = self._answers.get(code, Execution((Logs(f"ran {code}"),)))
        left = self._leaves.get(code, {})
        self.files |= {(session, name): data for name, data in left.items()}
        made = tuple(ProducedFile(name, len(data)) for name, data in left.items())
        return replace(execution, files=(*execution.files, *made))

    async def put(self, session: str, name: str, data: bytes, *, key: str = "") -> None:
        if len(data) > self.most:
            raise InvalidRequest(f"{name} has {len(data)} bytes; a file may have {self.most}.")
        self.files[session, name] = data
        self.sessions.setdefault(session, {})[name] = key

    async def placed(self, session: str) -> Mapping[str, str] | None:
        found = self.sessions.get(session)
        return None if found is None else dict(found)

    def leave(self, code: str, name: str, data: bytes) -> None:
        """This code leaves a file."""
        self._leaves.setdefault(code, {})[name] = data

    def forget(self, session: str) -> None:
        """The session is gone with its files, as when another process goes on with the Thread."""
        self.sessions.pop(session, None)
        for place in [place for place in self.files if place[0] == session]:
            del self.files[place]

    async def get(self, session: str, name: str) -> bytes:
        try:
            return self.files[session, name]
        except KeyError:
            raise NotFound(f"There is no file {name}.") from None

    async def close(self, session: str) -> None:
        self.closed.append(session)
        self.forget(session)

    async def status(self) -> InterpreterStatus:
        return InterpreterStatus(self._available, ("script",), "Code is scripted.")
