"""The measures of a list of numbers, as data: their words and their Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measure:
    """One statistic: its words, its code, and what to say."""

    key: str
    cue: str
    lines: tuple[str, ...]
    label: str


MEASURES: Final[tuple[Measure, ...]] = (
    Measure(
        "iqr",
        r"interquartile ranges?|inter quartile range|iqr",
        ("low, high = quartiles(data)", "iqr = high - low"),
        "interquartile range",
    ),
    Measure(
        "five",
        r"five number summary|5 number summary|N number summary|box plot values",
        ("low, high = quartiles(data)",),
        "five-number summary",
    ),
    Measure(
        "quartiles",
        (
            r"(?:first|lower|third|upper|all|1st|3rd) (?:and (?:third|upper|3rd) "
            r")?quartiles?|quartiles?"
        ),
        ("low, high = quartiles(data)",),
        "quartiles",
    ),
    Measure(
        "sample_sd",
        r"sample standard deviations?|sample sd",
        ("sample_sd = sqrt(variance(data, 1))",),
        "sample standard deviation",
    ),
    Measure(
        "population_sd",
        r"population standard deviations?|population sd",
        ("population_sd = sqrt(variance(data, 0))",),
        "population standard deviation",
    ),
    Measure(
        "sd",
        r"standard deviations?",
        (
            "population_sd = sqrt(variance(data, 0))",
            "sample_sd = sqrt(variance(data, 1)) if len(data) > 1 else nan",
        ),
        "standard deviation",
    ),
    Measure(
        "sample_variance",
        r"sample variances?",
        ("sample_variance = variance(data, 1)",),
        "sample variance",
    ),
    Measure(
        "population_variance",
        r"population variances?",
        ("population_variance = variance(data, 0)",),
        "population variance",
    ),
    Measure(
        "variance",
        r"variances?|var",
        (
            "population_variance = variance(data, 0)",
            "sample_variance = variance(data, 1) if len(data) > 1 else nan",
        ),
        "variance",
    ),
    Measure(
        "geometric",
        r"geometric (?:mean|average)",
        ("geometric_mean = prod(data)**Rational(1, len(data))",),
        "geometric mean",
    ),
    Measure(
        "harmonic",
        r"harmonic (?:mean|average)",
        ("harmonic_mean = len(data)/sum(1/value for value in data)",),
        "harmonic mean",
    ),
    Measure(
        "mean",
        r"(?:arithmetic )?(?:mean|average|averages|means|mean value|average value)",
        ("mean = sum(data)/len(data)",),
        "mean",
    ),
    Measure("median", r"medians?|middle value|middle number", ("middle = median(data)",), "median"),
    Measure(
        "mode",
        r"modes?|most (?:common|frequent)(?: value| number)?|modal value",
        (
            (
                "modes = [value for value in dict.fromkeys(data) if data.count(value) == "
                "max(map(data.count, data))]"
            ),
        ),
        "mode",
    ),
    Measure("range", r"range|spread", ("spread = max(data) - min(data)",), "range"),
    Measure(
        "max",
        (
            r"maximum|max|largest(?: value| number)?|biggest(?: value| number)?|"
            r"highest(?: value| number)?"
        ),
        ("largest = max(data)",),
        "largest value",
    ),
    Measure(
        "min",
        r"minimum|min|smallest(?: value| number)?|lowest(?: value| number)?",
        ("smallest = min(data)",),
        "smallest value",
    ),
    Measure("sum", r"sums?|totals?", ("total = sum(data)",), "sum"),
    Measure("count", r"count", ("count = len(data)",), "count"),
)


HELPERS: Final[dict[str, tuple[str, ...]]] = {
    "median": (
        "def median(values):",
        "    values, half = sorted(values), len(values)//2",
        "    return values[half] if len(values) % 2 else (values[half - 1] + values[half])/2",
        "",
    ),
    "quartiles": (
        "def quartiles(values):  # the medians of the lower and the upper half",
        "    values, half = sorted(values), len(values)//2",
        "    return median(values[:half]), median(values[-half:])",
        "",
    ),
    "variance": (
        "def variance(values, less):",
        "    mean = sum(values)/len(values)",
        "    return sum((value - mean)**2 for value in values)/(len(values) - less)",
        "",
    ),
}
