"""Several rankings into one. Pure.

The mean of what each ranking says of an item, from 0 to 1: how far apart two scores are tells more
than their places (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
ACM TOIS 2023). Words bring the share of the question that a passage has, which has a scale of its
own. Cosines have none, since what one is worth differs by embedder: they are stretched between the
nearest passage and the last of those that count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

DEPTH: Final = 50
"""Items of each ranking that count."""

_LEAST: Final = 0.01
"""What the farthest is worth: it was found, after all."""

Item = TypeVar("Item")


def nearness(cosines: Sequence[tuple[Item, float]]) -> list[tuple[Item, float]]:
    """The nearest items with how near they are: 1 for the first, and next to nothing for the last.

    Where fewer are found than count, all there is was found, be it far or near: then a cosine of 0
    is what is far.

    Args:
        cosines: items from near to far.
    """
    found = cosines[:DEPTH]
    if not found:
        return []
    near, far = found[0][1], found[-1][1] if len(found) == DEPTH else 0.0
    if near <= far:
        return [(item, 1.0 if far else _LEAST) for item, _ in found]
    return [(item, max((cosine - far) / (near - far), _LEAST)) for item, cosine in found]


def fused(
    rankings: Iterable[tuple[float, Sequence[tuple[Item, float]]]],
) -> list[tuple[Item, float]]:
    """The items with the mean of what the rankings say of them, best first, from 0 to 1.

    Equal scores keep the order of the rankings, the first of which comes first.

    Args:
        rankings: each with its weight; items best first and at most once, each from 0 to 1.
    """
    weighed = [(weight, items) for weight, items in rankings if weight > 0]
    most = sum(weight for weight, _ in weighed)
    scores: dict[Item, float] = {}
    for weight, items in weighed:
        for item, value in items[:DEPTH]:
            scores[item] = scores.get(item, 0.0) + weight * value
    best = sorted(scores.items(), key=lambda pair: -pair[1])
    return [(item, min(score / most, 1.0)) for item, score in best]
