"""A fresh installation for each story."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.bot import Bot


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    installation = Bot(tmp_path / "data")
    yield installation
    pid = installation.server_pid()
    if pid is not None:  # a story that killed its last process leaves the server to the next one
        os.kill(pid, signal.SIGKILL)
