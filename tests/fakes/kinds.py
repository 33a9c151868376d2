"""Kinds of events that were heard, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping


class FakeKinds:
    """The `Kinds` port."""

    def __init__(self) -> None:
        self._heard: dict[str, dict[str, float]] = defaultdict(dict)

    async def heard(self, ear: str, kinds: Mapping[str, float]) -> None:
        self._heard[ear].update({kind: float(int(at)) for kind, at in kinds.items()})

    async def kinds(self, ear: str) -> dict[str, float]:
        return dict(self._heard[ear])
