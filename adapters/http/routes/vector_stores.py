"""Vector stores: what is said as long as there are none."""

from __future__ import annotations

from typing import NoReturn

from starlette.requests import Request

from adapters.http.routes.table import Operation
from core.errors import NotFound

METHODS = ("GET", "POST", "DELETE")
PATHS = ("/vector_stores", "/vector_stores/{rest:path}")
SENTENCE = (
    "Vector stores are not available in this version of Bobbin: they come with file search in a "
    "later one."
)


def operations() -> list[Operation]:
    """Every operation on vector stores, refused."""
    return [Operation(method, path, refuse, beta=False) for path in PATHS for method in METHODS]


async def refuse(request: Request) -> NoReturn:
    """404 with the reason."""
    del request
    raise NotFound(SENTENCE, code="not_available")
