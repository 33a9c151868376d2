"""The ASGI application: the API under each of its prefixes, and other apps on the same port.

/v1/...              the API, as the official clients ask for it
/...                 the same without prefix
/openai/...          the same as clients of Azure's ask for it, with or without /v1
/openapi.json        the API's description, under each prefix
/                    a page for people, unless another app is mounted there
/healthz  /readyz    for whoever watches the process
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.auth import Gate
from adapters.http.envelope import Envelope
from adapters.http.errors import answer_error, answer_http_error
from adapters.http.pages import Ready, health_routes, page_route
from adapters.http.reading import Limits
from adapters.http.routes.assistants import AssistantRoutes
from adapters.http.routes.description import DescriptionRoutes
from adapters.http.routes.files import FileRoutes
from adapters.http.routes.first_version import FirstVersionRoutes
from adapters.http.routes.messages import MessageRoutes
from adapters.http.routes.models import ModelRoutes
from adapters.http.routes.runs import RunRoutes
from adapters.http.routes.steps import StepRoutes
from adapters.http.routes.store_files import FileBatchRoutes, StoreFileRoutes
from adapters.http.routes.table import Api, Operation, routes_of
from adapters.http.routes.threads import ThreadRoutes
from adapters.http.routes.vector_stores import VectorStoreRoutes
from core.clock import Clock
from core.engine.service.engine import Engine
from core.errors import BobbinError
from core.ids import Ids

PREFIXES = ("/v1", "/openai/v1", "/openai")
"""Longest first; the API is also served without one."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """Another ASGI app on the same port.

    `path` is `/` (what nobody else serves), or that path and all below it. `guarded`: like the
    API, it answers only programs on this machine as long as there are no keys. Otherwise, and with
    keys, it decides by itself whom it answers (a platform's signed requests).
    """

    path: str
    app: ASGIApp
    guarded: bool = True


def create_app(
    engine: Engine | None,
    *,
    keys: tuple[str, ...],
    apart: bool = False,
    clock: Clock,
    ids: Ids,
    ready: Ready | None = None,
    mounts: Sequence[Mounted] = (),
    limits: Limits | None = None,
) -> Starlette:
    """The application.

    Args:
        engine: what the API is the face of; without one, only what is mounted is served.
        keys: one of them has to be shown; without any, only this machine is answered.
        apart: whether each key has its own objects, which no other key sees.
        clock: for what keeps silent streams open.
        ids: for request ids.
        ready: raises the reason why requests cannot be served; asked at `/readyz`.
        mounts: other apps; one at `/` gets what is not the API's.
        limits: what requests may weigh.
    """
    gate = Gate(keys, apart=apart)
    served: list[Operation] = []
    if engine is not None:
        api = Api(engine=engine, clock=clock, limits=limits or Limits())
        description = DescriptionRoutes(PREFIXES, keyed=bool(keys))
        served = [
            *operations_of(api),
            *FirstVersionRoutes(api).operations(),
            *description.operations(),
            *(ModelRoutes(engine.models).operations() if engine.models is not None else ()),
        ]
    operations = routes_of(served, gate)
    router = Router(operations, redirect_slashes=False)
    others = [route for one in mounts if one.path != "/" for route in _routes_of(one, gate)]
    roots = [Mount("", _behind(one, gate)) for one in mounts if one.path == "/"]
    routes: list[BaseRoute] = [
        *health_routes(ready),
        *(Mount(prefix, router) for prefix in PREFIXES),
        *operations,
        *others,
        *(roots or ([page_route()] if engine is not None else [])),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Envelope, ids=ids)],
        exception_handlers={BobbinError: answer_error, HTTPException: answer_http_error},
    )
    app.router.redirect_slashes = False
    return app


def operations_of(api: Api) -> list[Operation]:
    """Every operation; where two paths fit, the first one counts."""
    return [
        *AssistantRoutes(api).operations(),
        *RunRoutes(api).operations(),
        *ThreadRoutes(api).operations(),
        *MessageRoutes(api).operations(),
        *StepRoutes(api).operations(),
        *FileRoutes(api).operations(),
        *VectorStoreRoutes(api).operations(),
        *StoreFileRoutes(api).operations(),
        *FileBatchRoutes(api).operations(),
    ]


class _Exact:
    """An app as an endpoint; a route takes a bare function for something else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _routes_of(mounted: Mounted, gate: Gate) -> list[BaseRoute]:
    """The path itself, and everything below it."""
    app = _behind(mounted, gate)
    return [Route(mounted.path, _Exact(app)), Mount(mounted.path, app)]


def _behind(mounted: Mounted, gate: Gate) -> ASGIApp:
    return gate.guarding(mounted.app) if mounted.guarded else mounted.app
