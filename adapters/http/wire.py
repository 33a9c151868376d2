"""Objects as the bytes that go out: JSON with the fields and number types of the reference.

Source: the Assistants API reference, v2 (object schemas). Stored objects have the API's fields
already, so they are written as they are; nothing is validated on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from core.assistants import ApiObject, File, Json, VectorStore, to_wire
from core.engine.records import Page

_OMITTED: Final[dict[type[ApiObject], tuple[str, ...]]] = {
    File: ("expires_at", "status_details"),
    VectorStore: ("expires_after",),
}
"""Fields that the reference has either as a value or not at all."""


class JsonResponse(Response):
    """JSON that is bytes already."""

    media_type = "application/json"

    def __init__(
        self, body: bytes, *, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(body, status_code=status_code, headers=headers)

    def with_body(self, body: bytes) -> JsonResponse:
        """The same answer with other JSON."""
        kept = {name: value for name, value in self.headers.items() if name != "content-length"}
        return JsonResponse(body, status_code=self.status_code, headers=kept)


def object_bytes(value: ApiObject) -> bytes:
    """The JSON of an API object, `object` included."""
    omitted = _OMITTED.get(type(value))
    if omitted is not None:
        body = to_wire(value)
        for name in omitted:
            if body[name] is None:
                del body[name]
        return _dumps(body)
    try:
        body_bytes = orjson.dumps(value)
    except TypeError:
        return _mended(to_wire(value))
    if not value.object:
        return body_bytes
    return b'{"object":"%b",%b' % (value.object.encode(), body_bytes[1:])


def list_bytes(values: Sequence[ApiObject], *, has_more: bool) -> bytes:
    """The JSON of a part of a list."""
    ids: list[Any] = [getattr(value, "id", None) for value in (*values[:1], *values[-1:])]
    first, last = ids or (None, None)
    return b'{"object":"list","data":[%b],"first_id":%b,"last_id":%b,"has_more":%b}' % (
        b",".join(map(object_bytes, values)),
        orjson.dumps(first),
        orjson.dumps(last),
        b"true" if has_more else b"false",
    )


def object_response(value: ApiObject) -> Response:
    """An answer with one object."""
    return JsonResponse(object_bytes(value))


def body_response(body: Json) -> Response:
    """An answer that is no object of the API with an id."""
    return JsonResponse(_dumps(body))


def page_response(page: Page[ApiObject]) -> Response:
    """An answer with a part of a list."""
    return JsonResponse(list_bytes(page.data, has_more=page.has_more))


def deleted_response(object_id: str, kind: str) -> Response:
    """An answer that says that an object is gone; `kind` is `thread.deleted` and the like."""
    return JsonResponse(orjson.dumps({"id": object_id, "object": kind, "deleted": True}))


def _dumps(body: Json) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return _mended(body)


def _mended(body: Json) -> bytes:
    """JSON of text with half surrogate pairs, which a model may emit: they become U+FFFD."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.encode()
