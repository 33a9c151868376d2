"""What a model wrote, as it may go out to people: mathematics readable, mentions broken, and tables
as text where a platform draws none.

The order matters: a formula can spell a mention (`$\\text{@}here$`), so mentions come last. A
platform goes on with its own markup (`render`) and with `StreamingSplitter.update(text, settled)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.chat.text.math import Formula, readable
from core.chat.text.mentions import Platform, neutralise
from core.chat.text.tables import laid_out


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text for people.

    `settled` is how many characters of `text` stay the same however the answer goes on; `images`
    are the formulas that a picture would show better.
    """

    text: str
    settled: int
    images: tuple[Formula, ...]


def outgoing(markdown: str, platform: Platform, *, draws_tables: bool = True) -> Outgoing:
    """`markdown`, complete or still growing, as it may be shown on `platform`."""
    seen = readable(markdown)
    text, settled = seen.text, seen.settled
    if not draws_tables:
        text, settled = laid_out(text, settled)
    shown = neutralise(text[:settled], platform)
    return Outgoing(neutralise(text, platform), len(shown), seen.images)
