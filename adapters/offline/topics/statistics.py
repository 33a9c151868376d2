"""Statistics of a list of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.offline import closed, code, show, values
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Listing, Node, Relation, has_decimal, is_constant


@dataclass(frozen=True, slots=True)
class _Measure:
    """One statistic: its words, its code, and what to say."""

    key: str
    cue: str
    lines: tuple[str, ...]
    label: str


_MEASURES: Final[tuple[_Measure, ...]] = (
    _Measure(
        "iqr",
        r"interquartile ranges?|inter quartile range|iqr",
        ("low, high = quartiles(data)", "iqr = high - low"),
        "interquartile range",
    ),
    _Measure(
        "five",
        r"five number summary|5 number summary|N number summary|box plot values",
        ("low, high = quartiles(data)",),
        "five-number summary",
    ),
    _Measure(
        "quartiles",
        (
            r"(?:first|lower|third|upper|all|1st|3rd) (?:and (?:third|upper|3rd) "
            r")?quartiles?|quartiles?"
        ),
        ("low, high = quartiles(data)",),
        "quartiles",
    ),
    _Measure(
        "sample_sd",
        r"sample standard deviations?|sample sd",
        ("sample_sd = sqrt(variance(data, 1))",),
        "sample standard deviation",
    ),
    _Measure(
        "population_sd",
        r"population standard deviations?|population sd",
        ("population_sd = sqrt(variance(data, 0))",),
        "population standard deviation",
    ),
    _Measure(
        "sd",
        r"standard deviations?",
        (
            "population_sd = sqrt(variance(data, 0))",
            "sample_sd = sqrt(variance(data, 1)) if len(data) > 1 else nan",
        ),
        "standard deviation",
    ),
    _Measure(
        "sample_variance",
        r"sample variances?",
        ("sample_variance = variance(data, 1)",),
        "sample variance",
    ),
    _Measure(
        "population_variance",
        r"population variances?",
        ("population_variance = variance(data, 0)",),
        "population variance",
    ),
    _Measure(
        "variance",
        r"variances?|var",
        (
            "population_variance = variance(data, 0)",
            "sample_variance = variance(data, 1) if len(data) > 1 else nan",
        ),
        "variance",
    ),
    _Measure(
        "geometric",
        r"geometric (?:mean|average)",
        ("geometric_mean = prod(data)**Rational(1, len(data))",),
        "geometric mean",
    ),
    _Measure(
        "harmonic",
        r"harmonic (?:mean|average)",
        ("harmonic_mean = len(data)/sum(1/value for value in data)",),
        "harmonic mean",
    ),
    _Measure(
        "mean",
        r"(?:arithmetic )?(?:mean|average|averages|means|mean value|average value)",
        ("mean = sum(data)/len(data)",),
        "mean",
    ),
    _Measure(
        "median", r"medians?|middle value|middle number", ("middle = median(data)",), "median"
    ),
    _Measure(
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
    _Measure("range", r"range|spread", ("spread = max(data) - min(data)",), "range"),
    _Measure(
        "max",
        (
            r"maximum|max|largest(?: value| number)?|biggest(?: value| number)?|"
            r"highest(?: value| number)?"
        ),
        ("largest = max(data)",),
        "largest value",
    ),
    _Measure(
        "min",
        r"minimum|min|smallest(?: value| number)?|lowest(?: value| number)?",
        ("smallest = min(data)",),
        "smallest value",
    ),
    _Measure("sum", r"sums?|totals?", ("total = sum(data)",), "sum"),
    _Measure("count", r"count", ("count = len(data)",), "count"),
)
_ORDERED: Final = (
    r"sort|put (?=.*order)|(?:in|into) (?:ascending|increasing|descending|"
    r"decreasing|numerical)? ?order|(?:from )?(?:smallest|least|lowest) to "
    r"(?:largest|greatest|highest|biggest)|order|arrange|ascending|increasing|"
    r"descending|decreasing|(?:from )?(?:largest|greatest|highest) to "
    r"(?:smallest|lowest|least)"
)
_EXTRA: Final = wordset(
    "put data set dataset numbers number list sample population values value "
    "observations scores marks measurements statistics"
    " summary of these those following given find all both each points point "
    "x readings entries figures basic"
    " n central tendency measures results two three descriptive whole entire "
    "heights weights ages as"
)
_DESCRIBE: Final = r"(?:basic |descriptive |summary )statistics|describe|stats|summari[sz]e|summary"

_HELPERS: Final[dict[str, tuple[str, ...]]] = {
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


def read_statistics(scan: Scan, setting: Setting) -> Question | None:
    """`mean, median and mode of 1, 2, 2, 3`."""
    form = take_form(scan)
    wanted: list[_Measure] = []
    for measure in _MEASURES:
        if scan.cue(measure.cue):
            wanted.append(measure)
    described = scan.cue(_DESCRIBE)
    if described and not wanted:
        wanted = [m for m in _MEASURES if m.key in {"mean", "median", "mode", "range", "sd"}]
    descending = scan.has(
        r"descending|decreasing|largest to smallest|highest to lowest|greatest to least"
    )
    ordered = not wanted and scan.cue(_ORDERED)
    if not wanted and not ordered:
        return None
    raw = scan.rest("X")
    data = flat(
        node.sides[1] if isinstance(node, Relation) and isinstance(node.sides[1], Listing) else node
        for node in raw
    )
    if len(data) < 2 or len(data) > 400 or not scan.done(_EXTRA):
        return None
    if not all(is_constant(node) for node in data):
        return None
    if ordered:
        return _sorted(data, descending=descending)
    order = sorted(wanted, key=lambda m: scan_position(scan, m))
    return statistics(data, order, form)


def scan_position(scan: Scan, measure: _Measure) -> int:
    """Where a measure is first named, so that the answers come in the order of the question."""
    import re

    words = " ".join(part.text for part in scan.parts)
    match = re.search(measure.cue, words)
    return match.start() if match else 0


def statistics(data: tuple[Node, ...], wanted: list[_Measure], form: Form) -> Question:
    """Exact values; both standard deviations where the question does not say which."""
    body_lines = list(dict.fromkeys(line for measure in wanted for line in measure.lines))
    joined = "\n".join(body_lines)
    helpers: list[str] = []
    for name, text in _HELPERS.items():
        if f"{name}(" in joined or (name == "median" and "quartiles(" in joined):
            helpers += text
    names = [line.split(" = ")[0] for line in body_lines]
    entries = {"data": "[str(value) for value in sorted(data)]", "total_": "str(sum(data))"}
    for line in names:
        for name in line.split(", "):
            if name == "modes":
                entries["modes"] = "[str(value) for value in modes]"
                entries["most"] = "max(map(data.count, data))"
            else:
                entries[name] = f"[str({name}), str(N({name}, 30))]"
    lines = [
        *(line or "#" for line in helpers),
        f"data = [{', '.join(code.exact(node) for node in data)}]",
        *body_lines,
        *(f'print("{measure.label}:", {measure.lines[-1].split(" = ")[0]})' for measure in wanted),
        report(**entries),
    ]
    text = code.program(*lines).replace("\n#\n", "\n\n")
    if "prod(" in text:
        text = text.replace("import json\n", "import json\nfrom math import prod\n", 1)
    decimals = any(map(has_decimal, data))

    def explain(result: Result) -> Answer:
        return _concluded(data, wanted, form, result, decimals=decimals)

    listed = ", ".join(map(show.pretty, data))
    shown = listed if len(listed) < 90 else f"{len(data)} numbers"
    labels = " and ".join(measure.label for measure in wanted)
    title = f"{labels[0].upper()}{labels[1:]} of {shown}"

    def again(node: Node) -> Question | None:
        if isinstance(node, Listing) and all(map(is_constant, flat((node,)))):
            return statistics(flat((node,)), wanted, form)
        return None

    return Question(
        kind="statistics",
        title=title,
        code=text,
        explain=explain,
        subject=Listing(data, "[", "]"),
        again=again,
        closed=lambda: _mean_by_hand(data, wanted, form, decimals=decimals),
    )


def _mean_by_hand(
    data: tuple[Node, ...], wanted: list[_Measure], form: Form, *, decimals: bool
) -> Answer | None:
    if [measure.key for measure in wanted] != ["mean"]:
        return None
    try:
        numbers = [closed.exact(node) for node in data]
    except (closed.NotRational, closed.Undefined):
        return None
    mean = sum(numbers) / len(numbers)
    text = values.value_text(str(mean), str(float(mean)), form, decimals=decimals)
    return Answer(
        (f"mean = {text}",), (f"The sum is {sum(numbers)}, and there are {len(numbers)} numbers.",)
    )


def _concluded(
    data: tuple[Node, ...], wanted: list[_Measure], form: Form, result: Result, *, decimals: bool
) -> Answer:
    from adapters.offline.question import display

    def value(name: str) -> str:
        pair = result.list(name)
        text = values.value_text(str(pair[0]), str(pair[1]), form, decimals=decimals)
        return text if text.startswith("≈") else f"= {text}"

    ordered = ", ".join(display(str(item)) for item in result.list("data")) if not decimals else ""
    steps: list[str] = []
    lines: list[str] = []
    for measure in wanted:
        steps += _measure_steps(measure.key, len(data), ordered, result)
        lines += _measure_lines(measure.key, value, result)
    return Answer(tuple(lines), tuple(dict.fromkeys(steps)))


def _measure_steps(key: str, count: int, ordered: str, result: Result) -> list[str]:
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


def _measure_lines(key: str, value: Callable[[str], str], result: Result) -> list[str]:
    from adapters.offline.question import display

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


def _sorted(data: tuple[Node, ...], *, descending: bool) -> Question:
    lines = [
        f"data = [{', '.join(code.exact(node) for node in data)}]",
        f"ordered = sorted(range(len(data)), key=lambda i: N(data[i]), reverse={descending})",
        'print("in order:", [data[i] for i in ordered])',
        report(order="ordered"),
    ]

    def explain(result: Result) -> Answer:
        order = [int(index) for index in result.list("order")]
        return Answer((", ".join(show.pretty(data[index]) for index in order),))

    way = "descending" if descending else "ascending"
    return Question(
        kind="sort",
        title=f"{', '.join(map(show.pretty, data))} in {way} order",
        code=code.program(*lines),
        explain=explain,
        subject=Listing(data, "[", "]"),
    )


READERS = (read_statistics,)
