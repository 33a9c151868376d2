"""Messages of a Thread."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.bodies import MessageBody, MetadataChanges
from adapters.http.reading import cursor_of, read_body
from adapters.http.routes.table import Api, Operation
from adapters.http.wire import deleted_response, object_response, page_response
from core.engine.requests import Unset


class MessageRoutes:
    """List, add, read, change, delete."""

    def __init__(self, api: Api) -> None:
        self._messages = api.engine.messages
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        every = "/threads/{thread_id}/messages"
        one = f"{every}/{{message_id}}"
        return [
            Operation("GET", every, self.list),
            Operation("POST", every, self.create),
            Operation("GET", one, self.get),
            Operation("POST", one, self.update),
            Operation("DELETE", one, self.delete),
        ]

    async def list(self, request: Request) -> Response:
        """GET /threads/{thread_id}/messages"""
        thread_id = request.path_params["thread_id"]
        tenant = tenant_of(request)
        page = await self._messages.list(thread_id, cursor_of(request), tenant=tenant)
        return page_response(page)

    async def create(self, request: Request) -> Response:
        """POST /threads/{thread_id}/messages"""
        body = await read_body(request, MessageBody, self._limits)
        thread_id = request.path_params["thread_id"]
        tenant = tenant_of(request)
        message = await self._messages.create(thread_id, body.request(), tenant=tenant)
        return object_response(message)

    async def get(self, request: Request) -> Response:
        """GET /threads/{thread_id}/messages/{message_id}"""
        message = await self._messages.get(*_ids(request), tenant=tenant_of(request))
        return object_response(message)

    async def update(self, request: Request) -> Response:
        """POST /threads/{thread_id}/messages/{message_id}"""
        body = await read_body(request, MetadataChanges, self._limits)
        metadata = body.wanted()
        if isinstance(metadata, Unset):
            return await self.get(request)
        tenant = tenant_of(request)
        changed = await self._messages.update(*_ids(request), metadata, tenant=tenant)
        return object_response(changed)

    async def delete(self, request: Request) -> Response:
        """DELETE /threads/{thread_id}/messages/{message_id}"""
        thread_id, message_id = _ids(request)
        await self._messages.delete(thread_id, message_id, tenant=tenant_of(request))
        return deleted_response(message_id, "thread.message.deleted")


def _ids(request: Request) -> tuple[str, str]:
    return request.path_params["thread_id"], request.path_params["message_id"]
