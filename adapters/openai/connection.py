"""A model together with the endpoint that it alone uses, for whoever has to close both."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from adapters.openai.chat import ChatCompletionsModel
from adapters.openai.endpoint import Endpoint, Retries
from adapters.openai.json_loop import JsonActionModel
from core.clock import Clock
from core.engine.generation import ModelEvent, ModelRequest
from core.ids import Ids


class LocalConnection:
    """Chat Completions in the JSON action loop, at an address of this machine."""

    def __init__(self, base_url: str, api_key: str, *, clock: Clock, ids: Ids) -> None:
        # Whoever started the server sees for itself whether it lives: one repetition is enough.
        self._endpoint = Endpoint(base_url, api_key, clock=clock, retries=Retries(count=1))
        self._model = JsonActionModel(ChatCompletionsModel(self._endpoint, ids=ids), ids=ids)

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `core.engine.ports.ChatModel`."""
        return self._model.stream(request)

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.close()
