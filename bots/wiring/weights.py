"""Pulled weights: where they lie, and the child process that serves them."""

from __future__ import annotations

from pathlib import Path


def pulled(data_dir: Path) -> Path | None:
    """The pulled weights, if there are any."""
    found = sorted((data_dir / "weights").glob("*.gguf"))
    return found[0] if found else None
