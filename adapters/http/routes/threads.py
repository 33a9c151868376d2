"""Threads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.bodies import ThreadBody, ThreadChanges
from adapters.http.reading import read_body
from adapters.http.routes.table import Api, Operation
from adapters.http.wire import deleted_response, object_response


class ThreadRoutes:
    """Create, read, change, delete. There is no list of Threads, and never was one."""

    def __init__(self, api: Api) -> None:
        self._threads = api.engine.threads
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        one = "/threads/{thread_id}"
        return [
            Operation("POST", "/threads", self.create),
            Operation("GET", one, self.get),
            Operation("POST", one, self.update),
            Operation("DELETE", one, self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """POST /threads"""
        body = await read_body(request, ThreadBody, self._limits)
        thread = await self._threads.create(body.request(), tenant=tenant_of(request))
        return object_response(thread)

    async def get(self, request: Request) -> Response:
        """GET /threads/{thread_id}"""
        thread_id, tenant = request.path_params["thread_id"], tenant_of(request)
        return object_response(await self._threads.get(thread_id, tenant=tenant))

    async def update(self, request: Request) -> Response:
        """POST /threads/{thread_id}"""
        body = await read_body(request, ThreadChanges, self._limits)
        thread_id, tenant = request.path_params["thread_id"], tenant_of(request)
        changed = await self._threads.update(thread_id, body.request(), tenant=tenant)
        return object_response(changed)

    async def delete(self, request: Request) -> Response:
        """DELETE /threads/{thread_id}"""
        thread_id = request.path_params["thread_id"]
        await self._threads.delete(thread_id, tenant=tenant_of(request))
        return deleted_response(thread_id, "thread.deleted")
