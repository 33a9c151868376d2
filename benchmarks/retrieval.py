"""How well file search finds: `python -m benchmarks.retrieval [FOLDER]`.

The corpus is Python's own standard library: a file for each module, with the documentation of its
functions and classes as it is installed. The questions are in `retrieval_questions.py`, of two
kinds: those in other words than the documentation's, and those that name things. FOLDER has the
embedding weights (default: `data/weights`); without them words alone are measured. What was
prepared is kept in `data/benchmarks`. What is counted, among the first ten passages:

    R@1, R@5    the first, one of the first five passages is of the right module
    MRR         1 / place of the first passage of the right module, on average
    cites       one of the first five passages has the very entry that answers
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import inspect
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.blobs.local import LocalBlobs
from adapters.search.embedding import Embedder
from adapters.search.extraction import Extraction
from adapters.search.folder import SearchFolder
from adapters.search.index import Index
from adapters.search.minilm import WEIGHTS_FILE, MiniLM
from adapters.search.retrieval import HybridRetrieval
from adapters.search.vectors import Matrices
from benchmarks.retrieval_questions import (
    FURTHER_MODULES,
    IN_OTHER_WORDS,
    NAMING_THINGS,
    QUESTIONS,
)
from config.settings import ROOT
from core.clock import SystemClock
from core.engine.searching import Chunking, Library, Passage, Question, Ranking, Shelf
from core.ids import RandomIds
from tests.fakes.interpreter import ScriptedInterpreter

MOST_OF_AN_ENTRY = 1_500
"""Characters of one function's or class's documentation."""

KEPT = ROOT / "data" / "benchmarks"

KINDS = {
    "in other words": IN_OTHER_WORDS,
    "naming things": NAMING_THINGS,
    "all": QUESTIONS,
}

RANKINGS = {
    "words": Ranking(meaning=0.0),
    "meaning": Ranking(words=0.0),
    "hybrid": Ranking(),
}


@dataclass(frozen=True, slots=True)
class Right:
    """What answers a question: modules, and the headings of entries."""

    modules: frozenset[str]
    headings: tuple[str, ...]


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "weights"
    embedder = MiniLM(folder) if (folder / WEIGHTS_FILE).exists() else None
    if embedder is None:
        print(f"no embedding weights in {folder}: words alone")
    for chunking in (Chunking(), Chunking(200, 50)):
        asyncio.run(_measure(embedder, chunking))


async def _measure(embedder: Embedder | None, chunking: Chunking) -> None:
    texts = corpus()
    size = sum(map(len, texts.values()))
    print(
        f"\npassages of {chunking.max_tokens} tokens, {chunking.overlap_tokens} shared: "
        f"{len(QUESTIONS)} questions, {len(texts)} files, {size / 1e6:.1f} MB"
    )
    with tempfile.TemporaryDirectory() as name:
        blobs = LocalBlobs(KEPT / "blobs", SystemClock(), RandomIds())
        retrieval = HybridRetrieval(
            Extraction(ScriptedInterpreter()),
            Index(SearchFolder(Path(name) / "search", 1 << 32), blobs, SystemClock()),
            Matrices(1 << 28),
            embedder,
        )
        began = time.perf_counter()
        shelves: list[Shelf] = []
        passages = 0
        for module, text in texts.items():
            shelf = await _shelf(retrieval, blobs, module, text, chunking)
            passages += len(retrieval.passages(await blobs.get(shelf.blob)))
            shelves.append(shelf)
        print(f"prepared in {time.perf_counter() - began:.1f} s: {passages} passages")
        library = Library("vs_library", 1, shelves)
        began = time.perf_counter()
        await retrieval.search([library], Question(queries=("warm",)))
        print(f"indexed in {time.perf_counter() - began:.2f} s")
        for kind, questions in KINDS.items():
            print(f"{kind:16} {'R@1':>6} {'R@5':>6} {'MRR':>6} {'cites':>6} {'median':>9}")
            for label, ranking in RANKINGS.items():
                if embedder is not None or label == "words":
                    measured = await _line(retrieval, library, questions, ranking)
                    print(f"  {label:14} {measured}")
        await retrieval.close()


async def _shelf(
    retrieval: HybridRetrieval, blobs: LocalBlobs, module: str, text: str, chunking: Chunking
) -> Shelf:
    """The module's passages, from the last time if there was one."""
    source = f"{retrieval.recipe}\0{chunking}\0{text}"
    note = KEPT / hashlib.sha256(source.encode()).hexdigest()
    if note.exists():
        return Shelf(module, note.read_text())
    prepared = await retrieval.prepare(f"{module}.txt", text.encode(), chunking)
    shelf = Shelf(module, await blobs.put(prepared.data))
    note.write_text(shelf.blob)
    return shelf


async def _line(
    retrieval: HybridRetrieval,
    library: Library,
    questions: Sequence[tuple[str, str]],
    ranking: Ranking,
) -> str:
    places: list[int] = []
    cited = 0
    times: list[float] = []
    for query, names in questions:
        right = _right(names)
        question = Question(queries=(query,), ranking=ranking)
        began = time.perf_counter()
        found = await retrieval.search([library], question)
        times.append(time.perf_counter() - began)
        places.append(_place(found, right))
        cited += any(_cites(passage, right) for passage in found[:5])
    count = len(questions)
    first = sum(place == 1 for place in places) / count
    five = sum(1 <= place <= 5 for place in places) / count
    mean = sum(1 / place for place in places if place) / count
    median = sorted(times)[count // 2] * 1000
    return f"{first:6.2f} {five:6.2f} {mean:6.3f} {cited / count:6.2f} {median:6.1f} ms"


def _place(found: Iterable[Passage], right: Right) -> int:
    """Of the first passage of a right module, from 1; 0 for none."""
    return next((n for n, passage in enumerate(found, 1) if passage.file_id in right.modules), 0)


def _cites(passage: Passage, right: Right) -> bool:
    return passage.file_id in right.modules and any(
        re.search(rf"^{re.escape(heading)}\b", passage.text, re.MULTILINE)
        for heading in right.headings
    )


def _right(names: str) -> Right:
    split = [name.rpartition(".") for name in names.split()]
    return Right(
        frozenset(module for module, _, _ in split),
        tuple(f"{module}.{name}" for module, _, name in split),
    )


def corpus() -> dict[str, str]:
    """The documentation of each module, by its name."""
    wanted = {name.rpartition(".")[0] for _, names in QUESTIONS for name in names.split()}
    return {
        name: text
        for name in sorted(wanted | set(FURTHER_MODULES.split()))
        if (text := _documentation(name))
    }


def _documentation(name: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(name)
    except ImportError:
        return ""
    entries = [inspect.getdoc(module) or ""]
    public = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
    for symbol in sorted(public):
        value = getattr(module, symbol, None)
        if not callable(value):
            continue
        said = (inspect.getdoc(value) or "").strip()
        if said:
            entries.append(f"{name}.{symbol}{_signature(value)}\n\n{said[:MOST_OF_AN_ENTRY]}")
    return "\n\n\n".join(entries)


def _signature(value: object) -> str:
    try:
        # Addresses of objects in it differ from one run to the next.
        return re.sub(r" at 0x\w+", "", str(inspect.signature(value))) if callable(value) else ""
    except (TypeError, ValueError):
        return ""


if __name__ == "__main__":
    main()
