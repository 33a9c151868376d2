"""Files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.http.auth import tenant_of
from adapters.http.reading import cursor_of
from adapters.http.routes.table import Api, Operation
from adapters.http.uploads import uploaded
from adapters.http.wire import JsonResponse, deleted_response, list_bytes, object_response

_PAGE: Final = 10_000
"""Files of a page at most, and unless a limit is given (the reference's)."""


class FileRoutes:
    """Upload, list, read, download, delete.

    Parallel: uploads come in to disk side by side; of those that are there, `Limits.uploads` are
    stored at a time. Bounded: a piece of each file is in memory.
    """

    def __init__(self, api: Api) -> None:
        self._files = api.engine.files
        self._limits = api.limits
        self._storing = asyncio.Semaphore(api.limits.uploads)

    def operations(self) -> list[Operation]:
        """What is served. Files came before the Assistants API and want no beta header."""
        one = "/files/{file_id}"
        return [
            Operation("GET", "/files", self.list, beta=False),
            Operation("POST", "/files", self.create, beta=False),
            Operation("GET", one, self.get, beta=False),
            Operation("DELETE", one, self.delete, beta=False),
            Operation("GET", f"{one}/content", self.content, beta=False),
        ]

    async def list(self, request: Request) -> Response:
        """GET /files"""
        cursor = cursor_of(request, default=_PAGE, most=_PAGE)
        purpose = request.query_params.get("purpose")
        tenant = tenant_of(request)
        if not purpose:
            page = await self._files.list(cursor, tenant=tenant)
            return JsonResponse(list_bytes(page.data, has_more=page.has_more))
        page = await self._files.list(replace(cursor, limit=_PAGE), tenant=tenant)
        fitting = [file for file in page.data if file.purpose == purpose]
        more = page.has_more or len(fitting) > cursor.limit
        return JsonResponse(list_bytes(fitting[: cursor.limit], has_more=more))

    async def create(self, request: Request) -> Response:
        """POST /files"""
        async with uploaded(request, self._limits) as upload, self._storing:
            file = await self._files.create(upload.request, tenant=tenant_of(request))
            return object_response(file)

    async def get(self, request: Request) -> Response:
        """GET /files/{file_id}"""
        file_id, tenant = request.path_params["file_id"], tenant_of(request)
        return object_response(await self._files.get(file_id, tenant=tenant))

    async def delete(self, request: Request) -> Response:
        """DELETE /files/{file_id}"""
        file_id = request.path_params["file_id"]
        await self._files.delete(file_id, tenant=tenant_of(request))
        return deleted_response(file_id, "file")

    async def content(self, request: Request) -> Response:
        """GET /files/{file_id}/content"""
        file_id, tenant = request.path_params["file_id"], tenant_of(request)
        file, parts = await self._files.stream(file_id, tenant=tenant)
        first = await anext(parts, b"")
        # Bytes from anybody, on the origin of pages of ours: no browser may show or run them.
        headers = {
            "content-length": str(file.bytes),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}",
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox",
        }
        return StreamingResponse(
            _all(first, parts), media_type="application/octet-stream", headers=headers
        )


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a file whose first one is there already."""
    yield first
    async for part in rest:
        yield part
