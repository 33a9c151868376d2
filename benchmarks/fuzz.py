"""Sends thousands of requests that the API's own description suggests; tells what contradicts it.

    python -m benchmarks.fuzz                    some ten thousand requests
    python -m benchmarks.fuzz --examples 500     as many as one likes
    python -m benchmarks.fuzz --seed 7           others

It ends with status 1 if anything was found. The short form of it is tests/api/test_fuzz.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.api.fuzzing import fuzz, fuzzed_server
from tests.servers import redis_server


def main() -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(description="Fuzz the API by its own description.")
    parser.add_argument("--examples", type=int, default=50, help="of each operation and kind")
    parser.add_argument("--sequences", type=int, default=300, help="of linked requests")
    parser.add_argument("--worlds", type=int, default=10, help="sets of objects that exist")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "redis").mkdir()
        with (
            redis_server(folder / "redis", fsync="no") as server,
            fuzzed_server(server.url, folder) as url,
        ):
            found = fuzz(
                url,
                seed=asked.seed,
                examples=asked.examples,
                sequences=asked.sequences,
                worlds=asked.worlds,
            )
    statuses: Counter[int] = Counter()
    for (_, status), count in found.statuses.items():
        statuses[status] += count
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{found.cases} requests in {time.perf_counter() - begun:.0f} s: {told}")
    reached = {label for label, _ in found.statuses}
    print(f"{len(reached)} operations; without a success: {sorted(reached - found.succeeded)}")
    for problem in found.problems:
        print(f"\n{problem}")
    print(f"{len(found.problems)} contradictions")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
