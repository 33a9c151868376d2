"""The `Retrieval` port: text, passages and vectors of files, and the search among them.

Two halves find passages, by words and by meaning, and their rankings are fused. Where there are no
vectors, or none of this embedder, or its endpoint does not answer just now, words alone serve.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.search import chunking as cutting
from adapters.search.embedding import Embedder
from adapters.search.extraction import VERSION, Extraction
from adapters.search.fusion import DEPTH, fused, nearness
from adapters.search.index import Index
from adapters.search.library import LibraryFile, Row
from adapters.search.pooled import reordered, shares
from adapters.search.prepared import Contents, pack, unpack
from adapters.search.terms import expression, terms
from adapters.search.vectors import Matrices
from core.engine.searching import Chunking, Library, Passage, Prepared, Question
from core.errors import BobbinError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_MOST_QUERIES: Final = 16

_Key = tuple[str, int, str]
"""File, place and text: a passage that is in two libraries is one."""


@dataclass(slots=True)
class _Found:
    """What one library has for a question: for each query, passages from best to worst."""

    words: list[list[tuple[int, float]]]
    """With their bm25."""
    near: list[list[tuple[int, float]]]
    """With their cosine."""
    rows: dict[int, Row]
    passages: int
    """How many there are in all."""
    rarity: list[dict[str, int]]
    """For each query: in how many passages each of its words is."""

    def key(self, number: int) -> _Key:
        row = self.rows[number]
        return (row.file_id, row.number, row.text)


class HybridRetrieval:
    """`Retrieval` over an index in this machine's data folder. Close it once.

    Args:
        extraction: files to text.
        index: the libraries.
        matrices: the vectors in memory.
        embedder: None searches by words alone.
    """

    def __init__(
        self,
        extraction: Extraction,
        index: Index,
        matrices: Matrices,
        embedder: Embedder | None = None,
    ) -> None:
        self._extraction = extraction
        self._index = index
        self._matrices = matrices
        self._embedder = embedder

    @property
    def recipe(self) -> str:
        return f"{VERSION}:{self._embedder.name if self._embedder else 'words'}"

    async def close(self) -> None:
        """Close the index and the embedder."""
        await self._index.close()
        if self._embedder is not None:
            await self._embedder.close()

    # ------------------------------------------------------------------ preparing

    async def prepare(self, filename: str, data: bytes, chunking: Chunking) -> Prepared:
        text = await self._extraction.text(filename, data)
        spans = await asyncio.to_thread(cutting.cut, text, chunking)
        contents = Contents(text, spans, [(0, 0)] * len(spans))
        if self._embedder is not None:
            contents = await self._embedded(self._embedder, filename, contents, chunking)
        return Prepared(await asyncio.to_thread(pack, contents), len(spans))

    async def _embedded(
        self, embedder: Embedder, filename: str, contents: Contents, chunking: Chunking
    ) -> Contents:
        text, spans = contents.text, contents.spans
        found, owned = await asyncio.to_thread(cutting.windows, text, spans, chunking)
        if len(found) > embedder.most_texts:
            logger.warning("%s is too long to be embedded; it is found by its words", filename)
            return contents
        vectors = await embedder.embed([text[start:end] for start, end in found], asked=False)
        return Contents(
            text=text,
            spans=spans,
            owned=owned,
            embedder=embedder.name,
            dimensions=int(vectors.shape[1]),
            vectors=vectors.astype("<f2").tobytes(),
        )

    def passages(self, data: bytes) -> list[str]:
        return unpack(data).passages

    # ------------------------------------------------------------------ searching

    async def search(self, libraries: Sequence[Library], question: Question) -> list[Passage]:
        queries = [query for query in question.queries if query.strip()][:_MOST_QUERIES]
        if not libraries or not queries or question.limit < 1:
            return []
        vectors = await self._vectors(queries) if question.ranking.meaning > 0 else None
        asked = [terms(query) for query in queries]

        def ask(file: LibraryFile) -> _Found:
            return self._ask(file, asked, vectors, question.only)

        found = await asyncio.gather(*(self._index.ask(library, ask) for library in libraries))
        return await asyncio.to_thread(_best, found, len(queries), question)

    async def _vectors(self, queries: Sequence[str]) -> NDArray[np.float32] | None:
        if self._embedder is None:
            return None
        try:
            return await self._embedder.embed(queries, asked=True)
        except BobbinError as error:
            logger.warning("searching by words alone: %s", error)
            return None

    def _ask(
        self,
        file: LibraryFile,
        asked: Sequence[Sequence[str]],
        vectors: NDArray[np.float32] | None,
        only: frozenset[str] | None,
    ) -> _Found:
        """Everything that is wanted of one library; runs in a thread."""
        by_words = [
            file.by_words(expression(words), only, DEPTH) if words else [] for words in asked
        ]
        near: list[list[tuple[int, float]]] = []
        if vectors is not None and self._embedder is not None:
            shelves = None if only is None else file.shelves_of(only)
            nearest = self._matrices.nearest(file, self._embedder.name, vectors, shelves, DEPTH)
            near = [[(one.passage, one.score) for one in ranking] for ranking in nearest]
        wanted = {number for ranking in (*by_words, *near) for number, _ in ranking}
        return _Found(
            words=by_words,
            near=near,
            rows=file.rows(sorted(wanted)),
            passages=file.count(),
            rarity=[
                {word: file.containing(expression([word])) for word in words} for words in asked
            ],
        )


def _best(found: Sequence[_Found], queries: int, question: Question) -> list[Passage]:
    """The rankings of all libraries and queries as one."""
    ranking = question.ranking
    by_meaning = [_nearest(found, place) for place in range(queries)]
    meant = ranking.meaning if any(by_meaning) else 0.0
    # Whoever wants meaning alone and has none gets words: better than nothing.
    said = ranking.words if meant else 1.0
    by_words = [_by_words(found, place) for place in range(queries)]
    best = fused([(meant, r) for r in by_meaning] + [(said, r) for r in by_words])
    return [
        Passage(file_id, number, text, score)
        for (file_id, number, text), score in best[: question.limit]
        if score >= ranking.threshold
    ]


def _nearest(found: Sequence[_Found], query: int) -> list[tuple[_Key, float]]:
    """The passages nearest to a query, with how near they are; cosines are the same in all
    libraries."""
    near = [
        (score, library.key(number))
        for library in found
        if library.near
        for number, score in library.near[query]
    ]
    near.sort(key=lambda pair: -pair[0])
    cosines: dict[_Key, float] = {}
    for score, key in near:
        cosines.setdefault(key, score)
    return nearness(list(cosines.items()))


def _by_words(found: Sequence[_Found], query: int) -> list[tuple[_Key, float]]:
    """The passages with the words of a query, best first, with the share of it that they have."""
    rarity: dict[str, int] = {}
    for library in found:
        for word, count in library.rarity[query].items():
            rarity[word] = rarity.get(word, 0) + count
    passages = sum(library.passages for library in found)
    if len(found) == 1:
        ranking = [(found[0].key(number), score) for number, score in found[0].words[query]]
        return shares(ranking, rarity, passages)
    texts = {
        library.key(number): library.rows[number].text
        for library in found
        for number, _ in library.words[query]
    }
    return reordered(texts, rarity, passages)
