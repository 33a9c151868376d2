"""How fast a platform may be called, agreed upon by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pace:
    """Once every `interval_ms`, and up to `burst` at a time after a pause."""

    interval_ms: int
    burst: int = 1


class Pacer(Protocol):
    """Hands out the moments at which a platform may be called."""

    async def reserve(self, name: str, pace: Pace, patience_ms: int) -> int | None:
        """Milliseconds to wait before the next call of that name.

        None, and nothing is reserved, when it would be longer than `patience_ms`. A store that
        cannot be asked paces nobody: the answer is 0 then, and the platform says when to wait.
        """
        ...
