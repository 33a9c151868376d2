"""One call of the model: streamed into a draft, repeated where that may help.

Serial: the rounds of one Run. Parallel: Runs, up to the endpoint's slots. A slot is held only
while the model works, not during pauses or while tools run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Final

from core.clock import Clock
from core.engine.drafting import Draft
from core.engine.generation import (
    Finished,
    ModelRequest,
    Reasoning,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from core.engine.models import Endpoint
from core.errors import ModelError, ModelRateLimited, ModelRefused, ModelUnavailable

log = logging.getLogger(__name__)

_PAUSES_S: Final = (0.5, 2.0, 6.0)
_LONGEST_PAUSE_S: Final = 30.0
"""An endpoint that asks for more than this is taken at its word: the Run fails and says so."""

_AGAIN: Final = "The model's answer broke off; it is asked again."


class Rounds:
    """Calls the models of this process."""

    def __init__(self, endpoints: Mapping[str, Endpoint], clock: Clock, *, attempts: int) -> None:
        """
        Args:
            endpoints: by name.
            clock: for pauses.
            attempts: how often one round is tried at most.
        """
        self._endpoints = endpoints
        self._clock = clock
        self._attempts = attempts
        self._trouble: dict[str, str] = {}

    async def play(
        self, endpoint: str, request: ModelRequest, new_draft: Callable[[], Draft]
    ) -> tuple[Draft, Finished]:
        """One round, and what it wrote. What a broken attempt wrote is abandoned.

        Raises:
            ModelError: the last attempt failed, or another one would not help.
        """
        attempt = 1
        while True:
            draft = new_draft()
            try:
                finished = await self._once(self._endpoints[endpoint], request, draft)
            except ModelError as error:
                draft.abandon(_AGAIN)
                pause_s = _pause(error, attempt)
                if pause_s is None or attempt >= self._attempts:
                    self._note(endpoint, error)
                    raise
                log.info("the model at %s failed, again in %.1f s: %s", endpoint, pause_s, error)
            else:
                self._trouble.pop(endpoint, None)
                return draft, finished
            await self._clock.sleep(pause_s)
            attempt += 1

    async def _once(self, endpoint: Endpoint, request: ModelRequest, draft: Draft) -> Finished:
        finished: Finished | None = None
        async with endpoint.slots.taken(), aclosing(endpoint.model.stream(request)) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    draft.text(event.text)
                elif isinstance(event, ToolCallDelta):
                    draft.call(event)
                elif isinstance(event, RefusalDelta):
                    draft.refusal(event.text)
                elif isinstance(event, Reasoning):
                    draft.reasoning(event.item)
                else:
                    finished = event
        if finished is None:
            raise ModelUnavailable("the model's stream ended before the model had finished")
        return finished

    def _note(self, endpoint: str, error: ModelError) -> None:
        """Say once in the log what an operator can mend, however many Runs meet it.

        What is wrong with a prompt is its sender's business, and may quote it.
        """
        if isinstance(error, ModelRefused) and error.fault == "prompt":
            return
        said = str(error) or error.sentence
        trouble = said.partition(": ")[0]  # what follows are the endpoint's words, and may vary
        if self._trouble.get(endpoint) != trouble:
            self._trouble[endpoint] = trouble
            log.warning("Runs fail: %s", said)


def _pause(error: ModelError, attempt: int) -> float | None:
    """Seconds before the next attempt; None where there is none."""
    if not error.retryable:
        return None
    pause_s = _PAUSES_S[min(attempt, len(_PAUSES_S)) - 1]
    if isinstance(error, ModelRateLimited) and error.retry_after_s is not None:
        pause_s = max(pause_s, error.retry_after_s)
    return pause_s if pause_s <= _LONGEST_PAUSE_S else None
