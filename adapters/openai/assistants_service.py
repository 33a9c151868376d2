"""A remote Assistants service through the official client: calls, answers as JSON, errors.

Address and key are those that were given, whatever `OPENAI_*` variables say. Answers are read as
JSON and not as the client's objects: services differ in what they leave out, and a streamed answer
would cost an object a word. Two clients share one pool of connections: one repeats what failed,
the other never does, because a Run that was perhaps started must be looked for, not started again.

Concurrency: calls may come from anywhere at any time. Nothing is kept but connections.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import openai
import orjson

from adapters.openai.assistants_faults import Faults
from core.assistants import ApiObject, Assistant, Json, Message, Run, RunStep, from_wire
from core.clock import Clock

CONNECT_S = 5.0
READ_S = 60.0
"""To the first byte and between bytes. A stream that is silent for longer is polled instead."""
RETRIES = 2
PAGE = 100
"""Objects that one request gives at most (Assistants API reference, v2)."""

_NO_KEY = "none"
"""What is sent where no key is set: the client wants one, an open service ignores it."""

_DEPRECATED = ("The Assistants API is deprecated", "deprecated$")
"""What the client says of each call: to be heard by nobody, as it is what is wanted."""

_NEVER_NULL: Json = {"metadata": {}, "content": [], "attachments": [], "tools": []}
"""What stands in the API's objects where services send null."""

T = TypeVar("T", bound=ApiObject)
Listed = TypeVar("Listed", Assistant, Message, Run, RunStep)
Call = Callable[..., Awaitable[Any]]


class RemoteService:
    """Where Assistants are served. Make one per address and close it once."""

    def __init__(self, base_url: str, api_key: str | None, *, clock: Clock) -> None:
        for message in _DEPRECATED:
            warnings.filterwarnings("ignore", message, DeprecationWarning, module=r"openai\.")
        parts = urlsplit(base_url)
        self.host = parts.netloc.rpartition("@")[2]
        self.faults = Faults(self.host, api_key, clock)
        self._connections = openai.DefaultAsyncHttpxClient(
            timeout=openai.Timeout(READ_S, connect=CONNECT_S), trust_env=False
        )
        self.api = self._client(base_url, api_key, RETRIES)
        self.once = self._client(base_url, api_key, 0)
        """The same for what must not be repeated unseen."""

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()

    async def answer(self, call: Call, *args: Any, **named: Any) -> Any:
        """The raw response of one of the client's `with_raw_response` methods.

        Raises:
            NotFound, InvalidRequest: refused, in the service's words.
            ModelUnavailable, ModelRateLimited: it may work later.
            ModelRefused: a wrong key or address.
        """
        try:
            return (await call(*args, **named)).http_response
        except openai.OpenAIError as error:
            raise self.faults.of(error) from error

    async def json(self, call: Call, *args: Any, **named: Any) -> Json:
        """The JSON object that such a method is answered with. Raises as `answer` does."""
        return self.parsed((await self.answer(call, *args, **named)).content)

    def parsed(self, content: bytes) -> Json:
        """A JSON object. Raises ModelRefused."""
        try:
            body: Any = orjson.loads(content)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise self.faults.foreign()
        return cast("Json", body)

    def read(self, kind: type[T], body: Json) -> T:
        """The API's object. Raises ModelRefused where a field is missing."""
        try:
            return from_wire(
                kind, body | {k: v for k, v in _NEVER_NULL.items() if body.get(k) is None}
            )
        except TypeError:
            raise self.faults.foreign() from None

    async def listed(
        self, kind: type[Listed], call: Call, *args: Any, limit: int, **query: Any
    ) -> list[Listed]:
        """The first `limit` objects of a list, over as many pages as it takes."""
        found: list[Listed] = []
        while len(found) < limit:
            if found:
                query["after"] = found[-1].id
            size = min(PAGE, limit - len(found))
            page = await self.json(call, *args, limit=size, **query)
            rows: list[Json] = page.get("data") or []
            found += [self.read(kind, row) for row in rows]
            if not rows or not page.get("has_more"):
                break
        return found

    def _client(self, base_url: str, api_key: str | None, retries: int) -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or _NO_KEY,
            http_client=self._connections,
            max_retries=retries,
            timeout=openai.Timeout(READ_S, connect=CONNECT_S),
        )
        # What it took from the environment by itself is about another account.
        client.organization = client.project = client.admin_api_key = None
        client._custom_headers = {}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return client
