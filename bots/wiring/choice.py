"""Where the model comes from: decided once, from settings alone, and said in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from config.models import ModelTable
from config.settings import Settings
from core.errors import ConfigurationError

OPENAI = "https://api.openai.com/v1"

Api = Literal["responses", "chat", "local", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """The endpoint and its default model. `reasons` say which variable or file decided."""

    api: Api
    base_url: str | None
    api_key: str | None
    model: str
    reasons: tuple[str, ...]

    @property
    def official(self) -> bool:
        """Whether this is OpenAI's own endpoint."""
        return self.base_url is not None and urlsplit(self.base_url).hostname == "api.openai.com"


def choose_model(settings: Settings, table: ModelTable, weights: Path | None) -> ModelChoice:
    """The endpoint that is configured, else pulled weights, else the offline tutor.

    Raises:
        ConfigurationError: what is asked for lacks something, or the endpoint is Bobbin itself.
    """
    api, reason = _api(settings, weights)
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if api == "offline":
        return ModelChoice(
            api=api, base_url=None, api_key=None, model="offline-tutor", reasons=(reason,)
        )
    if api == "local":
        if weights is None:
            raise ConfigurationError(
                "BOBBIN_MODEL_API=local needs weights: run `bobbin model pull` first."
            )
        return ModelChoice(
            api=api, base_url=None, api_key=None, model=weights.stem, reasons=(reason,)
        )
    base_url = (settings.openai_base_url or OPENAI).rstrip("/")
    refuse_own_address(
        "OPENAI_BASE_URL",
        base_url,
        settings,
        "It would ask itself for ever. "
        "Name the endpoint of a model, e.g. http://127.0.0.1:11434/v1 for Ollama.",
    )
    where = "OPENAI_BASE_URL" if settings.openai_base_url else "OpenAI, as OPENAI_API_KEY is set"
    origin = "openai_base_url" if settings.openai_base_url else "openai_api_key"
    reasons = [f"endpoint {base_url} ({where}, {settings.origin(origin)})"]
    if settings.bobbin_model:
        model = settings.bobbin_model
        reasons.append(f"model {model} (BOBBIN_MODEL, {settings.origin('bobbin_model')})")
    elif base_url == OPENAI:
        model = table.default
        reasons.append(f"model {model} (default in config/models.toml)")
    else:
        model = ""
        reasons.append("model: the endpoint's first one (BOBBIN_MODEL is not set)")
    if base_url == OPENAI and key is None:
        raise ConfigurationError(
            "OPENAI_API_KEY is not set, and BOBBIN_MODEL_API asks for OpenAI's endpoint. "
            "Get a key at platform.openai.com, or set OPENAI_BASE_URL to another endpoint."
        )
    return ModelChoice(api=api, base_url=base_url, api_key=key, model=model, reasons=tuple(reasons))


def _api(settings: Settings, weights: Path | None) -> tuple[Api, str]:
    if settings.bobbin_model_api:
        chosen = settings.bobbin_model_api
        return chosen, f"{chosen} (BOBBIN_MODEL_API, {settings.origin('bobbin_model_api')})"
    if settings.openai_base_url:
        return "chat", "OPENAI_BASE_URL"
    if settings.openai_api_key:
        return "responses", "OPENAI_API_KEY"
    if weights is not None:
        return (
            "local",
            f"local weights {weights}: a small model, often wrong beyond simple questions",
        )
    return "offline", "offline tutor, no AI: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set"


def refuse_own_address(variable: str, base_url: str, settings: Settings, advice: str) -> None:
    """Refuse an address where this Bobbin itself listens.

    Raises:
        ConfigurationError: it is ours; the text ends with `advice`.
    """
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    ours = {settings.bobbin_host, "127.0.0.1", "localhost", "::1", "0.0.0.0"}  # noqa: S104
    if parts.hostname in ours and port in (settings.bobbin_port, settings.port):
        raise ConfigurationError(f"{variable} ({base_url}) is Bobbin itself. {advice}")
