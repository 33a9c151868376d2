"""The remote `Assistants` port on a service of a test, with names that are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from adapters.openai.assistants import RemoteAssistants
from adapters.openai.assistants_service import RemoteService
from core.clock import Clock, SystemClock


class FixedNames:
    """`Names` that somebody wrote down."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.forgotten = 0

    async def id_of(self, name: str) -> str:
        return self._names.get(name, name)

    def forget(self) -> None:
        self.forgotten += 1


@asynccontextmanager
async def remote_assistants(
    base_url: str, key: str | None, names: Mapping[str, str], *, clock: Clock | None = None
) -> AsyncIterator[RemoteAssistants]:
    """The port, closed at the end."""
    clock = clock or SystemClock()
    service = RemoteService(base_url, key, clock=clock)
    assistants = RemoteAssistants(service, FixedNames(names), clock=clock)
    try:
        yield assistants
    finally:
        await assistants.aclose()
        await service.aclose()
