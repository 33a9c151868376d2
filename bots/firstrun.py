"""The one question of a first start at a terminal: which model shall answer."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from config.settings import ROOT, Settings, load_settings

QUESTION = """\
No model is configured yet. Which one shall answer?

  1  the offline tutor: at once, no AI; it solves mathematics and says what it cannot do
  2  a model endpoint: OpenAI with a key, or Ollama, vLLM, llama.cpp … with a URL{ollama}
  3  a small local model: 1.1 GB to download once, about 2 GB of memory, often wrong

"""

ASKED = "model-asked"


def ask_for_model(settings: Settings) -> Settings:
    """Ask once; the settings that follow from the answer (kept in `.env`)."""
    from bots.wiring.weights import pulled

    configured = (
        settings.openai_api_key
        or settings.openai_base_url
        or settings.bobbin_model_api
        or settings.assistants_base_url
    )
    mark = settings.bobbin_data_dir / ASKED
    if configured or pulled(settings.bobbin_data_dir) or mark.exists():
        return settings
    ollama = _ollama()
    note = f"\n     (Ollama answers at {ollama}: just press Enter when asked)" if ollama else ""
    print(QUESTION.format(ollama=note), file=sys.stderr)
    answer = _ask("1, 2 or 3 [1]: ")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    if answer.startswith("2"):
        return _endpoint(ollama)
    if answer.startswith("3"):
        from bots.commands.model import pull_weights

        pull_weights(settings, None)
        return load_settings()
    print("The offline tutor it is. `.env` and `bobbin model pull` change that.", file=sys.stderr)
    return settings


def _endpoint(ollama: str | None) -> Settings:
    default = ollama or "https://api.openai.com/v1"
    url = _ask(f"URL [{default}]: ") or default
    lines: list[str] = []
    if url.startswith("https://api.openai.com"):
        lines.append(f"OPENAI_API_KEY={getpass.getpass('API key (not shown): ').strip()}")
    else:
        lines.append(f"OPENAI_BASE_URL={url}")
        if key := getpass.getpass("API key, if it needs one (not shown): ").strip():
            lines.append(f"OPENAI_API_KEY={key}")
    if model := _ask("Model [the endpoint's default]: "):
        lines.append(f"BOBBIN_MODEL={model}")
    path = ROOT / ".env"
    _append(path, lines)
    print(f"Written to {path}. `bobbin doctor` tries it out.", file=sys.stderr)
    return load_settings()


def _append(path: Path, lines: list[str]) -> None:
    path.touch(mode=0o600)
    before = path.read_text(encoding="utf-8")
    gap = "" if not before or before.endswith("\n") else "\n"
    path.write_text(before + gap + "\n".join(lines) + "\n", encoding="utf-8")


def _ask(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        return ""


def _ollama() -> str | None:
    """Where a local Ollama answers, if one does."""
    import asyncio

    from adapters.openai.probe import find_ollama

    return asyncio.run(find_ollama())
