"""How a measure of a list of numbers is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from adapters.offline.question import Result, display


def measure_steps(key: str, count: int, ordered: str, result: Result) -> list[str]:
    """How a measure is found."""
    in_order = [f"In order: {ordered}"] if ordered else []
    match key:
        case "mean":
            return [f"The sum is {result.show('total_')}, and there are {count} numbers: divide."]
        case "median":
            which = "the middle one" if count % 2 else "the mean of the two in the middle"
            return [*in_order, f"The median is {which}."]
        case "range" | "max" | "min":
            return in_order
        case "mode":
            return [f"The most frequent value occurs {result.text('most')} time(s)."]
        case (
            "sd"
            | "sample_sd"
            | "population_sd"
            | "variance"
            | "sample_variance"
            | "population_variance"
        ):
            return [
                (
                    "The variance is the mean squared distance from the mean: divide by n "
                    "for a population, by n - 1 for a sample."
                ),
                *(["The standard deviation is its square root."] if "sd" in key else []),
            ]
        case "quartiles" | "iqr" | "five":
            return [
                *in_order,
                (
                    "Quartiles here are the medians of the lower and the upper half (the "
                    "middle value left out)."
                ),
            ]
        case _:
            return []


def measure_lines(key: str, value: Callable[[str], str], result: Result) -> list[str]:
    """The closing lines of a measure."""
    match key:
        case "sd":
            return [
                f"population standard deviation {value('population_sd')}",
                f"sample standard deviation {value('sample_sd')}",
            ]
        case "variance":
            return [
                f"population variance {value('population_variance')}",
                f"sample variance {value('sample_variance')}",
            ]
        case "mode":
            modes = [display(str(item)) for item in result.list("modes")]
            if result.text("most") == "1":
                return ["mode: none, every value occurs once"]
            return [f"mode = {', '.join(modes)}"]
        case "quartiles":
            return [f"lower quartile Q1 {value('low')}", f"upper quartile Q3 {value('high')}"]
        case "five":
            ends = [display(str(item)) for item in result.list("data")]
            return [
                f"minimum = {ends[0]}",
                f"Q1 {value('low')}",
                f"Q3 {value('high')}",
                f"maximum = {ends[-1]}",
            ]
        case "iqr":
            return [f"interquartile range {value('iqr')}"]
        case _:
            label, name = _PLAIN[key]
            return [f"{label} {value(name)}"]


_PLAIN: Final[dict[str, tuple[str, str]]] = {
    "sample_sd": ("sample standard deviation", "sample_sd"),
    "population_sd": ("population standard deviation", "population_sd"),
    "sample_variance": ("sample variance", "sample_variance"),
    "population_variance": ("population variance", "population_variance"),
    "geometric": ("geometric mean", "geometric_mean"),
    "harmonic": ("harmonic mean", "harmonic_mean"),
    "mean": ("mean", "mean"),
    "median": ("median", "middle"),
    "range": ("range", "spread"),
    "max": ("largest value", "largest"),
    "min": ("smallest value", "smallest"),
    "sum": ("sum", "total"),
    "count": ("count", "count"),
}
