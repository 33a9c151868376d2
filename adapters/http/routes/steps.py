"""Steps of a Run."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.reading import cursor_of, included
from adapters.http.routes.table import Api, Operation
from adapters.http.wire import object_response, page_response


class StepRoutes:
    """List and read."""

    def __init__(self, api: Api) -> None:
        self._runs = api.engine.runs

    def operations(self) -> list[Operation]:
        """What is served."""
        every = "/threads/{thread_id}/runs/{run_id}/steps"
        return [
            Operation("GET", every, self.list),
            Operation("GET", f"{every}/{{step_id}}", self.get),
        ]

    async def list(self, request: Request) -> Response:
        """GET /threads/{thread_id}/runs/{run_id}/steps"""
        include = included(request)
        ids = request.path_params
        page = await self._runs.steps(
            ids["thread_id"],
            ids["run_id"],
            cursor_of(request),
            tenant=tenant_of(request),
            include=include,
        )
        return page_response(page)

    async def get(self, request: Request) -> Response:
        """GET /threads/{thread_id}/runs/{run_id}/steps/{step_id}"""
        include = included(request)
        ids = request.path_params
        step = await self._runs.step(
            ids["thread_id"],
            ids["run_id"],
            ids["step_id"],
            tenant=tenant_of(request),
            include=include,
        )
        return object_response(step)
