"""A scripted endpoint on loopback, and models that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.endpoint import Endpoint
from adapters.openai.responses import ResponsesModel
from core.engine.ports import ChatModel
from core.ids import RandomIds
from tests.fakes.model_server import ModelServer


class PatientClock:
    """A clock in which nobody really waits; it notes for how long they would have."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.seconds: float = 1_800_000_000.0

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> PatientClock:
    return PatientClock()


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of a server that takes connections and never says anything."""
    conversations: list[asyncio.Task[None] | None] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())
        await reader.read()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*filter(None, conversations))


@pytest.fixture
async def endpoint(server: ModelServer, clock: PatientClock) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(server.base_url, "sk-secret-0123456789", clock=clock, jitter=lambda: 1.0)
    yield endpoint
    await endpoint.close()


@pytest.fixture
def chat(endpoint: Endpoint) -> ChatCompletionsModel:
    return ChatCompletionsModel(endpoint, ids=RandomIds())


@pytest.fixture
def responses(endpoint: Endpoint) -> ResponsesModel:
    return ResponsesModel(endpoint, ids=RandomIds())


@pytest.fixture(params=["chat", "responses"])
def model(request: pytest.FixtureRequest, endpoint: Endpoint) -> ChatModel:
    """The same promise in both protocols."""
    made = ChatCompletionsModel if request.param == "chat" else ResponsesModel
    return made(endpoint, ids=RandomIds())
