"""A `Retrieval` in memory: UTF-8 text only, ranked by how many of the question's words it has."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Final, cast

from core.engine.context import estimated_tokens
from core.engine.ports import Blobs
from core.engine.searching import Chunking, FileRejected, Library, Passage, Prepared, Question

_PIECE = re.compile(r"\S{1,40}\s?|\s")
_WORD = re.compile(r"\w+")
_FORMAT: Final = "words-1"


class MemoryRetrieval:
    """Remembers what it was asked to prepare, and can be told to wait or to fail.

    Args:
        blobs: where whoever calls `prepare` puts what it gave; `search` reads it there.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._texts: dict[str, list[str]] = {}
        self.prepared: list[str] = []
        """Names of the files whose preparing began, in order."""
        self.hold: asyncio.Event | None = None
        """Preparing waits for it."""
        self.failures: list[Exception] = []
        """Raised by the next preparings, one each."""

    @property
    def recipe(self) -> str:
        return _FORMAT

    async def prepare(self, filename: str, data: bytes, chunking: Chunking) -> Prepared:
        self.prepared.append(filename)
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise FileRejected("unsupported_file", f"{filename} is not text.") from None
        if "\0" in text:
            raise FileRejected("unsupported_file", f"{filename} is not text.")
        if not text.strip():
            raise FileRejected("invalid_file", f"{filename} has no text in it.")
        passages = _cut(text, chunking)
        blob = json.dumps({"format": _FORMAT, "passages": passages}).encode()
        return Prepared(blob, len(passages))

    def passages(self, data: bytes) -> list[str]:
        return cast("list[str]", json.loads(data)["passages"])

    async def search(self, libraries: Sequence[Library], question: Question) -> list[Passage]:
        asked = {word for query in question.queries for word in _words(query)}
        found: dict[tuple[str, int], Passage] = {}
        for shelf in (shelf for library in libraries for shelf in library.shelves):
            if question.only is not None and shelf.file_id not in question.only:
                continue
            if shelf.blob not in self._texts:
                self._texts[shelf.blob] = self.passages(await self._blobs.get(shelf.blob))
            for number, text in enumerate(self._texts[shelf.blob]):
                score = len(asked & _words(text)) / max(len(asked), 1)
                if score > 0 and score >= question.ranking.threshold:
                    found[shelf.file_id, number] = Passage(shelf.file_id, number, text, score)
        best = sorted(found.values(), key=lambda p: (-p.score, p.file_id, p.number))
        return best[: question.limit]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _cut(text: str, chunking: Chunking) -> list[str]:
    """Passages of whole pieces; each begins within the one before, by at most the overlap."""
    pieces = _PIECE.findall(text)
    passages: list[str] = []
    start = 0
    while start < len(pieces):
        end = start + 1
        while end < len(pieces) and _fits(pieces[start : end + 1], chunking.max_tokens):
            end += 1
        passages.append("".join(pieces[start:end]))
        if end == len(pieces):
            break
        again = end
        while again - 1 > start and _fits(pieces[again - 1 : end], chunking.overlap_tokens):
            again -= 1
        start = again
    return passages


def _fits(pieces: Sequence[str], tokens: int) -> bool:
    return estimated_tokens("".join(pieces)) <= tokens
