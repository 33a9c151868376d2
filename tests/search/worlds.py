"""An index over blobs in memory, and another process's view of the same folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from adapters.search.embedding import Embedder
from adapters.search.extraction import Extraction
from adapters.search.folder import SearchFolder
from adapters.search.index import Index
from adapters.search.retrieval import HybridRetrieval
from adapters.search.vectors import Matrices
from core.clock import SystemClock
from core.engine.searching import Chunking, Library, Question, Shelf
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.memory_objects import MemoryBlobs


class CountedBlobs(MemoryBlobs):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def get(self, name: str) -> bytes:
        self.read.append(name)
        return await super().get(name)


class UntouchedShelves(Sequence[Shelf]):
    """Shelves that may not be looked at."""

    @overload
    def __getitem__(self, index: int) -> Shelf: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Shelf]: ...
    def __getitem__(self, index: int | slice) -> Shelf | Sequence[Shelf]:
        raise AssertionError("the list was looked at")

    def __iter__(self) -> Iterator[Shelf]:
        raise AssertionError("the list was looked at")

    def __len__(self) -> int:
        return 1


class Process:
    """One process's retrieval over a folder that others may share."""

    def __init__(
        self,
        folder: Path,
        blobs: MemoryBlobs,
        embedder: Embedder | None = None,
        *,
        most_bytes: int = 1 << 30,
        vector_bytes: int = 1 << 24,
    ) -> None:
        self.blobs = blobs
        self.matrices = Matrices(vector_bytes)
        self.retrieval = HybridRetrieval(
            Extraction(ScriptedInterpreter()),
            Index(SearchFolder(folder, most_bytes), blobs, SystemClock()),
            self.matrices,
            embedder,
        )

    async def shelf(self, file_id: str, text: str) -> Shelf:
        prepared = await self.retrieval.prepare("a.txt", text.encode(), Chunking())
        return Shelf(file_id, await self.blobs.put(prepared.data))

    async def found(self, library: Library, query: str, **options: object) -> list[str]:
        question = Question(queries=(query,), **options)  # pyright: ignore[reportArgumentType] - as each test writes them
        return [passage.file_id for passage in await self.retrieval.search([library], question)]
