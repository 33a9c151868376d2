"""An interpreter that runs nothing and answers what it was told to."""

from __future__ import annotations

import asyncio

from core.engine.records import Execution, InterpreterStatus, Logs
from core.errors import InterpreterUnavailable, NotFound


class ScriptedInterpreter:
    """Answers each code with its script; remembers sessions, codes and files."""

    def __init__(self, *, available: bool = True) -> None:
        self._available = available
        self._answers: dict[str, Execution] = {}
        self.ran: list[tuple[str, str]] = []
        """Session and code, in order."""
        self.hold: asyncio.Event | None = None
        """Runs wait for it: all, or those of `held_code`."""
        self.held_code: str | None = None
        self.files: dict[tuple[str, str], bytes] = {}
        self.closed: list[str] = []

    def answer(self, code: str, execution: Execution) -> None:
        """What comes of this code."""
        self._answers[code] = execution

    async def run(self, session: str, code: str) -> Execution:
        if not self._available:
            raise InterpreterUnavailable("This machine cannot isolate code.")
        self.ran.append((session, code))
        if self.hold is not None and self.held_code in (None, code):
            await self.hold.wait()
        return self._answers.get(code, Execution((Logs(f"ran {code}"),)))

    async def put(self, session: str, name: str, data: bytes) -> None:
        self.files[session, name] = data

    async def get(self, session: str, name: str) -> bytes:
        try:
            return self.files[session, name]
        except KeyError:
            raise NotFound(f"There is no file {name}.") from None

    async def close(self, session: str) -> None:
        self.closed.append(session)

    async def status(self) -> InterpreterStatus:
        return InterpreterStatus(self._available, ("script",), "Code is scripted.")
