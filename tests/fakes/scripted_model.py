"""A model that plays a script, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from core.engine.generation import (
    Finished,
    FinishReason,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCallDelta,
    Usage,
)

Beat = ModelEvent | asyncio.Event | Exception
"""What happens next: an event, a pause until the test goes on, or a failure."""


USED = Usage(10, 5)
"""What a round uses unless told otherwise."""


class ScriptedModel:
    """Plays one script a round, in order. A round too many fails the test."""

    def __init__(self, *rounds: Sequence[Beat]) -> None:
        self._rounds = list(rounds)
        self.requests: list[ModelRequest] = []
        self.open = 0
        """Streams that somebody reads at this moment."""

    def then(self, *beats: Beat) -> None:
        """One more round."""
        self._rounds.append(beats)

    @property
    def left(self) -> int:
        """Rounds that nobody asked for yet."""
        return len(self._rounds)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(request)
        beats = self._rounds.pop(0)
        self.open += 1
        try:
            for beat in beats:
                if isinstance(beat, asyncio.Event):
                    await beat.wait()
                elif isinstance(beat, Exception):
                    raise beat
                else:
                    yield beat
        finally:
            self.open -= 1


def says(*pieces: str, usage: Usage | None = USED) -> list[Beat]:
    """A round that answers with this text."""
    return [*map(TextDelta, pieces), Finished("stop", usage)]


def calls(
    *wanted: tuple[str, str, str],
    text: str = "",
    usage: Usage | None = USED,
    reason: FinishReason = "tool_calls",
) -> list[Beat]:
    """A round that calls tools: id, name and arguments of each."""
    beats: list[Beat] = [TextDelta(text)] if text else []
    for index, (call_id, name, arguments) in enumerate(wanted):
        middle = len(arguments) // 2
        beats += [
            ToolCallDelta(index, "", call_id, name),
            ToolCallDelta(index, arguments[:middle]),
            ToolCallDelta(index, arguments[middle:]),
        ]
    return [*beats, Finished(reason, usage)]
