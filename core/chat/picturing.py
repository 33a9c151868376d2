"""Pictures of formulas that no Unicode can say: a few, in a short time, or none.

A picture is an extra: whatever goes wrong with it, the answer goes out without.
"""

from __future__ import annotations

import asyncio
import logging

from core.chat.messages import OutFile
from core.chat.ports import Formulas
from core.errors import BobbinError

log = logging.getLogger(__name__)

MOST_PICTURES = 4
"""Pictures in one reply."""

PATIENCE_S = 6.0
"""How long a complete answer waits for its pictures, in seconds; the first one starts a process."""


async def pictures(formulas: Formulas | None, wanted: tuple[str, ...]) -> dict[str, OutFile]:
    """The pictures of the first few formulas, by their LaTeX; those that could be drawn in time."""
    drawn: dict[str, OutFile] = {}
    if formulas is None:
        return drawn
    try:
        async with asyncio.timeout(PATIENCE_S):
            for number, latex in enumerate(wanted[:MOST_PICTURES], start=1):
                data = await formulas.png(latex)
                if data is not None:
                    drawn[latex] = OutFile(f"formula-{number}.png", "image/png", data)
    except (BobbinError, OSError, TimeoutError, RuntimeError, ValueError) as error:
        log.warning("a formula could not be drawn: %s", type(error).__name__)
    return drawn
