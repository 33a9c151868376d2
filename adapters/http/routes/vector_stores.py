"""Vector stores, and search in them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.reading import cursor_of, read_body
from adapters.http.routes.table import Api, Operation
from adapters.http.store_bodies import StoreSearchBody, VectorStoreBody, VectorStoreChanges
from adapters.http.wire import (
    body_response,
    deleted_response,
    object_response,
    page_response,
)

ONE = "/vector_stores/{vector_store_id}"


class VectorStoreRoutes:
    """Create, list, read, change, delete, search. They are asked with and without beta header."""

    def __init__(self, api: Api) -> None:
        self._stores = api.engine.vector_stores
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("GET", "/vector_stores", self.list, beta=False),
            Operation("POST", "/vector_stores", self.create, beta=False),
            Operation("GET", ONE, self.get, beta=False),
            Operation("POST", ONE, self.update, beta=False),
            Operation("DELETE", ONE, self.delete, beta=False),
            Operation("POST", f"{ONE}/search", self.search, beta=False),
        ]

    async def list(self, request: Request) -> Response:
        """GET /vector_stores"""
        return page_response(await self._stores.list(cursor_of(request), tenant=tenant_of(request)))

    async def create(self, request: Request) -> Response:
        """POST /vector_stores"""
        body = await read_body(request, VectorStoreBody, self._limits)
        return object_response(await self._stores.create(body.request(), tenant=tenant_of(request)))

    async def get(self, request: Request) -> Response:
        """GET /vector_stores/{vector_store_id}"""
        return object_response(
            await self._stores.get(store_id_of(request), tenant=tenant_of(request))
        )

    async def update(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}"""
        body = await read_body(request, VectorStoreChanges, self._limits)
        changed = await self._stores.update(
            store_id_of(request), body.request(), tenant=tenant_of(request)
        )
        return object_response(changed)

    async def delete(self, request: Request) -> Response:
        """DELETE /vector_stores/{vector_store_id}"""
        store_id = store_id_of(request)
        await self._stores.delete(store_id, tenant=tenant_of(request))
        return deleted_response(store_id, "vector_store.deleted")

    async def search(self, request: Request) -> Response:
        """POST /vector_stores/{vector_store_id}/search"""
        body = await read_body(request, StoreSearchBody, self._limits)
        wanted = body.request()
        found = await self._stores.searching.search(
            store_id_of(request), wanted, tenant=tenant_of(request)
        )
        data = [
            {
                "file_id": one.file_id,
                "filename": one.filename,
                "score": one.score,
                "attributes": one.attributes,
                "content": [{"type": "text", "text": one.text}],
            }
            for one in found
        ]
        page = {
            "object": "vector_store.search_results.page",
            "search_query": wanted.queries,
            "data": data,
            "has_more": False,
            "next_page": None,
        }
        return body_response(page)


def store_id_of(request: Request) -> str:
    """The id in the path."""
    return request.path_params["vector_store_id"]
