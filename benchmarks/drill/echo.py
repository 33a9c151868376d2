"""A model that takes a little time and answers with what it was asked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator

from core.engine.generation import (
    AssistantItem,
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    Usage,
    UserItem,
)


class Echo:
    """Answers `answer: <all user texts since the last answer>` in pieces, after a pause."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `ChatModel`."""
        texts: list[str] = []
        for item in reversed(request.items):
            if isinstance(item, AssistantItem):
                break
            if isinstance(item, UserItem):
                texts.insert(0, item.text)
        words = ["answer:", *" ".join(texts).split()]
        for number, word in enumerate(words):
            await asyncio.sleep(self._random.uniform(0.005, 0.06))
            yield TextDelta(word if number == 0 else f" {word}")
        yield Finished("stop", Usage(len(words), len(words)))
