"""Statistics of a list of numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from adapters.offline import closed, code, show, values
from adapters.offline.explain.statistics import measure_lines, measure_steps
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.measures import HELPERS, MEASURES, Measure
from adapters.offline.tree import Listing, Node, Num, Relation, has_decimal, is_constant

_ORDERED: Final = (
    r"sort|put (?=.*order)|(?:in|into) (?:ascending|increasing|descending|"
    r"decreasing|numerical)? ?order|(?:from )?(?:smallest|least|lowest) to "
    r"(?:largest|greatest|highest|biggest)|order|arrange|ascending|increasing|"
    r"descending|decreasing|(?:from )?(?:largest|greatest|highest) to "
    r"(?:smallest|lowest|least)"
)
_EXTRA: Final = wordset(
    "score mark grade grades temperatures times "
    "put data set dataset numbers number list sample population values value "
    "observations scores marks measurements statistics"
    " summary of these those following given find all both each points point "
    "x readings entries figures basic"
    " n central tendency measures results two three descriptive whole entire "
    "heights weights ages as"
)
_DESCRIBE: Final = r"(?:basic |descriptive |summary )statistics|describe|stats|summari[sz]e|summary"


def read_statistics(scan: Scan, _setting: Setting) -> Question | None:
    """`mean, median and mode of 1, 2, 2, 3`."""
    form = take_form(scan)
    wanted = [measure for measure in MEASURES if scan.cue(measure.cue)]
    described = scan.cue(_DESCRIBE)
    if described and not wanted:
        wanted = [m for m in MEASURES if m.key in {"mean", "median", "mode", "range", "sd"}]
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
    if len(data) == 2 and scan.has(r"to|through|till|until"):
        data = _stretch(*data)
        if not data:
            return None
    if ordered:
        return _sorted(data, descending=descending)
    order = sorted(wanted, key=lambda m: scan_position(scan, m))
    return statistics(data, order, form)


def _stretch(first: Node, last: Node) -> tuple[Node, ...]:
    """`1 to 100`: the whole numbers from one to the other; none where that is not meant."""
    if not (isinstance(first, Num) and isinstance(last, Num)):
        return ()
    low, high = first.value, last.value
    if low.denominator != 1 or high.denominator != 1 or not 1 < high - low < 400:
        return ()
    return tuple(Num(Fraction(number)) for number in range(int(low), int(high) + 1))


def scan_position(scan: Scan, measure: Measure) -> int:
    """Where a measure is first named, so that the answers come in the order of the question."""
    words = " ".join(part.text for part in scan.parts)
    match = re.search(measure.cue, words)
    return match.start() if match else 0


def statistics(data: tuple[Node, ...], wanted: list[Measure], form: Form) -> Question:
    """Exact values; both standard deviations where the question does not say which."""
    body_lines = list(dict.fromkeys(line for measure in wanted for line in measure.lines))
    joined = "\n".join(body_lines)
    helpers: list[str] = []
    for name, text in HELPERS.items():
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
    data: tuple[Node, ...], wanted: list[Measure], form: Form, *, decimals: bool
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
    data: tuple[Node, ...], wanted: list[Measure], form: Form, result: Result, *, decimals: bool
) -> Answer:
    def value(name: str) -> str:
        pair = result.list(name)
        text = values.value_text(str(pair[0]), str(pair[1]), form, decimals=decimals)
        return text if text.startswith("≈") else f"= {text}"

    ordered = ", ".join(display(str(item)) for item in result.list("data")) if not decimals else ""
    steps: list[str] = []
    lines: list[str] = []
    for measure in wanted:
        steps += measure_steps(measure.key, len(data), ordered, result)
        lines += measure_lines(measure.key, value, result)
    return Answer(tuple(lines), tuple(dict.fromkeys(steps)))


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
