"""A data folder that no server outlives."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from tests.embedded.driving import server_lives, server_pid


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """An empty folder for BOBBIN_DATA_DIR; what a failed test left running there is killed."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "valkey").is_dir() and server_lives(folder):
        with contextlib.suppress(OSError):
            os.kill(server_pid(folder), signal.SIGKILL)


@pytest.fixture
def clock() -> SystemClock:
    """Real time: these tests wait for real processes."""
    return SystemClock()
