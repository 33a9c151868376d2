"""The models behind the API, as clients ask for their names.

Source: the OpenAI API reference (models). They are no objects of ours: nobody knows when a model
was made or who owns it, so all say the same of that.
"""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.routes.table import Operation
from adapters.http.wire import JsonResponse
from core.assistants import Json
from core.engine.models import Catalogue
from core.errors import NotFound

OWNER: Final = "bobbin"


class ModelRoutes:
    """List and read."""

    def __init__(self, names: Catalogue) -> None:
        self._names = names

    def operations(self) -> list[Operation]:
        """What is served; without a beta header, as at OpenAI."""
        return [
            Operation("GET", "/models", self.list, beta=False),
            Operation("GET", "/models/{model:path}", self.get, beta=False),
        ]

    async def list(self, request: Request) -> Response:
        """GET /models"""
        del request
        return _answer({"object": "list", "data": [_model(name) for name in self._names.listed()]})

    async def get(self, request: Request) -> Response:
        """GET /models/{model}"""
        name = request.path_params["model"]
        if not self._names.knows(name):
            raise NotFound(
                f"The model '{name}' does not exist.", param="model", code="model_not_found"
            )
        return _answer(_model(name))


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": OWNER}


def _answer(body: Json) -> Response:
    return JsonResponse(orjson.dumps(body))
