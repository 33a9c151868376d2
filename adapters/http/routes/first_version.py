"""What only v1 had: the files of an Assistant and of a Message, as objects of their own.

Source: the Assistants API reference of November 2023 (assistant files, message files). They are
views: an Assistant's are those of its code interpreter, a Message's those that it attaches.
"""

from __future__ import annotations

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.reading import cursor_of, read_body
from adapters.http.routes.table import Api, Endpoint, Operation
from adapters.http.shapes import Shape
from adapters.http.versions import is_v1
from adapters.http.wire import JsonResponse, deleted_response
from core.assistants import Assistant, Json, Message
from core.engine.records import Cursor
from core.engine.resources import code_files
from core.engine.service.firstversion import check_file


class AssistantFileBody(Shape):
    """POST /assistants/{assistant_id}/files."""

    file_id: str


class FirstVersionRoutes:
    """Files of Assistants: list, add, read, remove. Files of Messages: list, read."""

    def __init__(self, api: Api) -> None:
        self._engine = api.engine
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        of_assistant = "/assistants/{assistant_id}/files"
        of_message = "/threads/{thread_id}/messages/{message_id}/files"
        return [
            _operation("GET", of_assistant, self.list_of_assistant),
            _operation("POST", of_assistant, self.add),
            _operation("GET", f"{of_assistant}/{{file_id}}", self.get_of_assistant),
            _operation("DELETE", f"{of_assistant}/{{file_id}}", self.remove),
            _operation("GET", of_message, self.list_of_message),
            _operation("GET", f"{of_message}/{{file_id}}", self.get_of_message),
        ]

    async def list_of_assistant(self, request: Request) -> Response:
        """GET /assistants/{assistant_id}/files"""
        return _page(await self._assistant(request), cursor_of(request))

    async def get_of_assistant(self, request: Request) -> Response:
        """GET /assistants/{assistant_id}/files/{file_id}"""
        return _one(await self._assistant(request), request)

    async def add(self, request: Request) -> Response:
        """POST /assistants/{assistant_id}/files"""
        body = await read_body(request, AssistantFileBody, self._limits)
        assistant = await self._engine.first_version.add_file(
            request.path_params["assistant_id"], body.file_id, tenant=tenant_of(request)
        )
        return JsonResponse(orjson.dumps(_object(assistant, body.file_id)))

    async def remove(self, request: Request) -> Response:
        """DELETE /assistants/{assistant_id}/files/{file_id}"""
        file_id = request.path_params["file_id"]
        await self._engine.first_version.remove_file(
            request.path_params["assistant_id"], file_id, tenant=tenant_of(request)
        )
        return deleted_response(file_id, "assistant.file.deleted")

    async def list_of_message(self, request: Request) -> Response:
        """GET /threads/{thread_id}/messages/{message_id}/files"""
        return _page(await self._message(request), cursor_of(request))

    async def get_of_message(self, request: Request) -> Response:
        """GET /threads/{thread_id}/messages/{message_id}/files/{file_id}"""
        return _one(await self._message(request), request)

    async def _assistant(self, request: Request) -> Assistant:
        assistant_id = request.path_params["assistant_id"]
        return await self._engine.assistants.get(assistant_id, tenant=tenant_of(request))

    async def _message(self, request: Request) -> Message:
        ids = request.path_params
        return await self._engine.messages.get(
            ids["thread_id"], ids["message_id"], tenant=tenant_of(request)
        )


def _operation(method: str, path: str, endpoint: Endpoint) -> Operation:
    """For v1's callers; for others there is no such path."""

    async def only_v1(request: Request) -> Response:
        if not is_v1(request):
            raise HTTPException(404)
        return await endpoint(request)

    return Operation(method, path, only_v1, beta=False)


def _files(owner: Assistant | Message) -> tuple[str, ...]:
    if isinstance(owner, Assistant):
        return code_files(owner.tool_resources)
    return tuple(dict.fromkeys(one["file_id"] for one in owner.attachments))


def _object(owner: Assistant | Message, file_id: str) -> Json:
    """As old as its owner: when a file was added is not kept."""
    is_assistant = isinstance(owner, Assistant)
    return {
        "id": file_id,
        "object": "assistant.file" if is_assistant else "thread.message.file",
        "created_at": owner.created_at,
        "assistant_id" if is_assistant else "message_id": owner.id,
    }


def _one(owner: Assistant | Message, request: Request) -> Response:
    file_id = request.path_params["file_id"]
    check_file(file_id, _files(owner))
    return JsonResponse(orjson.dumps(_object(owner, file_id)))


def _page(owner: Assistant | Message, cursor: Cursor) -> Response:
    """The list: twenty at most, so a cursor is a matter of a slice."""
    files = list(_files(owner))
    if cursor.order == "desc":
        files.reverse()
    start = files.index(cursor.after) + 1 if cursor.after in files else 0
    end = files.index(cursor.before) if cursor.before in files else len(files)
    if cursor.before and not cursor.after:
        start = max(start, end - cursor.limit)
    found = files[start:end][: cursor.limit]
    page = {
        "object": "list",
        "data": [_object(owner, file_id) for file_id in found],
        "first_id": found[0] if found else None,
        "last_id": found[-1] if found else None,
        "has_more": start + len(found) < end if not cursor.before else start > 0,
    }
    return JsonResponse(orjson.dumps(page))
