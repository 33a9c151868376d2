"""Assistants of a remote service, for whoever declares them: list, read, make, change, remove."""

from __future__ import annotations

from typing import Any

from adapters.openai.assistants_service import RemoteService
from core.assistants import Assistant

_MOST = 10_000
"""Assistants of an account that are looked through."""


class RemoteDeclarations:
    """The Assistants of one service. All methods raise as `RemoteService.answer` does."""

    def __init__(self, service: RemoteService) -> None:
        self._service = service
        self._api = service.api.beta.assistants.with_raw_response

    @property
    def host(self) -> str:
        """Where they are."""
        return self._service.host

    async def list(self, limit: int = _MOST) -> list[Assistant]:
        """The newest ones first."""
        return await self._service.listed(Assistant, self._api.list, limit=limit, order="desc")

    async def get(self, assistant_id: str) -> Assistant:
        """One of them. Raises NotFound."""
        return self._read(await self._service.json(self._api.retrieve, assistant_id))

    async def create(self, fields: dict[str, Any]) -> Assistant:
        """A new one; `fields` are the API's. What is None is left to the service."""
        given = {name: value for name, value in fields.items() if value is not None}
        return self._read(await self._service.json(self._api.create, **given))

    async def update(self, assistant_id: str, fields: dict[str, Any]) -> Assistant:
        """The same with these fields changed."""
        return self._read(await self._service.json(self._api.update, assistant_id, **fields))

    async def delete(self, assistant_id: str) -> None:
        """Remove it."""
        await self._service.json(self._api.delete, assistant_id)

    def _read(self, body: dict[str, Any]) -> Assistant:
        return self._service.read(Assistant, body)
