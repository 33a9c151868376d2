"""Meaning: the vectors of a library in memory, and the passages that are nearest to a question.

Exact: one product of matrices in single precision, 17 ms for 100,000 vectors of 384 numbers. (Half
precision takes six times as long: it has to be widened first.) What bounds memory: `Matrices`
keeps the libraries that were used last, up to a size; a library that is larger than that is read
from its file in blocks, every time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.search.library import LibraryFile, ShelfVectors
from adapters.search.products import multiply_in_one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]

_BLOCK_ROWS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Nearest:
    """A passage and how near it is to a question (cosine)."""

    passage: int
    score: float


class Block:
    """Some files' vectors: rows, and which of them each passage owns."""

    def __init__(self, shelves: list[ShelfVectors], dimensions: int) -> None:
        import numpy as np

        parts = [np.frombuffer(shelf.data, "<f2") for shelf in shelves]
        self.rows: Floats = np.concatenate(parts).reshape(-1, dimensions).astype(np.float32)
        passages: list[Integers] = []
        owners: list[Integers] = []
        chosen: list[Integers] = []
        begins: list[Integers] = []
        before = count = 0
        for shelf, part in zip(shelves, parts, strict=True):
            owned = np.array(shelf.owned, np.int64).reshape(-1, 2)
            lengths = owned[:, 1] - owned[:, 0]
            starts = np.cumsum(lengths) - lengths
            within = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
            chosen.append(np.repeat(owned[:, 0], lengths) + within + before)
            begins.append(starts + count)
            passages.append(shelf.first_passage + np.arange(len(owned)))
            owners.append(np.full(len(owned), shelf.shelf))
            before += len(part) // dimensions
            count += len(within)
        self._passages = np.concatenate(passages)
        self._owners = np.concatenate(owners)
        self._chosen = np.concatenate(chosen)
        self._begins = np.concatenate(begins)

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return int(self.rows.nbytes + 8 * (3 * len(self._passages) + len(self._chosen)))

    def nearest(
        self, questions: Floats, only: Collection[int] | None, most: int
    ) -> list[list[Nearest]]:
        """For each question the nearest passages (of these shelves), nearest first."""
        import numpy as np

        windows = self.rows @ questions.T
        # A passage is as near as the nearest of its windows.
        scores = np.maximum.reduceat(windows[self._chosen], self._begins, axis=0)
        if only is not None:
            scores[~np.isin(self._owners, list(only))] = -np.inf
        found: list[list[Nearest]] = []
        for column in scores.T:
            best = np.argsort(-column, kind="stable")[:most]
            found.append(
                [
                    Nearest(int(self._passages[i]), float(column[i]))
                    for i in best
                    if column[i] > -np.inf
                ]
            )
        return found


class Matrices:
    """Loaded vectors, for any number of threads.

    Args:
        most_bytes: of all that is kept together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, str], list[Block]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What is kept now."""
        return sum(block.bytes for blocks in self._kept.values() for block in blocks)

    def nearest(
        self,
        library: LibraryFile,
        embedder: str,
        questions: Floats,
        only: Collection[int] | None,
        most: int,
    ) -> list[list[Nearest]]:
        """For each question the nearest passages of the library, nearest first.

        The caller holds the library's lock.
        """
        multiply_in_one_thread()
        found: list[list[Nearest]] = [[] for _ in questions]
        for block in self._blocks(library, embedder, questions.shape[1]):
            more = block.nearest(questions, only, most)
            found = [
                sorted(best + near, key=lambda near: -near.score)[:most]
                for best, near in zip(found, more, strict=True)
            ]
        return found

    def _blocks(self, library: LibraryFile, embedder: str, dimensions: int) -> Iterable[Block]:
        key = (f"{library.path}:{library.inode}", library.changes(), f"{embedder}:{dimensions}")
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        return self._load(key, library, embedder, dimensions)

    def _load(
        self, key: tuple[str, int, str], library: LibraryFile, embedder: str, dimensions: int
    ) -> Iterator[Block]:
        """The blocks as they are read; kept if they are not too many."""
        blocks: list[Block] = []
        size = 0
        for shelves in _batched(library.vectors(embedder, dimensions), dimensions):
            block = Block(shelves, dimensions)
            size += block.bytes
            if size <= self._most_bytes:
                blocks.append(block)
            else:
                blocks.clear()
            yield block
        if size <= self._most_bytes:
            self._keep(key, blocks)

    def _keep(self, key: tuple[str, int, str], blocks: list[Block]) -> None:
        with self._lock:
            for other in [other for other in self._kept if other[0] == key[0]]:
                del self._kept[other]  # an earlier state of the same library
            self._kept[key] = blocks
            while self.bytes > self._most_bytes:
                self._kept.popitem(last=False)


def _batched(shelves: Iterable[ShelfVectors], dimensions: int) -> Iterator[list[ShelfVectors]]:
    """Files in groups of so many rows, or of one file."""
    batch: list[ShelfVectors] = []
    rows = 0
    for shelf in shelves:
        if not shelf.owned:
            continue
        batch.append(shelf)
        rows += len(shelf.data) // (2 * dimensions)
        if rows >= _BLOCK_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch
