"""Reading requests: bodies within limits, query parameters, and what is wrong with them.

Memory is bounded by `Limits` for each request; nothing is read of a body that says it is larger.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from adapters.http.complaints import complaint, not_one_of, wrong_type
from adapters.http.errors import TooLarge
from adapters.http.shapes import Shape
from adapters.http.versions import has_files, upgraded
from core.assistants import Json
from core.engine.records import Cursor
from core.engine.requests import RESULT_CONTENT
from core.engine.validation import check_limit
from core.errors import InvalidRequest

DEPTH: Final = 64
"""Levels that JSON may nest; schemas of functions in the wild have some ten."""

_NOT_JSON: Final = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid "
    "JSON.)"
)
_LIMIT_DIGITS: Final = 12

_B = TypeVar("_B", bound=Shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may weigh (bytes).

    A body of JSON may hold an Assistant with instructions of 256,000 characters, each escaped to
    six bytes, and its tools. A file lies on disk until it is stored: 512 MB as in the reference.
    """

    json_bytes: int = 4 * 1024 * 1024
    file_bytes: int = 512 * 1024 * 1024
    uploads: int = 4
    """Files that are stored at a time; further ones wait on disk."""


async def read_body(request: Request, shape: type[_B], limits: Limits) -> _B:
    """The body as `shape`. An empty one is an object without fields.

    Raises:
        InvalidRequest: it is too large, not JSON, too deep, or of another shape.
    """
    body = await read_json(request, limits.json_bytes)
    fields = shape.model_fields
    request.state.own_files = has_files(body, fields)
    try:
        return shape.model_validate(upgraded(body, fields))
    except ValidationError as error:
        raise complaint(error) from None


async def read_json(request: Request, most: int) -> Json:
    """The body as a JSON object of at most `most` bytes. Raises InvalidRequest."""
    data = b"".join([chunk async for chunk in bounded(request, most)])
    if not data:
        return {}
    _check_type(request)
    try:
        value: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise InvalidRequest(_NOT_JSON) from None
    if not isinstance(value, dict):
        raise InvalidRequest("Invalid body: expected a JSON object.", code="invalid_type")
    if data.count(b"{") + data.count(b"[") > DEPTH and _is_deeper(value, DEPTH):
        raise InvalidRequest(f"Invalid body: it nests deeper than {DEPTH} levels.")
    return cast("Json", value)


async def bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body's bytes as they come. Raises TooLarge beyond `most`."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > most:
        raise _too_large(most)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        yield chunk


def cursor_of(request: Request, *, default: int = 20, most: int = 100) -> Cursor:
    """Which part of a list is asked for. Raises InvalidRequest."""
    query = request.query_params
    limit = _integer(query.get("limit"), default)
    check_limit(limit, most)
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise not_one_of("order", order, ["asc", "desc"])
    return Cursor(
        limit=limit,
        order=order,
        after=query.get("after") or None,
        before=query.get("before") or None,
        run_id=query.get("run_id") or None,
    )


def included(request: Request) -> tuple[str, ...]:
    """What is to be shown beyond the usual. Refuses an `include[]` that the reference has not."""
    query = request.query_params
    values = [value for name in ("include[]", "include") for value in query.getlist(name)]
    for value in values:
        if value != RESULT_CONTENT:
            raise not_one_of("include", value, [RESULT_CONTENT])
    return tuple(values)


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "")
    if kind and "json" not in kind.lower():
        raise InvalidRequest(
            f"Unsupported content type: '{kind[:100]}'. This API method only accepts "
            "'application/json' requests.",
            code="unsupported_content_type",
        )


def _integer(text: str | None, default: int) -> int:
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise wrong_type("limit", "an integer", text)
    return int(text[:_LIMIT_DIGITS])


def _is_deeper(value: Any, levels: int) -> bool:
    level: list[Any] = [value]
    for _ in range(levels):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += cast("Json", one).values()
            elif isinstance(one, list):
                inner += cast("list[Any]", one)
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"The body of this request is too large: this server takes at most {most} bytes.",
        code="request_too_large",
    )
