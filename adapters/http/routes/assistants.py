"""Assistants."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.bodies import AssistantBody, AssistantChanges
from adapters.http.reading import cursor_of, read_body
from adapters.http.routes.table import Api, Operation
from adapters.http.versions import is_v1
from adapters.http.wire import deleted_response, object_response, page_response
from core.engine.service.assistants import Assistants
from core.engine.service.firstversion import FirstVersion


class AssistantRoutes:
    """Create, list, read, change, delete."""

    def __init__(self, api: Api) -> None:
        self._assistants = api.engine.assistants
        self._first_version = api.engine.first_version
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        one = "/assistants/{assistant_id}"
        return [
            Operation("GET", "/assistants", self.list),
            Operation("POST", "/assistants", self.create),
            Operation("GET", one, self.get),
            Operation("POST", one, self.update),
            Operation("DELETE", one, self.delete),
        ]

    async def list(self, request: Request) -> Response:
        """GET /assistants"""
        return page_response(
            await self._assistants.list(cursor_of(request), tenant=tenant_of(request))
        )

    async def create(self, request: Request) -> Response:
        """POST /assistants"""
        body = await read_body(request, AssistantBody, self._limits)
        made = await self._writing(request).create(body.request(), tenant=tenant_of(request))
        return object_response(made)

    async def get(self, request: Request) -> Response:
        """GET /assistants/{assistant_id}"""
        assistant_id, tenant = request.path_params["assistant_id"], tenant_of(request)
        return object_response(await self._assistants.get(assistant_id, tenant=tenant))

    async def update(self, request: Request) -> Response:
        """POST /assistants/{assistant_id}"""
        body = await read_body(request, AssistantChanges, self._limits)
        assistant_id, tenant = request.path_params["assistant_id"], tenant_of(request)
        writing = self._writing(request)
        changed = await writing.update(assistant_id, body.request(), tenant=tenant)
        return object_response(changed)

    async def delete(self, request: Request) -> Response:
        """DELETE /assistants/{assistant_id}"""
        assistant_id = request.path_params["assistant_id"]
        await self._assistants.delete(assistant_id, tenant=tenant_of(request))
        return deleted_response(assistant_id, "assistant.deleted")

    def _writing(self, request: Request) -> Assistants | FirstVersion:
        """Whoever has given files in v1's way, in whatever version, means them for all tools."""
        first = is_v1(request) or request.state.own_files
        return self._first_version if first else self._assistants
