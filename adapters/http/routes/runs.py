"""Runs of a Thread: start, list, read, change, cancel, go on; as one answer or as a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.auth import tenant_of
from adapters.http.bodies import MetadataChanges, RunBody, ThreadAndRunBody, ToolOutputsBody
from adapters.http.reading import cursor_of, included, read_body
from adapters.http.routes.table import Api, Operation
from adapters.http.sse import EventStream
from adapters.http.versions import is_v1
from adapters.http.wire import object_response, page_response
from core.assistants import PARKED_RUN_STATUSES, Run
from core.engine.requests import Unset

POLL_AFTER_MS: Final = 200
"""What the official clients' polling is told to wait (they take 1,000 by themselves)."""


class RunRoutes:
    """Operations on Runs."""

    def __init__(self, api: Api) -> None:
        self._runs = api.engine.runs
        self._clock = api.clock
        self._limits = api.limits

    def operations(self) -> list[Operation]:
        """What is served."""
        every = "/threads/{thread_id}/runs"
        one = f"{every}/{{run_id}}"
        return [
            Operation("POST", "/threads/runs", self.create_with_thread),
            Operation("GET", every, self.list),
            Operation("POST", every, self.create),
            Operation("GET", one, self.get),
            Operation("POST", one, self.update),
            Operation("POST", f"{one}/cancel", self.cancel),
            Operation("POST", f"{one}/submit_tool_outputs", self.submit_tool_outputs),
        ]

    async def create_with_thread(self, request: Request) -> Response:
        """POST /threads/runs"""
        body = await read_body(request, ThreadAndRunBody, self._limits)
        tenant = tenant_of(request)
        run = await self._runs.create_with_thread(
            body.thread_request(), body.request(), tenant=tenant
        )
        return self._stream(run, request) if body.stream else _answer(run)

    async def list(self, request: Request) -> Response:
        """GET /threads/{thread_id}/runs"""
        thread_id = request.path_params["thread_id"]
        page = await self._runs.list(thread_id, cursor_of(request), tenant=tenant_of(request))
        return page_response(page)

    async def create(self, request: Request) -> Response:
        """POST /threads/{thread_id}/runs"""
        include = included(request)
        body = await read_body(request, RunBody, self._limits)
        thread_id, tenant = request.path_params["thread_id"], tenant_of(request)
        asked = replace(body.request(), include=include)
        run = await self._runs.create(thread_id, asked, tenant=tenant)
        return self._stream(run, request) if body.stream else _answer(run)

    async def get(self, request: Request) -> Response:
        """GET /threads/{thread_id}/runs/{run_id}"""
        return _answer(await self._runs.get(*_ids(request), tenant=tenant_of(request)))

    async def update(self, request: Request) -> Response:
        """POST /threads/{thread_id}/runs/{run_id}"""
        body = await read_body(request, MetadataChanges, self._limits)
        metadata = body.wanted()
        if isinstance(metadata, Unset):
            return await self.get(request)
        run = await self._runs.update(*_ids(request), metadata, tenant=tenant_of(request))
        return _answer(run)

    async def cancel(self, request: Request) -> Response:
        """POST /threads/{thread_id}/runs/{run_id}/cancel"""
        return _answer(await self._runs.cancel(*_ids(request), tenant=tenant_of(request)))

    async def submit_tool_outputs(self, request: Request) -> Response:
        """POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs"""
        body = await read_body(request, ToolOutputsBody, self._limits)
        outputs = body.requests()
        tenant = tenant_of(request)
        run = await self._runs.submit_tool_outputs(*_ids(request), outputs, tenant=tenant)
        if not body.stream:
            return _answer(run)
        return self._stream(run, request, behind_call=outputs[0].tool_call_id)

    def _stream(self, run: Run, request: Request, *, behind_call: str | None = None) -> Response:
        tenant = tenant_of(request)
        events = self._runs.follow(run.thread_id, run.id, tenant=tenant, behind_call=behind_call)
        return EventStream(events, self._clock, is_v1=is_v1(request))


def _answer(run: Run) -> Response:
    response = object_response(run)
    if run.status not in PARKED_RUN_STATUSES:
        response.headers["openai-poll-after-ms"] = str(POLL_AFTER_MS)
    return response


def _ids(request: Request) -> tuple[str, str]:
    return request.path_params["thread_id"], request.path_params["run_id"]
