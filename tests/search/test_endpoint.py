"""Embeddings from an endpoint: asked in bounded pieces, patiently, and not believed blindly."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from adapters.search.endpoint import EndpointEmbedder
from core.errors import ModelError, ModelRateLimited, ModelRefused, ModelUnavailable
from tests.fakes.clock import ManualClock

KEY = "sk-secret-of-the-embeddings"


class EmbeddingsServer:
    """`POST /v1/embeddings` on loopback, as the API reference has it; faults come first."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.faults: list[web.Response] = []
        self.vector = [3.0, 4.0]
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization"))
        if self.faults:
            return self.faults.pop(0)
        data = [
            {"object": "embedding", "index": n, "embedding": [*self.vector, float(len(text))]}
            for n, text in enumerate(body["input"])
        ]
        # The index says whose it is, not the place.
        return web.json_response({"object": "list", "data": data[::-1], "model": body["model"]})


@pytest.fixture
async def server() -> AsyncIterator[EmbeddingsServer]:
    server = EmbeddingsServer()
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/embeddings", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield server
    await runner.cleanup()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def embedder(server: EmbeddingsServer, clock: ManualClock) -> AsyncIterator[EndpointEmbedder]:
    embedder = EndpointEmbedder(server.url, "tiny-embedder", KEY, clock=clock)
    yield embedder
    await embedder.close()


async def test_rows_are_in_order_and_of_length_1(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    rows = await embedder.embed(["a", "four"], asked=True)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 1.0])
    assert rows[0, 2] == pytest.approx(1 / math.sqrt(26))
    assert rows[1, 2] == pytest.approx(4 / math.sqrt(41))
    assert server.asked == [
        {"model": "tiny-embedder", "input": ["a", "four"], "encoding_format": "float"}
    ]
    assert server.keys == [f"Bearer {KEY}"]


async def test_many_texts_go_in_pieces(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    texts = [f"{number} " * (number % 50 + 1) for number in range(300)]
    rows = await embedder.embed(texts, asked=False)
    assert rows.shape == (300, 3)
    assert [text for body in server.asked for text in body["input"]] == texts
    assert len(server.asked) > 3
    assert max(len(body["input"]) for body in server.asked) <= 64


async def test_long_texts_go_in_small_pieces(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    await embedder.embed(["x" * 100_000] * 40, asked=False)
    assert max(sum(map(len, body["input"])) for body in server.asked) < 200_000


async def test_no_key_is_no_header(server: EmbeddingsServer, clock: ManualClock) -> None:
    embedder = EndpointEmbedder(server.url + "/", "m", None, clock=clock)
    await embedder.embed(["a"], asked=True)
    await embedder.close()
    assert server.keys == [None]


async def test_it_waits_as_long_as_it_is_asked_to(
    server: EmbeddingsServer, embedder: EndpointEmbedder, clock: ManualClock
) -> None:
    server.faults = [web.Response(status=429, headers={"Retry-After": "7"})]
    asking = asyncio.create_task(embedder.embed(["a"], asked=False))
    await clock.until_asleep()
    await clock.advance(6.9)
    assert len(server.asked) == 1
    await clock.advance(0.2)
    assert (await asking).shape == (1, 3)
    assert len(server.asked) == 2


async def test_a_longer_wait_is_left_to_the_caller(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    server.faults = [web.Response(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(ModelRateLimited) as caught:
        await embedder.embed(["a"], asked=False)
    assert caught.value.retry_after_s == 3600
    assert len(server.asked) == 1


async def test_a_failing_endpoint_is_tried_a_few_times(
    server: EmbeddingsServer, embedder: EndpointEmbedder, clock: ManualClock
) -> None:
    server.faults = [web.Response(status=500) for _ in range(9)]
    asking = asyncio.create_task(embedder.embed(["a"], asked=False))
    while not asking.done():
        await clock.advance(1)
        await asyncio.sleep(0.01)
    with pytest.raises(ModelUnavailable, match="HTTP 500"):
        await asking
    assert 2 <= len(server.asked) <= 5


async def test_a_question_is_asked_once(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    server.faults = [web.Response(status=503)]
    with pytest.raises(ModelUnavailable):
        await embedder.embed(["a"], asked=True)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (401, ModelRefused, "BOBBIN_EMBEDDINGS_KEY"),
        (403, ModelRefused, "BOBBIN_EMBEDDINGS_KEY"),
        (404, ModelRefused, "BOBBIN_EMBEDDINGS_URL"),
        (302, ModelRefused, "BOBBIN_EMBEDDINGS_URL"),
        (400, ModelRefused, "no such thing"),
        (502, ModelUnavailable, "HTTP 502"),
    ],
)
async def test_a_sentence_for_each_refusal(
    server: EmbeddingsServer,
    embedder: EndpointEmbedder,
    status: int,
    kind: type[ModelError],
    why: str,
) -> None:
    server.faults = [web.Response(status=status, text=f"no such thing with {KEY}")]
    with pytest.raises(kind, match=why) as caught:
        await embedder.embed(["a"], asked=True)
    assert KEY not in str(caught.value)


def body(*vectors: object, first: int = 0) -> web.Response:
    return web.json_response(
        {"data": [{"index": n, "embedding": v} for n, v in enumerate(vectors, first)]}
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: web.Response(text="<html>"),
        lambda: web.json_response({"data": []}),
        lambda: web.json_response([1]),
        lambda: body([1.0], [2.0]),
        lambda: body([1.0], first=1),
        lambda: body([]),
        lambda: body([0.0, 0.0]),
        lambda: body("words"),
        lambda: body([1.0, None]),
        lambda: web.Response(text='{"data": [{"index": 0, "embedding": [NaN, 1]}]}'),
        lambda: web.Response(text='{"data": [{"index": 0, "embedding": [1e400]}]}'),
        lambda: web.Response(text="[" * 100_000),
    ],
)
async def test_an_answer_that_is_no_vectors(
    server: EmbeddingsServer, embedder: EndpointEmbedder, make: Any
) -> None:
    server.faults = [make()]
    with pytest.raises(ModelUnavailable, match="something else than vectors"):
        await embedder.embed(["a"], asked=True)


async def test_vectors_of_several_widths(
    server: EmbeddingsServer, embedder: EndpointEmbedder
) -> None:
    server.faults = [body(*[[1.0, 2.0]] * 64)]
    with pytest.raises(ModelUnavailable, match="several widths"):
        await embedder.embed(["a"] * 65, asked=False)


async def test_nobody_there(clock: ManualClock) -> None:
    embedder = EndpointEmbedder("http://127.0.0.1:9/v1", "m", None, clock=clock)
    with pytest.raises(ModelUnavailable, match="does not answer"):
        await embedder.embed(["a"], asked=True)
    await embedder.close()
