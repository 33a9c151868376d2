"""Errors as answers: status and body of everything that can go wrong.

Source of the shape: the Assistants API reference (error body: message, type, param, code, all four
always there). What goes wrong on the server's side is told in sentences of our own; the cause
stands in the log under the request's id, and never in the answer.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.wire import JsonResponse
from core.errors import (
    BobbinError,
    ConfigurationError,
    InterpreterUnavailable,
    InvalidRequest,
    ModelError,
    StoreError,
    StoreRefused,
    Unauthorized,
)

log = logging.getLogger(__name__)

UNEXPECTED: Final = "The server had an error while processing your request."

_SENTENCES: Final[dict[type[BobbinError], str]] = {
    StoreRefused: (
        "The server's store takes no writes just now: its disk or memory is full, or it is "
        "read-only. Its operator has to make room."
    ),
    StoreError: "The server's store cannot be reached just now. Try again later.",
    ConfigurationError: "The server is not set up correctly; its log says what is wrong.",
    ModelError: "The model behind the server did not answer.",
    InterpreterUnavailable: "The server's machine cannot run code safely, so it runs none.",
}
"""By class; the first that fits."""


class TooLarge(InvalidRequest):
    """The body has more bytes than this server takes."""

    status = 413


def error_body(message: str, kind: str, *, param: str | None, code: str | None) -> bytes:
    """The API's error body."""
    error: dict[str, Any] = {"message": message, "type": kind, "param": param, "code": code}
    return orjson.dumps({"error": error})


def sentence_of(error: BobbinError) -> str:
    """What a client is told of an error that is not its own."""
    return next((text for kind, text in _SENTENCES.items() if isinstance(error, kind)), UNEXPECTED)


def server_error(message: str = UNEXPECTED, status: int = 500) -> Response:
    """The answer to what went wrong on our side."""
    return JsonResponse(
        error_body(message, "server_error", param=None, code=None), status_code=status
    )


def client_error(error: InvalidRequest) -> Response:
    """The answer to what the client did wrong."""
    headers = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorized) else None
    body = error_body(error.message, error.type, param=error.param, code=error.code)
    return JsonResponse(body, status_code=error.status, headers=headers)


async def answer_error(request: Request, error: Exception) -> Response:
    """The answer to an error of our tree."""
    if isinstance(error, InvalidRequest):
        return client_error(error)
    if not isinstance(error, BobbinError):
        raise error
    log.error(
        "request %s failed: %s %s: %s",
        request.scope.get("request_id"),
        request.method,
        request.scope["path"],
        error,
    )
    response = server_error(sentence_of(error), max(500, error.status))
    if error.retryable:
        response.headers["retry-after"] = "1"
    return response


async def answer_http_error(request: Request, error: Exception) -> Response:
    """The answer to what fits no route."""
    if not isinstance(error, HTTPException):
        raise error
    method, path = request.method, request.scope["path"]
    code: str | None = None
    if error.status_code == 404:
        message = f"Invalid URL ({method} {path})"
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"Not allowed to {method} on {path} (it takes {allowed})"
        code = "method_not_supported"
    else:
        message = error.detail
    body = error_body(message, "invalid_request_error", param=None, code=code)
    return JsonResponse(body, status_code=error.status_code, headers=error.headers)
