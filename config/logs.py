"""Logging: one line an event on stderr, with its fields; never a secret, text at DEBUG only."""

from __future__ import annotations

import logging
import sys

_FIELDS = ("conversation", "thread", "run", "parts")


class _Line(logging.Formatter):
    """Time, level, logger, message, then the fields that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = [f"{name}={getattr(record, name)}" for name in _FIELDS if hasattr(record, name)]
        return f"{line} {' '.join(extra)}" if extra else line


def configure_logging(level: str) -> None:
    """Set up the root logger of this process."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
    for noisy in ("asyncio", "matplotlib", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
