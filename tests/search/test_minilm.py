"""The network in numpy gives what its definition says, number by number."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from adapters.search.minilm import DIMENSIONS, TOKENIZER_FILE, WEIGHTS_FILE, MiniLM
from core.errors import ConfigurationError

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "heron", "waits", "in", "reeds", "and", "sleeps")
INNER = 64
Tensors = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    """One layer of small random numbers."""
    rng = np.random.default_rng(7)
    layer = "encoder.layer.0."
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), DIMENSIONS),
        "embeddings.position_embeddings.weight": (512, DIMENSIONS),
        "embeddings.token_type_embeddings.weight": (2, DIMENSIONS),
        **{
            f"{layer}attention.self.{n}": (DIMENSIONS, DIMENSIONS)
            for n in ("query", "key", "value")
        },
        f"{layer}attention.output.dense": (DIMENSIONS, DIMENSIONS),
        f"{layer}intermediate.dense": (INNER, DIMENSIONS),
        f"{layer}output.dense": (DIMENSIONS, INNER),
    }
    norms = ("embeddings", f"{layer}attention.output", f"{layer}output")
    found: Tensors = {}
    for name, shape in shapes.items():
        if name.endswith("weight"):
            found[name] = rng.normal(0, 0.5, shape).astype(np.float32)
        else:
            found[f"{name}.weight"] = rng.normal(0, 0.08, shape).astype(np.float32)
            found[f"{name}.bias"] = rng.normal(0, 0.1, shape[0]).astype(np.float32)
    for name in norms:
        found[f"{name}.LayerNorm.weight"] = rng.normal(1, 0.1, DIMENSIONS).astype(np.float32)
        found[f"{name}.LayerNorm.bias"] = rng.normal(0, 0.1, DIMENSIONS).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tensors: Tensors) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, values in tensors.items():
        end = len(data) + values.nbytes
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    about = json.dumps(header).encode()
    (folder / WEIGHTS_FILE).write_bytes(struct.pack("<Q", len(about)) + about + data)
    tokenizer = Tokenizer(models.WordLevel(dict(zip(WORDS, range(99), strict=False)), "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / TOKENIZER_FILE))
    return folder


def plain(tensors: Tensors, ids: list[int]) -> NDArray[np.float64]:
    """The same by its definition: one text, one head, one word at a time, in double precision."""
    t = {name: values.astype(np.float64) for name, values in tensors.items()}
    layer = "encoder.layer.0."

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        x = (x - x.mean()) / math.sqrt(x.var() + 1e-12)
        return x * t[f"{name}.LayerNorm.weight"] + t[f"{name}.LayerNorm.bias"]

    def dense(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return t[f"{layer}{name}.weight"] @ x + t[f"{layer}{name}.bias"]

    kind = t["embeddings.token_type_embeddings.weight"][0]
    words = [
        norm(
            t["embeddings.word_embeddings.weight"][number]
            + t["embeddings.position_embeddings.weight"][place]
            + kind,
            "embeddings",
        )
        for place, number in enumerate(ids)
    ]
    query, key, value = (
        [dense(x, f"attention.self.{name}") for x in words] for name in ("query", "key", "value")
    )
    width = DIMENSIONS // 12
    states: list[NDArray[np.float64]] = []
    for place, x in enumerate(words):
        heads: list[NDArray[np.float64]] = []
        for head in range(12):
            part = slice(head * width, (head + 1) * width)
            weights = np.array(
                [math.exp(query[place][part] @ k[part] / math.sqrt(width)) for k in key]
            )
            weights /= weights.sum()
            heads.append(sum(w * v[part] for w, v in zip(weights, value, strict=True)))  # pyright: ignore[reportArgumentType] - a sum of rows
        attended = dense(np.concatenate(heads), "attention.output.dense")
        y = norm(x + attended, f"{layer}attention.output")
        inner = np.array(
            [z * (1 + math.erf(z / math.sqrt(2))) / 2 for z in dense(y, "intermediate.dense")]
        )
        states.append(norm(y + dense(inner, "output.dense"), f"{layer}output"))
    mean = np.mean(states, axis=0)
    return mean / np.linalg.norm(mean)


TEXTS = ["heron", "heron waits in reeds", "reeds and reeds and nobody", ""]


async def test_it_is_what_the_definition_says(folder: Path, tensors: Tensors) -> None:
    embedder = MiniLM(folder)
    rows = await embedder.embed(TEXTS, asked=False)
    for text, row in zip(TEXTS, rows, strict=True):
        ids = [2, *(WORDS.index(w) if w in WORDS else 1 for w in text.split()), 3]
        expected = plain(tensors, ids)
        assert row == pytest.approx(expected, abs=2e-3)
        assert float(row @ expected) > 0.99999
    await embedder.close()


async def test_a_text_does_not_depend_on_its_company(folder: Path) -> None:
    embedder = MiniLM(folder)
    texts = [("heron waits " * (number % 40)).strip() for number in range(120)]
    together = await embedder.embed(texts, asked=False)
    for number in (0, 1, 39, 77, 119):
        alone = await embedder.embed([texts[number]], asked=True)
        assert together[number] == pytest.approx(alone[0], abs=1e-5)


async def test_a_text_that_is_too_long_counts_by_its_beginning(folder: Path) -> None:
    embedder = MiniLM(folder)
    long = "heron waits in reeds and " * 200
    rows = await embedder.embed([long, long + "sleeps " * 1000], asked=False)
    assert rows[0] == pytest.approx(rows[1])
    assert (await embedder.embed([], asked=False)).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("damage", ["missing", "cut", "garbage", "tokenizer"])
async def test_weights_that_cannot_be_read(folder: Path, tmp_path: Path, damage: str) -> None:
    for name in (WEIGHTS_FILE, TOKENIZER_FILE):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    weights = tmp_path / WEIGHTS_FILE
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-5_000])
    elif damage == "garbage":
        weights.write_bytes(b"\xff" * 1000)
    else:
        (tmp_path / TOKENIZER_FILE).write_text("{}")
    with pytest.raises(ConfigurationError, match="bobbin model pull embeddings"):
        await MiniLM(tmp_path).embed(["heron"], asked=True)
