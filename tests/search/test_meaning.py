"""Meaning and words together: what each finds, what is left when one is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from adapters.search.library import ShelfVectors
from adapters.search.prepared import unpack
from adapters.search.vectors import Block
from core.engine.searching import Chunking, Library, Question, Ranking
from core.errors import ModelUnavailable
from tests.search.meanings import FakeEmbedder
from tests.search.worlds import CountedBlobs, Process

ONLY_WORDS = Ranking(meaning=0.0)
ONLY_MEANING = Ranking(words=0.0)
CAR = "The automobile stands in the garage."
DOCTOR = "A physician looks after patients."
FILLER = "Bread is made of flour, water, salt and yeast."


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
async def process(tmp_path: Path, embedder: FakeEmbedder) -> AsyncIterator[Process]:
    process = Process(tmp_path / "search", CountedBlobs(), embedder)
    yield process
    await process.retrieval.close()


async def library(process: Process, version: int = 1, **texts: str) -> Library:
    return Library("vs", version, [await process.shelf(name, text) for name, text in texts.items()])


async def test_meaning_finds_what_words_do_not(process: Process) -> None:
    files = await library(process, car=CAR, doctor=DOCTOR, bread=FILLER)
    assert await process.found(files, "medic", ranking=ONLY_WORDS) == []
    assert (await process.found(files, "medic", ranking=ONLY_MEANING))[0] == "doctor"
    assert (await process.found(files, "vehicle"))[0] == "car"


async def test_weights_decide_whose_first_is_first(process: Process) -> None:
    files = await library(process, word="A vehicle, and so much else of all kinds.", meaning="Car.")
    lean = Ranking(words=1.0, meaning=0.01)
    assert (await process.found(files, "vehicle", ranking=lean))[0] == "word"
    lean = Ranking(words=0.01, meaning=1.0)
    assert (await process.found(files, "vehicle", ranking=lean))[0] == "meaning"


async def test_an_embedder_that_is_away_leaves_words(
    process: Process, embedder: FakeEmbedder
) -> None:
    files = await library(process, car=CAR, doctor=DOCTOR)
    for ranking in (Ranking(), ONLY_MEANING):
        embedder.failures.append(ModelUnavailable("away"))
        assert await process.found(files, "automobile", ranking=ranking) == ["car"]


async def test_an_embedder_that_is_away_fails_a_preparation_that_may_be_repeated(
    process: Process, embedder: FakeEmbedder
) -> None:
    embedder.failures.append(ModelUnavailable("away"))
    with pytest.raises(ModelUnavailable):
        await process.shelf("car", CAR)
    await process.shelf("car", CAR)


async def test_what_another_embedder_made_is_found_by_its_words(
    process: Process, tmp_path: Path
) -> None:
    files = await library(process, car=CAR, doctor=DOCTOR)
    for other in (FakeEmbedder("other"), FakeEmbedder(dimensions=32), None):
        later = Process(tmp_path / f"search of {other}", process.blobs, other)
        assert await later.found(files, "automobile") == ["car"]
        assert later.retrieval.passages(await process.blobs.get(files.shelves[0].blob)) == [CAR]
        await later.retrieval.close()


async def test_recipes_differ_by_embedder(tmp_path: Path) -> None:
    recipes = {
        Process(tmp_path, CountedBlobs(), embedder).retrieval.recipe
        for embedder in (FakeEmbedder("a"), FakeEmbedder("b"), None)
    }
    assert len(recipes) == 3


async def test_a_long_passage_counts_by_its_best_window(process: Process) -> None:
    filler = (FILLER + " ") * 30
    files = await library(process, other=filler, long=f"{filler}\n\n{DOCTOR}\n\n{filler}")
    question = Question(queries=("medic patients",), ranking=ONLY_MEANING)
    best, *_ = await process.retrieval.search([files], question)
    assert best.file_id == "long"
    assert DOCTOR in best.text


async def test_no_part_of_a_text_is_embedded_twice(
    process: Process, embedder: FakeEmbedder
) -> None:
    text = (FILLER + " ") * 300
    await process.shelf("file", text)
    assert "".join(embedder.embedded) == text


async def test_a_text_that_is_too_long_to_embed_is_found_by_its_words(
    process: Process, embedder: FakeEmbedder
) -> None:
    embedder.most_texts = 3
    prepared = await process.retrieval.prepare("a.txt", ((FILLER + " ") * 100).encode(), Chunking())
    assert embedder.embedded == []
    assert unpack(prepared.data).vectors == b""


async def test_vectors_are_loaded_once_and_follow_the_library(process: Process) -> None:
    files = await library(process, car=CAR)
    assert await process.found(files, "vehicle", ranking=ONLY_MEANING) == ["car"]
    kept = process.matrices.bytes
    assert kept > 0
    await process.found(files, "vehicle", ranking=ONLY_MEANING)
    assert process.matrices.bytes == kept
    changed = await library(process, 2, doctor=DOCTOR, bread=FILLER)
    found = await process.found(changed, "medic", ranking=ONLY_MEANING)
    assert found == ["doctor", "bread"]
    assert kept < process.matrices.bytes < 3 * kept


async def test_a_library_that_is_larger_than_memory_is_read_every_time(tmp_path: Path) -> None:
    process = Process(tmp_path / "search", CountedBlobs(), FakeEmbedder(), vector_bytes=10)
    files = await library(process, car=CAR, doctor=DOCTOR)
    for _ in range(2):
        assert (await process.found(files, "medic", ranking=ONLY_MEANING))[0] == "doctor"
        assert process.matrices.bytes == 0
    await process.retrieval.close()


# ------------------------------------------------------------------------- against the plain way


@st.composite
def owned(draw: st.DrawFn) -> list[Sequence[tuple[int, int]]]:
    """Of several files, which windows each passage owns; every file has ten."""
    pair = st.tuples(st.integers(0, 9), st.integers(1, 10)).map(
        lambda p: (min(p[0], p[1] - 1), max(p[0] + 1, p[1]))
    )
    return draw(st.lists(st.lists(pair, min_size=1, max_size=6), min_size=1, max_size=4))


@settings(deadline=None)
@given(owned(), st.integers(0, 2**32 - 1))
def test_nearest_is_what_looking_at_each_would_give(
    files: list[Sequence[tuple[int, int]]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = [rng.standard_normal((10, 4)).astype("<f2") for _ in files]
    shelves = [
        ShelfVectors(n, 100 * n, windows, data.tobytes())
        for n, (windows, data) in enumerate(zip(files, rows, strict=True))
    ]
    questions = rng.standard_normal((2, 4)).astype(np.float32)
    block = Block(shelves, 4)
    for only in (None, [0]):
        for question, ranking in zip(questions, block.nearest(questions, only, 5), strict=True):
            plain = sorted(
                (
                    (float((data[first:last].astype(np.float32) @ question).max()), 100 * n + place)
                    for n, (windows, data) in enumerate(zip(files, rows, strict=True))
                    if only is None or n in only
                    for place, (first, last) in enumerate(windows)
                ),
                reverse=True,
            )[:5]
            assert [near.score for near in ranking] == pytest.approx(
                [score for score, _ in plain], abs=1e-5
            )


async def test_products_take_one_thread(process: Process) -> None:
    """Several would spin, and take the machine from everybody else."""
    files = await library(process, car=CAR)
    await process.found(files, "vehicle")
    pools = cast("list[dict[str, Any]]", threadpool_info())
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}
