"""What the fake Assistants service removes for good."""

from __future__ import annotations

from abc import ABC, abstractmethod

from core.assistants import Belongings, Message, Run, files_of_message


class FakeRemovals(ABC):
    """The `Removals` port over Threads, Runs and Files in memory."""

    def __init__(self) -> None:
        self.threads: dict[str, list[Message]] = {}
        self.runs: dict[str, Run] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.closed_code: list[str] = []
        """Threads whose code session was ended."""

    @abstractmethod
    async def cancel(self, thread_id: str, run_id: str) -> None:
        """Stop a Run."""

    async def belongings(self, thread_id: str) -> Belongings:
        found = self.threads.get(thread_id, [])
        names = [name for message in found for name in files_of_message(message)]
        return Belongings(tuple(dict.fromkeys(names)))

    async def delete_thread(self, thread_id: str) -> None:
        for run in list(self.runs.values()):
            if run.thread_id == thread_id:
                await self.cancel(thread_id, run.id)
                del self.runs[run.id]
        self.threads.pop(thread_id, None)

    async def delete_file(self, file_id: str) -> None:
        self.files.pop(file_id, None)

    async def delete_store(self, store_id: str) -> None:
        return

    async def close_code(self, thread_id: str) -> None:
        self.closed_code.append(thread_id)
