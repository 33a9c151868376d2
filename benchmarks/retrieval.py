"""How well file search finds: `python -m benchmarks.retrieval [FOLDER]`.

Two corpora (`retrieval_corpora.py`): the documentation of Python's standard library, a file for
each module, and of numpy and pandas, a file for each function; as installed. The questions are of
two kinds: those in other words than the documentation's, and those that name things. FOLDER has
the embedding weights (default: `data/weights`); without them words alone are measured. What was
prepared is kept in `data/benchmarks`. What is counted, among the first ten passages:

    R@1, R@5    the first, one of the first five passages is of a right file
    MRR         1 / place of the first passage of a right file, on average
    cites       one of the first five passages has the very entry that answers
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from adapters.blobs.local import LocalBlobs
from adapters.search.embedding import Embedder
from adapters.search.extraction import Extraction
from adapters.search.folder import SearchFolder
from adapters.search.index import Index
from adapters.search.minilm import WEIGHTS_FILE, MiniLM
from adapters.search.retrieval import HybridRetrieval
from adapters.search.vectors import Matrices
from benchmarks.retrieval_corpora import Corpus, Right, corpora
from config.settings import ROOT
from core.clock import SystemClock
from core.engine.searching import Chunking, Library, Passage, Question, Ranking, Shelf
from core.ids import RandomIds
from tests.fakes.interpreter import ScriptedInterpreter

KEPT = ROOT / "data" / "benchmarks"

RANKINGS = {
    "words": Ranking(meaning=0.0),
    "meaning": Ranking(words=0.0),
    "hybrid": Ranking(),
}


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "weights"
    embedder = MiniLM(folder) if (folder / WEIGHTS_FILE).exists() else None
    if embedder is None:
        print(f"no embedding weights in {folder}: words alone")
    for corpus in corpora():
        for chunking in (Chunking(), Chunking(200, 50)):
            asyncio.run(_measure(corpus, embedder, chunking))


async def _measure(corpus: Corpus, embedder: Embedder | None, chunking: Chunking) -> None:
    texts = corpus.texts
    size = sum(map(len, texts.values()))
    print(
        f"\n{corpus.name}: {len(texts)} files, {size / 1e6:.1f} MB, passages of "
        f"{chunking.max_tokens} tokens, {chunking.overlap_tokens} shared"
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
        for name_of_file, text in texts.items():
            shelf = await _shelf(retrieval, blobs, name_of_file, text, chunking)
            passages += len(retrieval.passages(await blobs.get(shelf.blob)))
            shelves.append(shelf)
        print(f"prepared in {time.perf_counter() - began:.1f} s: {passages} passages")
        library = Library("vs_library", 1, shelves)
        began = time.perf_counter()
        await retrieval.search([library], Question(queries=("warm",)))
        print(f"indexed in {time.perf_counter() - began:.2f} s")
        for kind, asked in corpus.kinds.items():
            titles = f"{'R@1':>6} {'R@5':>6} {'MRR':>6} {'cites':>6} {'median':>9}"
            print(f"{f'{kind} ({len(asked)})':20} {titles}")
            questions = [(query, corpus.right(names)) for query, names in asked]
            for label, ranking in RANKINGS.items():
                if embedder is not None or label == "words":
                    measured = await _line(retrieval, library, questions, ranking)
                    print(f"  {label:18} {measured}")
        await retrieval.close()


async def _shelf(
    retrieval: HybridRetrieval, blobs: LocalBlobs, name: str, text: str, chunking: Chunking
) -> Shelf:
    """The file's passages, from the last time if there was one."""
    source = f"{retrieval.recipe}\0{chunking}\0{text}"
    note = KEPT / hashlib.sha256(source.encode()).hexdigest()
    if note.exists():
        return Shelf(name, note.read_text())
    prepared = await retrieval.prepare(f"{name}.txt", text.encode(), chunking)
    shelf = Shelf(name, await blobs.put(prepared.data))
    note.write_text(shelf.blob)
    return shelf


async def _line(
    retrieval: HybridRetrieval,
    library: Library,
    questions: Sequence[tuple[str, Right]],
    ranking: Ranking,
) -> str:
    places: list[int] = []
    cited = 0
    times: list[float] = []
    for query, right in questions:
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
    """Of the first passage of a right file, from 1; 0 for none."""
    return next((n for n, passage in enumerate(found, 1) if passage.file_id in right.files), 0)


def _cites(passage: Passage, right: Right) -> bool:
    return passage.file_id in right.files and any(
        re.search(rf"^{re.escape(heading)}\b", passage.text, re.MULTILINE)
        for heading in right.headings
    )


if __name__ == "__main__":
    main()
