"""What is not the API: a page for people, and two answers for whoever watches the process."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adapters.http.errors import UNEXPECTED, sentence_of
from adapters.http.wire import JsonResponse
from core.errors import BobbinError, PlatformError

log = logging.getLogger(__name__)

Ready = Callable[[], Awaitable[None]]
"""Returns if requests can be served; raises the reason if not: a PlatformError names the chat
platform that is away, in words for whoever watches the process."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Bobbin</title>
<h1>Bobbin</h1>
<p>This is a server of the Assistants API (v2): assistants, threads, messages, runs, files.
<p>Use it with the official clients, with this server's address and <code>/v1</code> as the base
URL:
<pre>client = OpenAI(base_url="http://localhost:8765/v1", api_key="any")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello"}])</pre>
<p>What is supported stands in <code>docs/assistants-api.md</code> of the project, every field in
<a href="openapi.json">openapi.json</a>;
how the process is: <a href="healthz">healthz</a>, <a href="readyz">readyz</a>.
"""
_PAGE_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def page_route() -> Route:
    """The page at `/`."""
    return Route("/", _page)


def health_routes(ready: Ready | None) -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: it can do its work, says `ready`."""

    async def readyz(request: Request) -> Response:
        del request
        try:
            if ready is not None:
                await ready()
        except PlatformError as error:
            log.warning("not ready: %s", error)
            return _state("unavailable", 503, str(error))
        except BobbinError as error:
            log.warning("not ready: %s", error)
            return _state("unavailable", 503, sentence_of(error))
        except Exception:
            log.exception("not ready")
            return _state("unavailable", 503, UNEXPECTED)
        return _state("ok", 200)

    return [Route("/healthz", _healthz), Route("/readyz", readyz)]


async def _page(request: Request) -> Response:
    del request
    return HTMLResponse(_PAGE, headers=_PAGE_HEADERS)


async def _healthz(request: Request) -> Response:
    del request
    return _state("ok", 200)


def _state(status: str, code: int, reason: str | None = None) -> Response:
    body = {"service": "bobbin", "status": status} | ({"reason": reason} if reason else {})
    return JsonResponse(orjson.dumps(body), status_code=code)
