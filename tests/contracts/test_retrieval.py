"""The contract of `Retrieval`: what is prepared is found, in every library that has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from adapters.search.extraction import Extraction
from adapters.search.folder import SearchFolder
from adapters.search.index import Index
from adapters.search.retrieval import HybridRetrieval
from adapters.search.vectors import Matrices
from core.clock import SystemClock
from core.engine.context import estimated_tokens
from core.engine.searching import (
    Chunking,
    FileRejected,
    Library,
    Question,
    Ranking,
    Retrieval,
    Shelf,
)
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.memory_objects import MemoryBlobs
from tests.fakes.retrieval import MemoryRetrieval
from tests.search.meanings import FakeEmbedder

ANIMALS = "The heron waits in the reeds. The badger digs at night. The swallow flies south."
COOKING = "Knead the dough until it is smooth. Let it rise for an hour. Bake it until it is brown."
LONG = "\n\n".join(f"Chapter {n} speaks of the number {n} and of nothing else." for n in range(80))


class World:
    """A retrieval, the blobs that it reads, and libraries of what was prepared."""

    def __init__(self, retrieval: Retrieval, blobs: MemoryBlobs) -> None:
        self.retrieval = retrieval
        self.blobs = blobs

    async def shelf(self, file_id: str, text: str, chunking: Chunking | None = None) -> Shelf:
        prepared = await self.retrieval.prepare(
            f"{file_id}.txt", text.encode(), chunking or Chunking()
        )
        return Shelf(file_id, await self.blobs.put(prepared.data))

    async def library(self, key: str, /, **texts: str) -> Library:
        return Library(key, 1, [await self.shelf(name, text) for name, text in texts.items()])

    async def found(
        self, libraries: Sequence[Library], *queries: str, **options: object
    ) -> list[str]:
        question = Question(queries=queries, **options)  # pyright: ignore[reportArgumentType] - as each test writes them
        return [passage.file_id for passage in await self.retrieval.search(libraries, question)]


@pytest.fixture(params=["memory", "words", "words and meaning"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    blobs = MemoryBlobs()
    if request.param == "memory":
        yield World(MemoryRetrieval(blobs), blobs)
        return
    real = HybridRetrieval(
        Extraction(ScriptedInterpreter()),
        Index(SearchFolder(tmp_path / "search", 1 << 30), blobs, SystemClock()),
        Matrices(1 << 24),
        FakeEmbedder() if "meaning" in request.param else None,
    )
    yield World(real, blobs)
    await real.close()


async def test_what_was_prepared_is_found(world: World) -> None:
    library = await world.library("vs_1", animals=ANIMALS, cooking=COOKING)
    assert (await world.found([library], "What does the badger do at night?"))[0] == "animals"
    assert (await world.found([library], "How do I bake dough?"))[0] == "cooking"


async def test_a_passage_says_where_it_stands(world: World) -> None:
    chunking = Chunking(100, 20)
    shelf = await world.shelf("book", LONG, chunking)
    texts = world.retrieval.passages(await world.blobs.get(shelf.blob))
    assert len(texts) > 5
    question = Question(queries=("What does chapter 57 speak of?",), limit=3)
    best, *_ = await world.retrieval.search([Library("vs_1", 1, [shelf])], question)
    assert best.file_id == "book"
    assert best.text == texts[best.number]
    assert "Chapter 57" in best.text


async def test_prepared_says_how_many_passages_it_has(world: World) -> None:
    prepared = await world.retrieval.prepare("a.txt", LONG.encode(), Chunking(100, 0))
    texts = world.retrieval.passages(prepared.data)
    assert len(texts) == prepared.passages
    assert all(estimated_tokens(text) <= 100 for text in texts)
    assert "".join(texts) == LONG


async def test_the_same_arguments_give_something_equally_searchable(world: World) -> None:
    first = await world.retrieval.prepare("a.txt", LONG.encode(), Chunking(200, 50))
    again = await world.retrieval.prepare("a.txt", LONG.encode(), Chunking(200, 50))
    assert world.retrieval.passages(first.data) == world.retrieval.passages(again.data)


async def test_scores_are_between_0_and_1_and_fall(world: World) -> None:
    shelf = await world.shelf("book", LONG, Chunking(100, 50))
    question = Question(queries=("the number 7", "chapter 8"), limit=20)
    scores = [p.score for p in await world.retrieval.search([Library("vs", 1, [shelf])], question)]
    assert len(scores) > 5
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


async def test_a_limit_and_a_threshold(world: World) -> None:
    shelf = await world.shelf("book", LONG, Chunking(100, 50))
    library = Library("vs", 1, [shelf])
    everything = await world.retrieval.search(
        [library], Question(queries=("chapter number",), limit=50)
    )
    assert len(everything) > 4
    limited = await world.retrieval.search(
        [library], Question(queries=("chapter number",), limit=3)
    )
    assert limited == everything[:3]
    bound = everything[2].score
    above = await world.retrieval.search(
        [library],
        Question(queries=("chapter number",), limit=50, ranking=Ranking(threshold=bound)),
    )
    assert above == [passage for passage in everything if passage.score >= bound]


async def test_only_these_files(world: World) -> None:
    library = await world.library("vs_1", animals=ANIMALS, cooking=COOKING, more=ANIMALS)
    found = await world.found([library], "badger", only=frozenset({"cooking", "more"}))
    assert found[0] == "more"
    assert "animals" not in found
    assert await world.found([library], "badger", only=frozenset[str]()) == []


async def test_several_libraries_are_one(world: World) -> None:
    first = await world.library("vs_1", animals=ANIMALS)
    second = await world.library("vs_2", cooking=COOKING, animals=ANIMALS)
    assert (await world.found([first, second], "bake the dough"))[0] == "cooking"
    found = await world.found([first, second], "badger")
    assert found[0] == "animals"
    assert found.count("animals") == 1


async def test_several_queries_are_all_answered(world: World) -> None:
    library = await world.library("vs_1", animals=ANIMALS, cooking=COOKING, book=LONG)
    found = await world.found([library], "badger digging", "smooth dough", limit=2)
    assert set(found) == {"animals", "cooking"}


async def test_a_library_follows_its_versions(world: World) -> None:
    animals = await world.shelf("animals", ANIMALS)
    cooking = await world.shelf("cooking", COOKING)
    assert await world.found([Library("vs", 1, [animals])], "heron") == ["animals"]
    assert (await world.found([Library("vs", 2, [animals, cooking])], "dough"))[0] == "cooking"
    assert "animals" not in await world.found([Library("vs", 3, [cooking])], "heron")
    changed = await world.shelf("cooking", "The heron is roasted with thyme.")
    assert await world.found([Library("vs", 4, [changed])], "heron") == ["cooking"]


SYNTAX = ('"', "*", "heron AND", "NEAR(", "text:heron", "^heron", "-heron", "{a b}:", "' OR 1=1")
ODD = ("\0", "a" * 9_000, "heron " * 500, "…", "", "   ", "\ud800")


@pytest.mark.parametrize("query", SYNTAX + ODD)
async def test_a_question_is_never_syntax(world: World, query: str) -> None:
    library = await world.library("vs_1", animals=ANIMALS)
    assert set(await world.found([library], query)) <= {"animals"}


async def test_nothing_to_search_in(world: World) -> None:
    assert await world.found([], "heron") == []
    assert await world.found([Library("vs", 1, [])], "heron") == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "invalid_file"),
        (b" \n", "invalid_file"),
        (b"\xff\x00\x01\x02" * 50, "unsupported_file"),
    ],
)
async def test_a_file_without_text_is_refused_in_a_sentence(
    world: World, data: bytes, code: str
) -> None:
    with pytest.raises(FileRejected, match=r"^thing\.txt .*\.$") as caught:
        await world.retrieval.prepare("thing.txt", data, Chunking())
    assert caught.value.code == code


async def test_the_recipe_is_a_short_constant(world: World) -> None:
    assert world.retrieval.recipe == world.retrieval.recipe
    assert 0 < len(world.retrieval.recipe) < 200
