"""How long `bobbin run` takes to be ready, and what it takes while nothing happens."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import cpu_s, resident_mb

ROOT = Path(__file__).resolve().parents[1]


def main(runs: int = 3, idle_s: float = 5.0) -> None:
    """Start it a few times with a remote model that is never asked."""
    ready: list[float] = []
    memory = cpu = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            begun = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "bots", "run"],
                cwd=ROOT,
                env={
                    "PATH": os.defpath,
                    "BOBBIN_DATA_DIR": folder,
                    "BOBBIN_PORT": "0",
                    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
                },
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stderr is not None
            while "ready in" not in process.stderr.readline():
                pass
            ready.append(time.perf_counter() - begun)
            tree = [process.pid, *_server_of(Path(folder))]
            before = sum(map(cpu_s, tree))
            time.sleep(idle_s)
            cpu = 100 * (sum(map(cpu_s, tree)) - before) / idle_s
            memory = sum(map(resident_mb, tree))
            process.send_signal(signal.SIGTERM)
            process.wait()
            process.stderr.close()
    print(
        f"start: ready after {statistics.median(ready):.2f} s (median of {runs}); idle: "
        f"{memory:.0f} MB in the whole process tree, {cpu:.1f} % of a core"
    )


def _server_of(folder: Path) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str((entry / "cwd").readlink()).startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
