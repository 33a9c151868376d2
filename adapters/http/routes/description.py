"""The API's own description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.routes.table import Operation
from adapters.http.wire import JsonResponse

PATH: Final = "/openapi.json"


class DescriptionRoutes:
    """Answers the OpenAPI document, which is made when it is first asked for."""

    def __init__(self, prefixes: Sequence[str], *, keyed: bool) -> None:
        """
        Args:
            prefixes: where the API is served.
            keyed: whether a key has to be shown.
        """
        self._prefixes = tuple(prefixes)
        self._keyed = keyed
        self._made: bytes | None = None

    def operations(self) -> list[Operation]:
        """What is served; guarded like the rest, without a beta header."""
        return [Operation("GET", PATH, self.get, beta=False)]

    async def get(self, request: Request) -> Response:
        """GET /openapi.json"""
        del request
        if self._made is None:
            # Its models are many, and most processes are never asked.
            from adapters.http.description.document import document

            self._made = orjson.dumps(document(self._prefixes, keyed=self._keyed))
        return JsonResponse(self._made)
