"""all-MiniLM-L6-v2 in numpy: sentences to 384 numbers, in English, without a runtime of its own.

A BERT of six layers (Wang et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019) by
the sentence-transformers project, Apache License 2.0. The mean of the last layer over the words,
at length 1. The weights are mapped from the file, so that all processes share them.

Serial: batches of files' texts, one at a time, on one core; a question goes beside them.
What bounds memory: a batch has at most so many tokens.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.search.products import multiply_in_one_thread
from core.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAME: Final = "all-minilm-l6-v2"
WEIGHTS_FILE: Final = "all-minilm-l6-v2.safetensors"
TOKENIZER_FILE: Final = "all-minilm-l6-v2.tokenizer.json"

DIMENSIONS: Final = 384
_HEADS: Final = 12
_EPSILON: Final = 1e-12
_MOST_TOKENS: Final = 256
"""What it was trained on; of a longer text the beginning counts."""
_BATCH_TOKENS: Final = 2_048
_MOST_TEXTS: Final = 5_000
"""Of one file: a quarter of an hour on two cores, some 3 MB of text."""


class MiniLM:
    """`Embedder`. The weights are opened by the first call.

    Args:
        folder: where `bobbin model pull embeddings` put them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._network: Network | None = None
        self._opening = asyncio.Lock()
        self._files = asyncio.Lock()
        self._questions = asyncio.Lock()

    @property
    def name(self) -> str:
        return NAME

    @property
    def most_texts(self) -> int:
        return _MOST_TEXTS

    async def embed(self, texts: Sequence[str], *, asked: bool) -> Floats:
        """See `Embedder.embed`.

        Raises:
            ConfigurationError: the weights are gone or cannot be read.
        """
        async with self._opening:
            if self._network is None:
                self._network = await asyncio.to_thread(Network, self._folder)
        network = self._network
        import numpy as np

        rows: Floats = np.zeros((len(texts), DIMENSIONS), np.float32)
        tokens = await asyncio.to_thread(network.tokens, texts)
        for batch in _batches(tokens):
            async with self._questions if asked else self._files:
                rows[batch] = await asyncio.to_thread(network.run, [tokens[i] for i in batch])
        return rows

    async def close(self) -> None:
        self._network = None


