"""Logging: one line an event on stderr, with its fields; never a secret, text at DEBUG only."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
from pathlib import Path

LOG_FILE = "bobbin.log"
"""Name of the log below the data folder, where a person sits in front of stderr."""

_FIELDS = ("conversation", "thread_id", "run_id", "parts")


class _Line(logging.Formatter):
    """Time, level, logger, message, then the fields that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = [f"{name}={getattr(record, name)}" for name in _FIELDS if hasattr(record, name)]
        return f"{line} {' '.join(extra)}" if extra else line


def configure_logging(level: str, file: Path | None = None) -> None:
    """Set up the root logger of this process: stderr, or a file where a person looks at stderr.

    The file is bounded: 2 MB, and one older one.
    """
    out: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        with contextlib.suppress(OSError):  # an unusable folder gets its own sentence later
            file.parent.mkdir(parents=True, exist_ok=True)
            out = logging.handlers.RotatingFileHandler(
                file, maxBytes=2_000_000, backupCount=1, encoding="utf-8", delay=True
            )
    out.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
    for noisy in ("asyncio", "matplotlib", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
