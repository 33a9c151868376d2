"""Threads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

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
        return object_response(await self._threads.create(body.request()))

    async def get(self, request: Request) -> Response:
        """GET /threads/{thread_id}"""
        return object_response(await self._threads.get(request.path_params["thread_id"]))

    async def update(self, request: Request) -> Response:
        """POST /threads/{thread_id}"""
        body = await read_body(request, ThreadChanges, self._limits)
        thread_id = request.path_params["thread_id"]
        return object_response(await self._threads.update(thread_id, body.request()))

    async def delete(self, request: Request) -> Response:
        """DELETE /threads/{thread_id}"""
        thread_id = request.path_params["thread_id"]
        await self._threads.delete(thread_id)
        return deleted_response(thread_id, "thread.deleted")
