"""Pictures in a reply: formulas that no Unicode can say, a few, in a short time, or none; and
figures, each of them once.

A picture of a formula is an extra: whatever goes wrong with it, the answer goes out without.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol

from core.chat.messages import OutFile
from core.errors import BobbinError

log = logging.getLogger(__name__)

MOST_PICTURES = 4
"""Pictures in one reply."""

PATIENCE_S = 6.0
"""How long a complete answer waits for its pictures, in seconds; the first one starts a process."""


class Formulas(Protocol):
    """Draws formulas."""

    async def png(self, latex: str) -> bytes | None:
        """A picture of the formula (without its dollar signs); None where it cannot be drawn."""
        ...


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


def shown_once(files: Mapping[str, OutFile]) -> dict[str, OutFile]:
    """Files by their ids, without what a figure shows already: one that code both showed and saved
    stands where it is shown, under the name that it was saved as.

    A figure that was only shown is named after its id.
    """
    shown = dict(files)
    for figure, picture in files.items():
        if PurePosixPath(picture.name).stem != figure:
            continue
        for saved, file in files.items():
            if saved != figure and saved in shown and file.data == picture.data:
                shown[figure] = replace(picture, name=file.name)
                del shown[saved]
                break
    return shown
