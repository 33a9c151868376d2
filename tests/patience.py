"""How long tests wait for what must come: a test that passes never waits so long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 60.0
"""More than a slow machine needs that stands still for some seconds at the worst moment."""


async def until(condition: Callable[[], object], *, pause_s: float = 0.01) -> None:
    """Return as soon as `condition()` is true; TimeoutError after `PATIENCE_S`."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(pause_s)
