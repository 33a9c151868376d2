"""Several rankings into one. Pure.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a place is worth 1 / (60 + rank),
whatever the scores behind it mean, so words and meaning need no common scale. A place is worth less
where an item is known to have only a share of what was asked for: else the best of poor matches by
words would count as much as the best by meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

K: Final = 60
DEPTH: Final = 50
"""Places of each ranking that count."""

Item = TypeVar("Item")


def fused(
    rankings: Iterable[tuple[float, Sequence[tuple[Item, float]]]],
) -> list[tuple[Item, float]]:
    """The items by their fused rank, best first, with scores from 0 to 1.

    1 is the first place in every ranking, with all that was asked for. Equal scores keep the order
    of the rankings, the first of which comes first.

    Args:
        rankings: each with its weight; items best first and at most once, each with the share of
            the question that it has (0 to 1).
    """
    weighed = [(weight, items) for weight, items in rankings if weight > 0]
    most = sum(weight for weight, _ in weighed) / (K + 1)
    scores: dict[Item, float] = {}
    for weight, items in weighed:
        for rank, (item, share) in enumerate(items[:DEPTH], 1):
            scores[item] = scores.get(item, 0.0) + weight * share / (K + rank)
    best = sorted(scores.items(), key=lambda pair: -pair[1])
    return [(item, min(score / most, 1.0)) for item, score in best]
