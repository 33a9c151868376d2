"""Asking an endpoint, and asking again without what it dislikes; reading one streamed event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.openai.endpoint import Answer, Endpoint
from adapters.openai.faults import Rejected
from adapters.openai.quirks import LessonBook, lesson_from
from adapters.openai.wire import as_object
from core.engine.generation import ModelRequest
from core.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one protocol is asked: where, with which body, and what may be left out of that."""

    path: str
    body: Callable[[ModelRequest, Collection[str]], dict[str, Any]]
    removable: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one endpoint in one dialect, and remembers what its models do not take."""

    endpoint: Endpoint
    dialect: Dialect
    lessons: LessonBook = field(default_factory=LessonBook)

    async def ask(self, request: ModelRequest) -> Answer:
        """A good answer, still open; the caller closes it. Raises as `Endpoint.post`."""
        tried: set[str] = set()
        while True:
            body = self.dialect.body(request, self.lessons.of(request.model) | tried)
            try:
                return await self.endpoint.post(self.dialect.path, body, model=request.model)
            except Rejected as rejected:
                lesson = lesson_from(rejected, body, self.dialect.removable)
                if lesson is None or lesson in tried:
                    raise
                tried.add(lesson)
                self.lessons.learn(request.model, lesson)


def parsed(data: bytes, host: str) -> dict[str, Any]:
    """The JSON object that an event carries.

    Raises:
        ModelUnavailable: it carries something else.
    """
    try:
        return as_object(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise ModelUnavailable(f"{host} sent a piece of its answer that is no JSON.") from error
