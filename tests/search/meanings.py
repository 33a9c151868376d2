"""An embedder whose vectors are known: words of one meaning point the same way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MEANINGS = (
    {"car", "automobile", "vehicle"},
    {"doctor", "physician", "medic"},
    {"begin", "start", "commence"},
    {"dog", "hound", "puppy"},
)
"""Words that mean the same."""


class FakeEmbedder:
    """`Embedder`: each meaning, and each other word, has a direction of its own."""

    def __init__(self, name: str = "meanings-1", dimensions: int = 64) -> None:
        self.name = name
        self.dimensions = dimensions
        self.most_texts = 1_000
        self.embedded: list[str] = []
        self.failures: list[Exception] = []
        """Raised by the next calls, one each."""

    async def embed(self, texts: Sequence[str], *, asked: bool) -> NDArray[np.float32]:
        if self.failures:
            raise self.failures.pop(0)
        self.embedded += texts
        rows = [self._row(text) for text in texts]
        return np.array(rows, np.float32).reshape(-1, self.dimensions)

    async def close(self) -> None:
        self.embedded.clear()

    def _row(self, text: str) -> NDArray[np.float64]:
        row = np.full(self.dimensions, 1e-6)
        for word in re.findall(r"\w+", text.lower()):
            row += self._direction(word)
        return row / np.linalg.norm(row)

    def _direction(self, word: str) -> NDArray[np.float64]:
        meaning = next((min(group) for group in MEANINGS if word in group), word)
        seed = int.from_bytes(hashlib.sha256(meaning.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self.dimensions)
