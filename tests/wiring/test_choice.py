"""Where the model comes from is never a surprise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.wiring.choice import OPENAI, choose_model
from config.models import ModelTable
from config.settings import Settings
from core.errors import ConfigurationError

TABLE = ModelTable(default="table-default", aliases=(), models=())
WEIGHTS = Path("/somewhere/qwen.gguf")
OLLAMA = "http://127.0.0.1:11434/v1"


def _settings(**values: Any) -> Settings:
    empty = {
        "openai_api_key": None,
        "openai_base_url": None,
        "bobbin_model": None,
        "bobbin_model_api": None,
    }
    return Settings.model_validate(empty | values)


@pytest.mark.parametrize(
    ("values", "weights", "api", "base_url", "model"),
    [
        ({}, None, "offline", None, "offline-tutor"),
        ({}, WEIGHTS, "local", None, "qwen"),
        ({"openai_api_key": "sk"}, WEIGHTS, "responses", OPENAI, "table-default"),
        ({"openai_base_url": OLLAMA}, WEIGHTS, "chat", OLLAMA, ""),
        ({"openai_base_url": OLLAMA, "bobbin_model": "q"}, None, "chat", OLLAMA, "q"),
        ({"openai_api_key": "sk", "bobbin_model": "g"}, None, "responses", OPENAI, "g"),
        ({"openai_api_key": "sk", "bobbin_model_api": "chat"}, None, "chat", OPENAI,
         "table-default"),
        ({"openai_api_key": "sk", "bobbin_model_api": "offline"}, None, "offline", None,
         "offline-tutor"),
    ],
)  # fmt: skip
def test_the_order_is_endpoint_then_weights_then_the_tutor(
    values: dict[str, Any], weights: Path | None, api: str, base_url: str | None, model: str
) -> None:
    choice = choose_model(_settings(**values), TABLE, weights)
    assert (choice.api, choice.base_url, choice.model) == (api, base_url, model)
    assert choice.reasons


def test_a_key_never_stands_in_the_reasons() -> None:
    choice = choose_model(_settings(openai_api_key="sk-secret"), TABLE, None)
    assert "sk-secret" not in " ".join(choice.reasons)
    assert "sk-secret" not in repr(choice.reasons)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_endpoint_that_is_bobbin_itself_is_refused(host: str) -> None:
    settings = _settings(openai_base_url=f"http://{host}:8765/v1", bobbin_port=8765)
    with pytest.raises(ConfigurationError, match=r"OPENAI_BASE_URL.*is Bobbin itself"):
        choose_model(settings, TABLE, None)


def test_asking_for_openai_without_a_key_says_where_to_get_one() -> None:
    with pytest.raises(ConfigurationError, match=r"OPENAI_API_KEY.*platform\.openai\.com"):
        choose_model(_settings(bobbin_model_api="responses"), TABLE, None)


def test_asking_for_weights_that_are_not_there_says_how_to_get_them() -> None:
    with pytest.raises(ConfigurationError, match="bobbin model pull"):
        choose_model(_settings(bobbin_model_api="local"), TABLE, None)
