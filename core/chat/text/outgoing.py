"""What a model wrote, as it may go out to people: mathematics readable, mentions broken.

The order matters: a formula can spell a mention (`$\\text{@}here$`), so mentions come second. A
platform goes on with its own markup (`render`) and with `StreamingSplitter.update(text, settled)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.chat.text.math import Formula, readable
from core.chat.text.mentions import Platform, neutralise


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text for people.

    `settled` is how many characters of `text` stay the same however the answer goes on; `images`
    are the formulas that a picture would show better.
    """

    text: str
    settled: int
    images: tuple[Formula, ...]


def outgoing(markdown: str, platform: Platform) -> Outgoing:
    """`markdown`, complete or still growing, as it may be shown on `platform`."""
    seen = readable(markdown)
    settled = neutralise(seen.text[: seen.settled], platform)
    return Outgoing(neutralise(seen.text, platform), len(settled), seen.images)
