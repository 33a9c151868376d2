"""What the code interpreter costs: `python -m benchmarks.sandbox [SESSIONS]`, Linux only.

    first       the first call of a process: the zygote with its packages, and a session
    session     the first call of each further session
    warm call   `1 + 1` in a session that is there; so all of it is overhead
    idle        memory of sleeping sessions, fresh ones and such that solved an equation and drew a
                figure: what each has for itself (private pages), and the share of all of them and
                the zygote together (proportional set size)

Times are medians; in brackets the 99th percentile.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from adapters.sandbox.interpreter import SandboxedInterpreter
from core.clock import SystemClock

CALLS = 200
WORK = """
import sympy, matplotlib.pyplot as plt
x = sympy.symbols("x")
plt.plot([1, 2, 3])
sympy.solve(3 * x + 11 - 14, x)
"""


def main(sessions: int = 30) -> None:
    """Measure and print."""
    asyncio.run(_measure(sessions))


async def _measure(sessions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with SandboxedInterpreter(
            state_dir=Path(folder), python=Path(sys.executable), clock=SystemClock()
        ) as interpreter:
            print((await interpreter.status()).sentence)
            print(f"first       {await _timed(interpreter, 'first', '1 + 1'):8.1f} ms")
            names = [f"s{number}" for number in range(sessions)]
            begun = [await _timed(interpreter, name, "1 + 1") for name in names]
            print(f"session     {_line(begun)}")
            warm = [await _timed(interpreter, "first", "1 + 1") for _ in range(CALLS)]
            print(f"warm call   {_line(warm)}")
            zygote = interpreter.pool.zygote_pid
            if zygote is None:
                return
            for what in ("fresh", "used"):
                if what == "used":
                    for name in names:
                        await interpreter.run(name, WORK)
                pids = _descendants(zygote)
                private = sum(_kilobytes(pid, "Private_Clean", "Private_Dirty") for pid in pids)
                share = sum(_kilobytes(pid, "Pss") for pid in (zygote, *pids))
                live = interpreter.pool.live
                print(
                    f"idle, {what:5} {private / 1000 / live:8.1f} MB a session for itself; "
                    f"{live} sessions and the zygote: {share / 1000:.0f} MB"
                )


async def _timed(interpreter: SandboxedInterpreter, session: str, code: str) -> float:
    began = time.perf_counter()
    await interpreter.run(session, code)
    return (time.perf_counter() - began) * 1000


def _line(times: list[float]) -> str:
    ordered = sorted(times)
    slow = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"{ordered[len(ordered) // 2]:8.1f} ms ({slow:.1f})"


def _descendants(ancestor: int) -> list[int]:
    """Processes below this one."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            status = _text(folder / "stat").rpartition(")")[2].split()
            if status:
                parents[int(folder.name)] = int(status[1])
    return [pid for pid in parents if ancestor in _above(pid, parents)]


def _above(pid: int, parents: dict[int, int]) -> Iterable[int]:
    while (pid := parents.get(pid, 0)) > 1:
        yield pid


def _kilobytes(pid: int, *fields: str) -> int:
    rows = (line.split() for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines())
    return sum(int(row[1]) for row in rows if row and row[0].rstrip(":") in fields)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
