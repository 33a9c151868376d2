"""Who turns texts into vectors: only what is named or pulled, and doctor says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.search.minilm import TOKENIZER_FILE, WEIGHTS_FILE
from bots.wiring.search import choose_embedder, describe_search
from config.settings import Settings
from core.clock import SystemClock
from core.errors import ConfigurationError

KEY = SecretStr("sk-of-a-model")
NAMED: dict[str, Any] = {
    "bobbin_embeddings_url": "http://127.0.0.1:9/v1",
    "bobbin_embeddings_model": "tiny",
}


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings(_env_file=None, bobbin_data_dir=tmp_path, **values)  # pyright: ignore[reportCallIssue] - as pydantic-settings has it


def chosen(tmp_path: Path, **values: object) -> str | None:
    embedder = choose_embedder(settings(tmp_path, **values), SystemClock())
    return None if embedder is None else embedder.name


def pulled(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    for name in (WEIGHTS_FILE, TOKENIZER_FILE):
        (tmp_path / "weights" / name).touch()


def test_a_key_for_a_model_is_no_leave_to_send_it_files(tmp_path: Path) -> None:
    assert chosen(tmp_path) is None
    assert chosen(tmp_path, openai_api_key=KEY) is None
    assert chosen(tmp_path, openai_base_url="http://127.0.0.1:11434/v1") is None


def test_pulled_weights_are_used_and_a_named_endpoint_before_them(tmp_path: Path) -> None:
    pulled(tmp_path)
    assert chosen(tmp_path) == "all-minilm-l6-v2"
    assert chosen(tmp_path, **NAMED) == "endpoint:tiny"


def test_half_of_the_weights_are_none(tmp_path: Path) -> None:
    pulled(tmp_path)
    (tmp_path / "weights" / WEIGHTS_FILE).unlink()
    assert chosen(tmp_path) is None


@pytest.mark.parametrize("half", ["url", "model"])
def test_an_endpoint_needs_a_model_and_a_model_an_endpoint(tmp_path: Path, half: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"BOBBIN_EMBEDDINGS_URL.*BOBBIN_EMBEDDINGS_MODEL|"
        r"BOBBIN_EMBEDDINGS_MODEL.*BOBBIN_EMBEDDINGS_URL",
    ):
        chosen(tmp_path, **{f"bobbin_embeddings_{half}": "http://127.0.0.1:9/v1"})


async def said(tmp_path: Path, *, jailed: bool = True, **values: object) -> list[tuple[str, str]]:
    return await describe_search(
        settings(tmp_path, **values), SystemClock(), jailed=jailed, call=True
    )


async def test_what_doctor_says_without_anything(tmp_path: Path) -> None:
    ((kind, sentence),) = await said(tmp_path)
    assert kind == "note"
    assert "by words alone" in sentence
    assert "`bobbin model pull embeddings`" in sentence


async def test_what_doctor_says_without_a_jail(tmp_path: Path) -> None:
    first, _ = await said(tmp_path, jailed=False)
    assert first == ("note", "only plain text is read: PDF, DOCX, PPTX and HTML need the sandbox")


async def test_what_doctor_says_of_an_endpoint_that_is_away(tmp_path: Path) -> None:
    ((kind, sentence),) = await said(tmp_path, **NAMED)
    assert kind == "bad"
    assert "127.0.0.1:9 does not answer" in sentence


async def test_what_doctor_says_of_damaged_weights(tmp_path: Path) -> None:
    pulled(tmp_path)
    ((kind, sentence),) = await said(tmp_path)
    assert kind == "bad"
    assert "run `bobbin model pull embeddings`" in sentence
