"""Operations as a table, and the table as routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.auth import Gate
from adapters.http.reading import Limits
from adapters.http.versions import as_v1, check_beta, is_v1
from adapters.http.wire import JsonResponse
from core.clock import Clock
from core.engine.service.engine import Engine

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What endpoints work with."""

    engine: Engine
    clock: Clock
    limits: Limits


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path (without prefix). `beta`: it wants the `OpenAI-Beta` header."""

    method: str
    path: str
    endpoint: Endpoint
    beta: bool = True


def routes_of(operations: Iterable[Operation], gate: Gate) -> list[Route]:
    """One route for each path, in the order of their first operation; each asks `gate` first."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [
        Route(path, _dispatcher(methods, gate), methods=list(methods))
        for path, methods in by_path.items()
    ]


def _dispatcher(methods: dict[str, Operation], gate: Gate) -> Endpoint:
    async def dispatch(request: Request) -> Response:
        gate.check(request)
        method = "GET" if request.method == "HEAD" else request.method
        operation = methods[method]
        if operation.beta:
            check_beta(request)
        response = await operation.endpoint(request)
        if is_v1(request) and isinstance(response, JsonResponse):
            response = response.with_body(as_v1(bytes(response.body)))
        return response

    return dispatch