def _batches(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Numbers of texts that go together: of like length, and not too many."""
    batch: list[int] = []
    for number in sorted(range(len(tokens)), key=lambda i: -len(tokens[i])):
        if batch and (len(batch) + 1) * len(tokens[batch[0]]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


class Network:
    """The opened weights. Every method blocks.

    Raises:
        ConfigurationError: the files are missing or damaged, or the tokenizer is not installed.
    """

    def __init__(self, folder: Path) -> None:
        multiply_in_one_thread()
        try:
            from tokenizers import Tokenizer

            self._tokenizer: Any = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(_MOST_TOKENS)
            tensors = _tensors(folder / WEIGHTS_FILE)
            self._embeddings = _Embeddings(tensors)
            count = sum(name.endswith("attention.self.query.bias") for name in tensors)
            self._layers = [_Layer(tensors, f"encoder.layer.{n}.") for n in range(count)]
        except Exception as error:
            raise ConfigurationError(
                f"The embedding weights in {folder} cannot be read ({str(error)[:200]}): run "
                "`bobbin model pull embeddings`."
            ) from error

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of the texts' words."""
        # A token is rarely more than a dozen characters; what follows would be cut off anyway.
        short = [text[: _MOST_TOKENS * 40] for text in texts]
        return [found.ids for found in self._tokenizer.encode_batch_fast(short)]

    def run(self, batch: Sequence[Sequence[int]]) -> Floats:
        """A row of length 1 for each text."""
        import numpy as np

        width = max(map(len, batch))
        ids = np.zeros((len(batch), width), np.int64)
        mask: Floats = np.zeros((len(batch), width), np.float32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        states = self._embeddings(ids)
        hidden = ((mask - 1) * 1e9)[:, None, None, :]
        for layer in self._layers:
            states = layer(states, hidden)
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


class _Embeddings:
    """Words and places to vectors."""

    def __init__(self, tensors: dict[str, Floats]) -> None:
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = (
            tensors["embeddings.position_embeddings.weight"][:_MOST_TOKENS]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _Norm(tensors, "embeddings.LayerNorm.")

    def __call__(self, ids: NDArray[np.int64]) -> Floats:
        return self._norm(self._words[ids] + self._places[: ids.shape[1]])


class _Layer:
    """Attention and feed-forward of one layer."""

    def __init__(self, tensors: dict[str, Floats], prefix: str) -> None:
        import numpy as np

        attention = f"{prefix}attention."
        three = [_Dense(tensors, f"{attention}self.{name}.") for name in ("query", "key", "value")]
        # One product instead of three.
        self._three = three[0]
        self._three.weight = np.concatenate([dense.weight for dense in three], 1)
        self._three.bias = np.concatenate([dense.bias for dense in three])
        self._out = _Dense(tensors, f"{attention}output.dense.")
        self._norm = _Norm(tensors, f"{attention}output.LayerNorm.")
        self._wide = _Dense(tensors, f"{prefix}intermediate.dense.")
        self._narrow = _Dense(tensors, f"{prefix}output.dense.")
        self._last_norm = _Norm(tensors, f"{prefix}output.LayerNorm.")

    def __call__(self, states: Floats, hidden: Floats) -> Floats:
        attended = self._norm(states + self._out(self._attend(states, hidden)))
        return self._last_norm(attended + self._narrow(_gelu(self._wide(attended))))

    def _attend(self, states: Floats, hidden: Floats) -> Floats:
        import numpy as np

        texts, width, size = states.shape
        split = self._three(states).reshape(texts, width, 3, _HEADS, size // _HEADS)
        query, key, value = np.ascontiguousarray(split.transpose(2, 0, 3, 1, 4))
        scores = query @ key.swapaxes(-1, -2)
        scores *= (size // _HEADS) ** -0.5
        scores += hidden
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(texts, width, size)


class _Dense:
    def __init__(self, tensors: dict[str, Floats], prefix: str) -> None:
        self.weight: Floats = tensors[f"{prefix}weight"].T
        self.bias: Floats = tensors[f"{prefix}bias"]

    def __call__(self, states: Floats) -> Floats:
        # One large product: numpy makes many small ones of a stack of matrices.
        flat = states.reshape(-1, states.shape[-1]) @ self.weight
        flat += self.bias
        return flat.reshape(*states.shape[:-1], -1)


class _Norm:
    def __init__(self, tensors: dict[str, Floats], prefix: str) -> None:
        self._weight = tensors[f"{prefix}weight"]
        self._bias = tensors[f"{prefix}bias"]

    def __call__(self, states: Floats) -> Floats:
        import numpy as np

        centred = states - states.mean(-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + _EPSILON)
        centred /= deviation
        centred *= self._weight
        centred += self._bias
        return centred


def _gelu(states: Floats) -> Floats:
    """By tanh (Hendrycks and Gimpel, 2016): numpy has no error function. Off by less than 0.001."""
    import numpy as np

    inner = states * states
    inner *= 0.044715
    inner += 1.0
    inner *= states
    inner *= (2 / np.pi) ** 0.5
    np.tanh(inner, out=inner)
    inner += 1.0
    inner *= states
    inner *= 0.5
    return inner


def _tensors(path: Path) -> dict[str, Floats]:
    """The single-precision tensors of a safetensors file, mapped.

    Source: https://github.com/huggingface/safetensors#format
    """
    import numpy as np

    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        if size > 1 << 20:
            raise ValueError("no safetensors file")
        header: dict[str, Any] = json.loads(file.read(size))
    data = np.memmap(path, np.uint8, "r", 8 + size)
    found: dict[str, Floats] = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            begin, end = about["data_offsets"]
            found[name] = np.asarray(data[begin:end].view("<f4").reshape(about["shape"]))
    return found
