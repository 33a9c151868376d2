"""Vectors from an endpoint that speaks OpenAI's `/v1/embeddings`.

Serial: the batches of one call, in their order. Parallel: calls, a few at a time. Crash: nothing is
kept. Memory: one batch of texts and its answer, whose size is bounded.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from core.clock import Clock
from core.engine.context import estimated_tokens
from core.errors import ModelError, ModelRateLimited, ModelRefused, ModelUnavailable

if TYPE_CHECKING:
    import aiohttp
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BATCH_TEXTS: Final = 64
_BATCH_TOKENS: Final = 32_000
_AT_ONCE: Final = 2
"""Calls for texts of files; questions come on top."""
_MOST_TEXTS: Final = 50_000
_MOST_CHARACTERS: Final = 8_000
"""Of a text; what is beyond would not fit into every model."""
_ANSWER_BYTES: Final = 32 << 20
_CONNECT_S: Final = 5.0
_FILE_S: Final = 60.0
_QUESTION_S: Final = 5.0
"""Somebody waits, and words alone can answer."""
_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 20.0
_URL: Final = "BOBBIN_EMBEDDINGS_URL"
_KEY: Final = "BOBBIN_EMBEDDINGS_KEY"
_MODEL: Final = "BOBBIN_EMBEDDINGS_MODEL"
_WORDS: Final = 200


class EndpointEmbedder:
    """`Embedder`. The connection is made by the first call.

    Args:
        url: the endpoint's base, which usually ends with /v1.
        model: the model that is asked.
        key: of the endpoint, if it needs one.
        clock: for the waits between tries.
    """

    def __init__(self, url: str, model: str, key: str | None, *, clock: Clock) -> None:
        self._url = f"{url.rstrip('/')}/embeddings"
        self._host = urlsplit(url).netloc.rpartition("@")[2]
        self._model = model
        self._key = key
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._files = asyncio.Semaphore(_AT_ONCE)

    @property
    def name(self) -> str:
        return f"endpoint:{self._model}"

    @property
    def most_texts(self) -> int:
        return _MOST_TEXTS

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def embed(self, texts: Sequence[str], *, asked: bool) -> Floats:
        """See `Embedder.embed`. A question is tried once, texts of files several times.

        Raises:
            ModelUnavailable: it does not answer, or with something else.
            ModelRateLimited: it asks us to wait for longer than we do.
            ModelRefused: a wrong key, model or address.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, 0), np.float32)
        if asked:
            parts = [await self._ask(batch, _QUESTION_S) for batch in _batches(texts)]
        else:
            async with self._files:
                parts = [await self._patiently(batch) for batch in _batches(texts)]
        if len({part.shape[1] for part in parts}) > 1:
            raise ModelUnavailable(f"{self._host} answered with vectors of several widths.")
        return np.concatenate(parts)

    async def _patiently(self, batch: Sequence[str]) -> Floats:
        pause = _FIRST_PAUSE_S
        for left in reversed(range(_TRIES)):
            try:
                return await self._ask(batch, _FILE_S)
            except ModelRateLimited as error:
                wait = error.retry_after_s if error.retry_after_s is not None else pause
                if not left or wait > _LONGEST_PAUSE_S:
                    raise
            except ModelUnavailable:
                wait = pause
                if not left:
                    raise
            await self._clock.sleep(wait)
            pause *= 2
        raise ModelUnavailable(f"{self._host} does not answer.")

    async def _ask(self, batch: Sequence[str], within_s: float) -> Floats:
        import aiohttp

        body = {"model": self._model, "input": list(batch), "encoding_format": "float"}
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = aiohttp.ClientTimeout(total=within_s, sock_connect=_CONNECT_S)
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.post(
                self._url, json=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await _bounded(response)
                if response.status != 200:
                    raise self._fault(response.status, response.headers.get("Retry-After"), answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ModelUnavailable(
                f"The embeddings endpoint {self._host} does not answer: check {_URL}."
            ) from error
        return await asyncio.to_thread(self._vectors, answer, len(batch))

    def _vectors(self, answer: bytes, count: int) -> Floats:
        """The rows of an answer, at length 1, in the order in which they were asked for."""
        import numpy as np

        try:
            data: list[Any] = json.loads(answer)["data"]
            ordered = sorted(data, key=lambda one: int(one["index"]))
            if [one["index"] for one in ordered] != list(range(count)):
                raise ValueError("indexes")
            rows: Floats = np.array([one["embedding"] for one in ordered], np.float32)
            if rows.ndim != 2 or not rows.shape[1]:
                raise ValueError("shape")
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            if not np.isfinite(lengths).all() or not lengths.all():
                raise ValueError("numbers")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelUnavailable(
                f"The embeddings endpoint {self._host} answered with something else than vectors."
            ) from error
        return rows / lengths

    def _fault(self, status: int, wait: str | None, answer: bytes) -> ModelError:
        if status == 429:
            return ModelRateLimited(
                f"The embeddings endpoint {self._host} asks us to slow down.",
                retry_after_s=_seconds(wait, self._clock.now()),
            )
        if status >= 500 or status in {408, 409, 425}:
            return ModelUnavailable(f"The embeddings endpoint {self._host} failed (HTTP {status}).")
        if status in {401, 403}:
            return ModelRefused(f"{_KEY} is not accepted at {self._host} (HTTP {status}).")
        if status < 400 or status in {404, 405}:
            return ModelRefused(
                f"{self._host} has no embeddings of {self._model!r} at {self._url} (HTTP {status}):"
                f" check {_URL}, which usually ends with /v1, and {_MODEL}."
            )
        said = " ".join(answer[:2000].decode("utf-8", "replace").split())
        if self._key:
            said = said.replace(self._key, "***")
        return ModelRefused(
            f"{self._host} refused to embed with {self._model!r} (HTTP {status}): {said[:_WORDS]}"
        )


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    tokens = 0
    for text in texts:
        short = text[:_MOST_CHARACTERS]
        size = estimated_tokens(short)
        if batch and (len(batch) == _BATCH_TEXTS or tokens + size > _BATCH_TOKENS):
            yield batch
            batch, tokens = [], 0
        batch.append(short)
        tokens += size
    if batch:
        yield batch


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The body, unless it is larger than any answer.

    Raises:
        OSError: it is.
    """
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > _ANSWER_BYTES:
            raise OSError("too large")
    return bytes(data)


def _seconds(text: str | None, now: float) -> float | None:
    """What a Retry-After asks for (RFC 9110, 10.2.3: seconds or a date)."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None
