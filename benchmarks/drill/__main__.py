"""`python -m benchmarks.drill [--seconds N] [--without fence|readback|fsync] [--cluster]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.drill.chaos import Drill, Plan


def main() -> int:
    """Run one drill; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=45.0, help="how long people write")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=60)
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cluster", action="store_true", help="on a three-node cluster")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["fence", "readback", "fsync"],
        help="switch a mechanism off, to see that the drill notices",
    )
    options = parser.parse_args()
    plan = Plan(
        seconds=options.seconds,
        workers=options.workers,
        conversations=options.conversations,
        rate=options.rate,
        seed=options.seed,
        cluster=options.cluster,
        without=tuple(options.without),
    )
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        report = asyncio.run(Drill(plan, Path(folder)).run())
    print(f"events: {', '.join(f'{name} x{times}' for name, times in report.events.items())}")
    print(report.count)
    print("every promise was kept" if report.count.clean else "A PROMISE WAS BROKEN")
    return 0 if report.count.clean else 1


if __name__ == "__main__":
    sys.exit(main())
