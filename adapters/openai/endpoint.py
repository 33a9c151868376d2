"""One model endpoint: its address and key, one HTTP session, retries, errors.

The session is shared by all calls for the life of the process, so a model round opens no new
connection. Bytes are handed on as they come off the socket.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from adapters.openai.faults import URL_VARIABLE, Asked
from adapters.openai.sse import SseParser
from core.clock import Clock
from core.errors import (
    ConfigurationError,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)

logger = logging.getLogger(__name__)

IS_BOBBIN = f"{URL_VARIABLE} points at Bobbin itself: set it to a model's endpoint."
_DRAIN_S = 1.0
_SNIFFED_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to a connection (with name look-up and TLS); to the first byte and between bytes."""

    connect_s: float = 5.0
    read_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Retries:
    """Repetitions before the first byte of an answer; a wait is at most `longest_s` seconds.

    An endpoint that asks for a longer wait gets none from us: the caller is told how long, and
    may do something else meanwhile. A read that timed out is not repeated either.
    """

    count: int = 2
    first_s: float = 0.5
    longest_s: float = 8.0


class IsBobbin(ModelRefused):
    """The endpoint is Bobbin: it would ask itself for ever."""


class Answer:
    """A response that began well (2xx), still open."""

    def __init__(self, response: aiohttp.ClientResponse, asked: Asked) -> None:
        self._response = response
        self.asked = asked
        self.headers: Mapping[str, str] = response.headers
        self.is_json = response.content_type == "application/json"
        self._parser = SseParser()
        self._over = False

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back if the answer was read to its end; else this cuts it."""
        self._response.release()

    async def more(self) -> list[tuple[str, bytes]] | None:
        """The next server-sent events (name, data), at least one; None when there are no more.

        Raises:
            ModelUnavailable: the connection broke or went silent.
        """
        events: list[tuple[str, bytes]] = []
        while not events and not self._over:
            try:
                chunk = await self._response.content.readany()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise ModelUnavailable(_broken(self.asked.host, error)) from error
            self._over = not chunk
            events = self._parser.feed(chunk) if chunk else self._parser.end()
        return events or None

    async def json(self) -> Any:
        """The whole body, as JSON.

        Raises:
            ModelUnavailable: the connection broke, or the body is no JSON.
        """
        try:
            return orjson.loads(await self._response.read())
        except orjson.JSONDecodeError as error:
            raise ModelUnavailable(
                f"{self.asked.host} answered with something else than JSON."
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ModelUnavailable(_broken(self.asked.host, error)) from error

    def broke_off(self) -> ModelUnavailable:
        """The error for an answer that ended before it was complete."""
        return ModelUnavailable(_broken(self.asked.host, None))

    async def drain(self) -> None:
        """Read what follows the last event (as a rule nothing), so that the connection can serve
        the next call. Gives up after a second: then the connection is cut instead."""
        try:
            async with asyncio.timeout(_DRAIN_S):
                while await self._response.content.readany():
                    pass
        except (aiohttp.ClientError, TimeoutError, OSError):
            self._response.close()


class Endpoint:
    """Where models are asked. Make one per address and close it once."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        clock: Clock,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`base_url` usually ends with `/v1`; `headers` go with every request; `jitter`: 0 to 1.

        Raises:
            ConfigurationError: `base_url` is no http(s) address.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(
                f"{URL_VARIABLE} is not an address: it must look like https://host/v1."
            )
        self.base_url = base_url.rstrip("/")
        self.host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        self.api_key = api_key or None
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        self._retries = retries or Retries()
        # Unpacked, so that no proxy holds words back to fill a block of its compression.
        self._headers = {"User-Agent": "bobbin", "Accept-Encoding": "identity", **(headers or {})}
        if self.api_key:
            self._headers["Authorization"] = f"Bearer {self.api_key}"
        self._proxy = proxy
        self._jitter = jitter
        self._session: aiohttp.ClientSession | None = None
        self._quiet_until: dict[str, float] = {}

    @property
    def root(self) -> str:
        """The address without `/v1`: where servers keep what is theirs alone."""
        return self.base_url.removesuffix("/v1")

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, path: str, body: dict[str, Any], *, model: str) -> Answer:
        """Send `body` and wait for the first byte of a good answer; the caller closes the Answer.

        Raises:
            ModelUnavailable: no connection, a time-out, a 5xx, also after repetition.
            ModelRateLimited: 429, also after repetition, or the wait asked for is long.
            ModelRefused: every other refusal; `Rejected` where the request itself was disliked.
        """
        data = orjson.dumps(body)
        asked = Asked(self.host, path, model, self.api_key)
        attempt = 0
        while True:
            await self._quiet(model)
            try:
                return await self._once("POST", self.base_url + path, asked, data)
            except (ModelUnavailable, ModelRateLimited) as error:
                self._heed(error, model)
                wait_s = self._wait_s(error, attempt)
                if wait_s is None:
                    raise
                logger.debug("%s: repeated after %.1f s: %s", self.host, wait_s, error)
            attempt += 1
            await self._clock.sleep(wait_s)

    async def get(self, url: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON at `url` (absolute, or a path behind the base address). Never repeated.

        With a body it is POSTed: some servers answer questions about themselves only so.

        Raises: as `post`.
        """
        absolute = self.base_url + url if url.startswith("/") else url
        asked = Asked(self.host, urlsplit(absolute).path, "", self.api_key)
        method, data = ("GET", None) if body is None else ("POST", orjson.dumps(body))
        async with await self._once(method, absolute, asked, data) as answer:
            return await answer.json()

    async def _quiet(self, model: str) -> None:
        """Wait while the endpoint wants no calls of this model, whichever call was told so."""
        wait_s = self._quiet_until.get(model, 0.0) - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        self._quiet_until.pop(model, None)

    def _heed(self, error: ModelError, model: str) -> None:
        """A limit counts all calls of a model, so not each of them has to find it by itself. After
        the longest wait one may find out whether it still holds."""
        if isinstance(error, ModelRateLimited) and error.retry_after_s:
            until = self._clock.monotonic() + min(error.retry_after_s, self._retries.longest_s)
            self._quiet_until[model] = max(until, self._quiet_until.get(model, 0.0))

    def _wait_s(self, error: ModelError, attempt: int) -> float | None:
        """How long to wait before the next repetition; None where there is to be none."""
        cause = error.__cause__
        if attempt >= self._retries.count or isinstance(cause, aiohttp.SocketTimeoutError):
            return None
        if attempt == 0 and isinstance(cause, aiohttp.ServerDisconnectedError):
            return 0.0  # a kept connection that the endpoint had closed meanwhile
        backoff_s = min(self._retries.first_s * 2**attempt, self._retries.longest_s)
        asked_s = error.retry_after_s if isinstance(error, ModelRateLimited) else None
        if asked_s is None:
            return backoff_s * (0.75 + self._jitter() / 4)
        return asked_s if asked_s <= self._retries.longest_s else None

    async def _once(self, method: str, url: str, asked: Asked, data: bytes | None) -> Answer:
        try:
            response = await self._opened().request(
                method,
                url,
                data=data,
                headers={"Content-Type": "application/json"} if data is not None else None,
                allow_redirects=False,
                proxy=self._proxy,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ModelUnavailable(_unreachable(self.host, error)) from error
        answer = Answer(response, asked)
        if response.headers.get("x-bobbin") == "engine":
            answer.close()
            raise IsBobbin(IS_BOBBIN)
        if response.status < 300:
            return answer
        async with answer:
            try:
                body = await _error_body(response)
            except (aiohttp.ClientError, TimeoutError, OSError):
                body = b""
        raise asked.fault(response.status, response.headers, body, self._clock.now())

    def _opened(self) -> aiohttp.ClientSession:
        """The session, made within the running loop on first use."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=self._timeouts.connect_s,
                    sock_read=self._timeouts.read_s,
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )
        return self._session


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """The body of a refusal, as far as it is worth reading."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= _SNIFFED_ERROR_BYTES:
            break
    return bytes(body)


def _unreachable(host: str, error: BaseException) -> str:
    if isinstance(error, aiohttp.SocketTimeoutError):
        return f"{host} sent nothing in time."
    if isinstance(error, TimeoutError):
        return f"{host} did not take the connection in time."
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        why = os.strerror(number) if number else "no connection"
        return f"{host} cannot be reached ({why}): is {URL_VARIABLE} right, and is it running?"
    return f"{host} broke the connection off."


def _broken(host: str, error: BaseException | None) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} fell silent in the middle of its answer."
    return f"{host} broke off in the middle of its answer."
