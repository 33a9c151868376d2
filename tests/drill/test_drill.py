# pyright: reportPrivateUsage=false
# The count is judged by what stands in the conversations, which only the platform writes.

"""The drill in its short form, and its own judgement: it must see what it is there to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.drill.chaos import Drill, Plan
from benchmarks.drill.platform import Platform


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_is_lost_repeated_or_reordered_under_chaos(tmp_path: Path) -> None:
    """Workers and the server are killed and frozen while people write; then somebody counts."""
    plan = Plan(seconds=12.0, workers=2, conversations=30, rate=20.0, seed=7)
    report = await Drill(plan, tmp_path).run()
    assert report.count.acknowledged == 240
    assert report.count.clean, str(report.count)
    assert report.events.total() >= 2


def _shown(*texts: str, acknowledged: int) -> Platform:
    platform = Platform(lose_answers=0.0, seed=1)
    place = platform._conversations["c"]
    place.acknowledged.extend(range(1, acknowledged + 1))
    for number, text in enumerate(texts):
        place.posts.append({"part": str(number), "texts": [text]})
    return platform


def test_the_count_sees_a_lost_message() -> None:
    count = _shown("answer: c#1", acknowledged=2).count()
    assert (count.lost, count.clean) == (1, False)


def test_the_count_sees_a_repeated_answer() -> None:
    count = _shown("answer: c#1", "answer: c#1", acknowledged=1).count()
    assert (count.duplicated, count.clean) == (1, False)


def test_the_count_sees_a_wrong_order() -> None:
    count = _shown("answer: c#2", "answer: c#1", acknowledged=2).count()
    assert (count.reordered, count.clean) == (1, False)


def test_the_count_sees_a_refusal() -> None:
    count = _shown("I could not do it. c#1", acknowledged=1).count()
    assert (count.refused, count.clean) == (1, False)
