"""File search from settings: where its index is, and who turns texts into vectors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from adapters.search.embedding import Embedder
from adapters.search.extraction import Extraction
from adapters.search.folder import SearchFolder
from adapters.search.index import Index
from adapters.search.minilm import TOKENIZER_FILE, WEIGHTS_FILE, MiniLM
from adapters.search.retrieval import HybridRetrieval
from adapters.search.vectors import Matrices
from bots.wiring.weights import folder
from config.settings import Settings
from core.clock import Clock
from core.engine.ports import Blobs, Interpreter
from core.engine.searching import Retrieval
from core.errors import BobbinError, ConfigurationError

_INDEX_BYTES: Final = 4 * 1024**3
_VECTOR_BYTES: Final = 512 * 1024**2
_PULL: Final = "`bobbin model pull embeddings`"


@asynccontextmanager
async def open_search(
    settings: Settings, interpreter: Interpreter, blobs: Blobs, clock: Clock
) -> AsyncIterator[Retrieval]:
    """Retrieval with the embedder that is configured, else pulled, else none.

    Raises:
        ConfigurationError: an endpoint is named without a model, or a model without an endpoint.
    """
    retrieval = HybridRetrieval(
        Extraction(interpreter),
        Index(SearchFolder(index_folder(settings), _INDEX_BYTES), blobs, clock),
        Matrices(_VECTOR_BYTES),
        choose_embedder(settings, clock),
    )
    try:
        yield retrieval
    finally:
        await retrieval.close()


def index_folder(settings: Settings) -> Path:
    """Where the index is; it may be removed at any time."""
    return settings.bobbin_data_dir / "search"


def embeddings_pulled(data_dir: Path) -> bool:
    """Whether the embedding weights are here, and what runs them."""
    there = all((folder(data_dir) / name).exists() for name in (WEIGHTS_FILE, TOKENIZER_FILE))
    return there and find_spec("tokenizers") is not None


def choose_embedder(settings: Settings, clock: Clock) -> Embedder | None:
    """The endpoint that is named, else the pulled weights, else nothing.

    Raises:
        ConfigurationError: an endpoint is named without a model, or a model without an endpoint.
    """
    url, model = settings.bobbin_embeddings_url, settings.bobbin_embeddings_model
    if url and not model:
        raise ConfigurationError(
            "BOBBIN_EMBEDDINGS_URL needs BOBBIN_EMBEDDINGS_MODEL, the model to ask it for, e.g. "
            "text-embedding-3-small."
        )
    if model and not url:
        raise ConfigurationError(
            "BOBBIN_EMBEDDINGS_MODEL needs BOBBIN_EMBEDDINGS_URL, the endpoint that has it: files "
            "are sent to no endpoint that is not named for it."
        )
    if url and model:
        from adapters.search.endpoint import EndpointEmbedder

        key = settings.bobbin_embeddings_key
        return EndpointEmbedder(url, model, key.get_secret_value() if key else None, clock=clock)
    if embeddings_pulled(settings.bobbin_data_dir):
        return MiniLM(folder(settings.bobbin_data_dir))
    return None


async def describe_search(
    settings: Settings, clock: Clock, *, jailed: bool, call: bool
) -> list[tuple[str, str]]:
    """What `bobbin doctor` says: findings as (`ok`, `note` or `bad`, sentence).

    Args:
        settings: of this process.
        clock: for the endpoint's time-outs.
        jailed: whether the interpreter's jail works here.
        call: whether an endpoint may be asked.
    """
    found: list[tuple[str, str]] = []
    if not jailed:
        found.append(("note", "only plain text is read: PDF, DOCX, PPTX and HTML need the sandbox"))
    try:
        embedder = choose_embedder(settings, clock)
    except ConfigurationError as error:
        return [*found, ("bad", str(error))]
    if embedder is None:
        found.append(("note", f"by words alone; {_PULL} (91 MB) adds meaning, for English"))
        return found
    where = settings.bobbin_embeddings_url or "pulled weights, on this machine, English"
    if settings.bobbin_embeddings_url:
        where += ", which gets the texts of files"
    try:
        if call or not settings.bobbin_embeddings_url:
            rows = await embedder.embed(["Does this work?"], asked=True)
            where += f"; {rows.shape[1]} dimensions"
        found.append(("ok", f"by words and meaning ({embedder.name}: {where})"))
    except BobbinError as error:
        found.append(("bad", f"by words alone just now: {error}"))
    finally:
        await embedder.close()
    return found
