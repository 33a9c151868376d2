"""Files of a vector store, one by one and in batches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.complaints import not_one_of
from adapters.http.reading import cursor_of, read_body
from adapters.http.routes.runs import POLL_AFTER_MS
from adapters.http.routes.table import Api, Operation
from adapters.http.routes.vector_stores import ONE, store_id_of
from adapters.http.store_bodies import AttributesBody, FileBatchBody, StoreFileBody
from adapters.http.wire import (
    body_response,
    deleted_response,
    object_response,
    page_response,
)
from core.assistants import FilesBatch, VectorStoreFile
from core.engine.vectors.records import STATUSES, FileStatus


class StoreFileRoutes:
    """List, add, read, change, take out; and what a file gave."""

    def __init__(self, api: Api) -> None:
        self._files = api.engine.vector_stores.files
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        one = f"{ONE}/files/{{file_id}}"
        return [
            Operation("GET", f"{ONE}/files", self.list, beta=False),
            Operation("POST", f"{ONE}/files", self.add, beta=False),
            Operation("GET", one, self.get, beta=False),
            Operation("POST", one, self.update, beta=False),
            Operation("DELETE", one, self.delete, beta=False),
            Operation("GET", f"{one}/content", self.content, beta=False),
        ]

    async def list(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}/files"""
        page = await self._files.list(
            store_id_of(request),
            cursor_of(request),
            status=_status_of(request),
            tenant=tenant_of(request),
        )
        return page_response(page)

    async def add(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}/files"""
        body = await read_body(request, StoreFileBody, self._limits)
        added = await self._files.add(
            store_id_of(request), body.request(), tenant=tenant_of(request)
        )
        return _answer(added)

    async def get(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}/files/{file_id}"""
        return _answer(await self._files.get(*_ids(request), tenant=tenant_of(request)))

    async def update(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}/files/{file_id}"""
        body = await read_body(request, AttributesBody, self._limits)
        changed = await self._files.update(*_ids(request), body.wanted(), tenant=tenant_of(request))
        return object_response(changed)

    async def delete(self, request: Request) -> Response:
        """DELETE /vector_stores/{vector_store_id}/files/{file_id}"""
        store_id, file_id = _ids(request)
        await self._files.delete(store_id, file_id, tenant=tenant_of(request))
        return deleted_response(file_id, "vector_store.file.deleted")

    async def content(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}/files/{file_id}/content"""
        texts = await self._files.content(*_ids(request), tenant=tenant_of(request))
        page = {
            "object": "vector_store.file_content.page",
            "data": [{"type": "text", "text": text} for text in texts],
            "has_more": False,
            "next_page": None,
        }
        return body_response(page)


class FileBatchRoutes:
    """Add together, read, cancel, list."""

    def __init__(self, api: Api) -> None:
        self._batches = api.engine.vector_stores.batches
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        every = f"{ONE}/file_batches"
        one = f"{every}/{{batch_id}}"
        return [
            Operation("POST", every, self.create, beta=False),
            Operation("GET", one, self.get, beta=False),
            Operation("POST", f"{one}/cancel", self.cancel, beta=False),
            Operation("GET", f"{one}/files", self.files, beta=False),
        ]

    async def create(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}/file_batches"""
        body = await read_body(request, FileBatchBody, self._limits)
        made = await self._batches.create(
            store_id_of(request), body.request(), tenant=tenant_of(request)
        )
        return _answer(made)

    async def get(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}/file_batches/{batch_id}"""
        batch = await self._batches.get(*_batch_ids(request), tenant=tenant_of(request))
        return _answer(batch)

    async def cancel(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel"""
        batch = await self._batches.cancel(*_batch_ids(request), tenant=tenant_of(request))
        return object_response(batch)

    async def files(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}/file_batches/{batch_id}/files"""
        page = await self._batches.files(
            *_batch_ids(request),
            cursor_of(request),
            status=_status_of(request),
            tenant=tenant_of(request),
        )
        return page_response(page)


def _answer(value: VectorStoreFile | FilesBatch) -> Response:
    """The object; who polls it is told when to ask again."""
    response = object_response(value)
    if value.status == "in_progress":
        response.headers["openai-poll-after-ms"] = str(POLL_AFTER_MS)
    return response


def _status_of(request: Request) -> FileStatus | None:
    """The `filter` of a list. Raises InvalidRequest."""
    wanted = request.query_params.get("filter")
    if wanted is not None and wanted not in STATUSES:
        raise not_one_of("filter", wanted, list(STATUSES))
    return wanted


def _ids(request: Request) -> tuple[str, str]:
    return store_id_of(request), request.path_params["file_id"]


def _batch_ids(request: Request) -> tuple[str, str]:
    return store_id_of(request), request.path_params["batch_id"]
